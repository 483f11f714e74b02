/**
 * A store in a new directory, made of the files of an open one.
 *
 * @module
 */

import type { ForkResult } from "./api/backup.ts";
import type { FileSystem } from "./api/file_system.ts";
import type { Logger } from "./api/logger.ts";
import { messageOf, StoreError } from "./errors.ts";
import { ForkedFiles, syncNames } from "./forked_files.ts";
import { parentOf } from "./fs/filesystem.ts";
import { randomName } from "./fs/random.ts";
import { atPath, prepareParent, removeAll, requireNothingIn } from "./store_directory.ts";

/** The files of a store that is open. */
export interface ForkSource {
  readonly fileSystem: FileSystem;
  /** Its directory. */
  readonly path: string;
  /** Throws `LOCK_LOST` when the directory is not the store's any more. */
  readonly requireHeld: () => void;
  /** Whether what is in the files may not be durable yet: the store is open for reading, and whoever wrote it may have been killed. */
  readonly mayBeUnsynced: boolean;
  readonly logger: Logger;
}

/** A store that can be brought to rest. */
export interface Rest {
  /** Settles when little is left to do for {@linkcode Rest.now}. */
  soon(): Promise<void>;
  /** Brings all files to rest: until the event loop turns, none of them changes. Returns the version of the store. */
  now(): number;
}

/**
 * Makes a store in a directory that is empty or missing. It is built beside it, under another name, and put into its place when it is
 * whole and durable.
 */
export async function forkTo(
  source: ForkSource,
  target: string,
  rest: Rest,
  signal: AbortSignal | undefined,
): Promise<ForkResult> {
  const { fileSystem, path, requireHeld, logger } = source;
  signal?.throwIfAborted();
  const isThere = atPath(target, "fork to", () => requireNothingIn(fileSystem, target));
  if (!isThere) prepareParent(fileSystem, target, logger);
  const unfinished = `${target}.fork-${randomName().slice(0, 8)}`;
  atPath(target, "fork to", () => fileSystem.makeDirectory(unfinished));
  const files = new ForkedFiles(fileSystem, path, unfinished);
  try {
    await rest.soon();
    signal?.throwIfAborted();
    const version = rest.now();
    forking(target, () => files.take());
    requireHeld();
    // What is there from here on does not change, whatever becomes of the store.
    await forkingLater(target, files.finish({ signal, syncLinked: source.mayBeUnsynced }), signal);
    atPath(target, "fork to", () => {
      // Not all systems replace an empty directory.
      if (isThere) fileSystem.removeDirectory(target);
      fileSystem.rename(unfinished, target);
    });
    await forkingLater(target, syncNames(fileSystem, parentOf(target)), undefined);
    return { version, ...files.result };
  } catch (error) {
    files.discard();
    removeUnfinished(fileSystem, unfinished);
    throw error;
  }
}

/** What cannot be removed stays: the error that came before is the one to tell. */
function removeUnfinished(fileSystem: FileSystem, path: string): void {
  try {
    if (fileSystem.stat(path)) removeAll(fileSystem, path);
  } catch {
    // See above.
  }
}

function forking<T>(target: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw ioError(target, cause);
  }
}

async function forkingLater(target: string, forked: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  try {
    await forked;
  } catch (cause) {
    signal?.throwIfAborted();
    throw ioError(target, cause);
  }
}

function ioError(target: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  return new StoreError("IO_ERROR", `Cannot fork to '${target}': ${messageOf(cause)}`, { cause });
}
