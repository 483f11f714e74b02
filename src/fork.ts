/**
 * Makes a store in a new directory from the files of an open store.
 *
 * @module
 */

import type { ForkResult } from "./api/backup.ts";
import type { FileSystem } from "./api/file_system.ts";
import type { Logger } from "./api/logger.ts";
import { StoreError } from "./errors.ts";
import { ForkedFiles, syncNames } from "./forked_files.ts";
import { parentOf } from "./fs/filesystem.ts";
import { randomName } from "./fs/random.ts";
import { messageOf } from "./realm.ts";
import { atPath, prepareParent, removeAll, requireNothingIn, requireOutside } from "./store_directory.ts";

/** The files of an open store. */
export interface ForkSource {
  readonly fileSystem: FileSystem;
  /** The directory of the store. */
  readonly path: string;
  /** Throws `LOCK_LOST` if the directory no longer belongs to the store. */
  readonly requireHeld: () => void;
  /** Whether the files may not be durable yet: the store is open for reading only, and its writer may have been killed. */
  readonly mayBeUnsynced: boolean;
  readonly logger: Logger;
}

/** Brings the files of a store to rest, so that they can be forked. */
export interface Rest {
  /** Settles when {@linkcode Rest.now} has little left to do. */
  soon(): Promise<void>;
  /** Brings all files to rest: none changes until the event loop turns. Returns the version of the store. */
  now(): number;
}

/**
 * Makes a store in a directory that is empty or missing. Builds the store beside the directory, under another name. Renames it into
 * place once it is whole and durable.
 */
export async function forkTo(
  source: ForkSource,
  target: string,
  rest: Rest,
  signal: AbortSignal | undefined,
): Promise<ForkResult> {
  const { fileSystem, path, requireHeld, logger } = source;
  signal?.throwIfAborted();
  const unfinished = `${target}.fork-${randomName().slice(0, 8)}`;
  const isThere = atPath(target, "fork to", () => {
    // Replicas of a shared store are inside: see src/shared/forks.ts.
    if (!target.startsWith(`${path}/shared/follow/`)) requireOutside(fileSystem, path, target, "fork to");
    const isDirectory = requireNothingIn(fileSystem, target);
    if (!isDirectory) prepareParent(fileSystem, target, logger);
    fileSystem.makeDirectory(unfinished);
    return isDirectory;
  });
  const files = new ForkedFiles(fileSystem, path, unfinished);
  try {
    await rest.soon();
    signal?.throwIfAborted();
    const version = rest.now();
    files.take();
    requireHeld();
    // From here on the fork does not change, even if the store closes or fails.
    await files.finish({ signal, syncLinked: source.mayBeUnsynced });
    // On some systems a rename cannot replace an empty directory.
    if (isThere) fileSystem.removeDirectory(target);
    fileSystem.rename(unfinished, target);
    await syncNames(fileSystem, parentOf(target));
    return { version, ...files.result };
  } catch (cause) {
    files.discard();
    removeUnfinished(fileSystem, unfinished);
    signal?.throwIfAborted();
    if (cause instanceof StoreError) throw cause;
    throw new StoreError("IO_ERROR", `Cannot fork to '${target}': ${messageOf(cause)}`, { cause });
  }
}

/** Files that cannot be removed stay: the caller gets the error that came first. */
function removeUnfinished(fileSystem: FileSystem, path: string): void {
  try {
    removeAll(fileSystem, path);
  } catch {
    // See above.
  }
}
