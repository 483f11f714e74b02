/**
 * The files of one store as its engine may use them: below one directory, only while the directory is ours, and with
 * every change of a name durable before the call returns.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import {
  type DirectoryEntry,
  type FileStat,
  type FileSystem,
  fileSystemError,
  type OpenFile,
} from "../fs/filesystem.ts";

/** How the engine opens a file. */
export interface EngineOpenOptions {
  readonly write: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

/** Reads between two signs of life: a recovery that only reads for long must not look dead to others. */
const READS_PER_BEAT = 256;

/** A {@linkcode FileSystem} cut down to one directory. Paths are relative to it, with `/` between names. */
export class GuardedFileSystem {
  readonly #fileSystem: FileSystem;
  readonly #root: string;
  readonly #owned: () => boolean;
  #reads = 0;

  /** `owned` says whether the directory at `root` is still ours; it is asked before every change. */
  constructor(fileSystem: FileSystem, root: string, owned: () => boolean) {
    this.#fileSystem = fileSystem;
    this.#root = root;
    this.#owned = owned;
  }

  /** Throws `LOCK_LOST` when another owner took the directory over. */
  assertOwned(): void {
    if (this.#owned()) return;
    throw new StoreError("LOCK_LOST", `Cannot write to '${this.#root}': another process took its lock over`);
  }

  /** Called for each read: asks now and then whether the directory is ours, which renews the heartbeat of its lock. */
  noteRead(): void {
    this.#reads += 1;
    if (this.#reads % READS_PER_BEAT === 0) this.#owned();
  }

  /** Opens a file; a created one has a durable name. */
  open(path: string, options: EngineOpenOptions): OpenFile {
    const full = this.#resolve(path);
    if (!options.write) return this.#fileSystem.open(full, {});
    this.assertOwned();
    const created = options.create && this.#fileSystem.stat(full) === undefined;
    const file = this.#fileSystem.open(full, options);
    if (created) this.#syncParent(full);
    return file;
  }

  stat(path: string): FileStat | undefined {
    return this.#fileSystem.stat(this.#resolve(path));
  }

  list(path: string): DirectoryEntry[] {
    return this.#fileSystem.list(this.#resolve(path));
  }

  /** The new name is durable when this returns. */
  makeDirectory(path: string): void {
    this.assertOwned();
    const full = this.#resolve(path);
    this.#fileSystem.makeDirectory(full);
    this.#syncParent(full);
  }

  /** Atomic, and durable when this returns. */
  rename(from: string, to: string): void {
    this.assertOwned();
    const [fullFrom, fullTo] = [this.#resolve(from), this.#resolve(to)];
    this.#fileSystem.rename(fullFrom, fullTo);
    this.#syncParent(fullTo);
    if (parentOf(fullFrom) !== parentOf(fullTo)) this.#syncParent(fullFrom);
  }

  /** The name is gone for good when this returns. */
  remove(path: string): void {
    this.assertOwned();
    const full = this.#resolve(path);
    this.#fileSystem.remove(full);
    this.#syncParent(full);
  }

  /** The name is gone for good when this returns. */
  removeDirectory(path: string): void {
    this.assertOwned();
    const full = this.#resolve(path);
    this.#fileSystem.removeDirectory(full);
    this.#syncParent(full);
  }

  #syncParent(path: string): void {
    this.#fileSystem.syncDirectory(parentOf(path));
  }

  /** No name may lead out of the directory: the engine sees nothing else. */
  #resolve(path: string): string {
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    if (names.includes("..")) throw fileSystemError("EPERM", "leave the store's directory by", path);
    return names.length === 0 ? this.#root : `${this.#root}/${names.join("/")}`;
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
