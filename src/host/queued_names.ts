/**
 * The names that changes which wait for the disk are about.
 *
 * @module
 */

import { parentOf } from "../fs/filesystem.ts";

/** Which files are to be removed, and in which directories something is to be renamed. */
export class QueuedNames {
  readonly #removed: Set<string> = new Set();
  /** How many renames wait, by directory. */
  readonly #renames: Map<string, number> = new Map();

  /** Notes that the removal of a file waits. */
  removalQueued(path: string): void {
    this.#removed.add(path);
  }

  /** Notes that a removal is done. */
  removalDone(path: string): void {
    this.#removed.delete(path);
  }

  /** Whether the removal of a file waits. */
  isRemoved(path: string): boolean {
    return this.#removed.has(path);
  }

  /** The names in a directory whose removal waits. */
  removedIn(directory: string): ReadonlySet<string> {
    const names = new Set<string>();
    for (const path of this.#removed) {
      if (parentOf(path) === directory) names.add(path.slice(path.lastIndexOf("/") + 1));
    }
    return names;
  }

  /** Notes that a rename waits, from or to names in the directories. */
  renameQueued(directories: Iterable<string>): void {
    for (const each of directories) this.#renames.set(each, (this.#renames.get(each) ?? 0) + 1);
  }

  /** Notes that a rename is done. */
  renameDone(directories: Iterable<string>): void {
    for (const each of directories) {
      const left = (this.#renames.get(each) ?? 0) - 1;
      if (left > 0) this.#renames.set(each, left);
      else this.#renames.delete(each);
    }
  }

  /** Whether a rename waits, from or to a name in the directory. */
  hasRenameIn(directory: string): boolean {
    return this.#renames.has(directory);
  }
}
