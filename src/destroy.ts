/**
 * Looks for a store in a directory, and removes one.
 *
 * @module
 */

import type { StorePlace, StoreWait } from "./api/config.ts";
import type { DirectoryLock } from "./api/file_system.ts";
import { resolveConfig } from "./config.ts";
import { StoreError } from "./errors.ts";
import { parentOf, requireHeld } from "./fs/filesystem.ts";
import { NodeFileSystem } from "./fs/node.ts";
import { randomName } from "./fs/random.ts";
import { OptionNames } from "./options.ts";
import { process } from "./process.ts";
import { atPath, foreignNameIn, hasStore, removeAll } from "./store_directory.ts";
import { waitForLock } from "./wait_for_lock.ts";

const PLACE = new OptionNames<StorePlace>({ fileSystem: true }, { example: "{ fileSystem }" });
const WAIT = new OptionNames<StoreWait>(
  { fileSystem: true, waitForLock: true, signal: true },
  { example: "{ waitForLock: 1000 }" },
);

/**
 * Whether a directory has a store, open or not. Changes nothing.
 *
 * Rejects with a `TypeError` for a wrong path or option, and with `PATH_UNAVAILABLE` if luge cannot look.
 *
 * @example
 * ```ts
 * import { exists, MemoryFileSystem, open, type StorePlace } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const place: StorePlace = { fileSystem: new MemoryFileSystem() };
 * assert.equal(await exists("/data", place), false);
 * await (await open({ path: "/data", ...place })).close();
 * assert.equal(await exists("/data", place), true);
 * ```
 */
export async function exists(path: string | URL, options?: StorePlace): Promise<boolean> {
  const { path: resolved, fileSystem } = await resolveConfig({ ...PLACE.read(options), path });
  const disk = fileSystem ?? new NodeFileSystem();
  return atPath(resolved, "look at", () => hasStore(disk, resolved));
}

/**
 * Removes the store in a directory, with the directory. Returns whether there was one. The store must be closed.
 *
 * luge locks the directory, renames it to `<directory>.destroyed-…`, and removes that. So the store is there as a whole,
 * or not at all. After a crash a `<directory>.destroyed-…` may be left: remove it. What else was in the directory stops
 * the call: luge removes only its own files, and those that the system makes, such as `.DS_Store`.
 *
 * Rejects with a `TypeError` or `RangeError` for a wrong path or option, with the reason of the signal, and with a
 * `StoreError`:
 *
 * - `STORE_LOCKED` if a store has the directory open, also after `waitForLock`;
 * - `NOT_A_STORE` if the directory has other files;
 * - `PATH_UNAVAILABLE` if luge cannot lock, rename or remove it. The renamed directory is then left.
 *
 * @example
 * ```ts
 * import { destroy, MemoryFileSystem, open, type StoreWait } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const options: StoreWait = { fileSystem: new MemoryFileSystem(), waitForLock: 1000 };
 * await (await open({ path: "/data", fileSystem: options.fileSystem })).close();
 * assert.equal(await destroy("/data", options), true);
 * assert.equal(await destroy("/data", options), false);
 * ```
 */
export async function destroy(path: string | URL, options?: StoreWait): Promise<boolean> {
  const resolved = await resolveConfig({ ...WAIT.read(options), path });
  const disk = resolved.fileSystem ?? new NodeFileSystem();
  const directory = resolved.path;
  const isThere = () => atPath(directory, "destroy", () => hasStore(disk, directory));
  if (!isThere()) return false;
  const foreign = atPath(directory, "destroy", () => foreignNameIn(disk, directory));
  if (foreign !== undefined) {
    throw new StoreError("NOT_A_STORE", `Cannot destroy '${directory}': it also holds '${foreign}'; remove it first`);
  }
  let lock: DirectoryLock;
  try {
    lock = await waitForLock(resolved, () => disk.lock(directory));
  } catch (error) {
    // Another call may have destroyed it meanwhile.
    if (!isThere()) return false;
    throw error;
  }
  const renamed = `${directory}.destroyed-${randomName().slice(0, 8)}`;
  try {
    if (!isThere()) return false;
    requireHeld("destroy", directory, lock);
    // Windows renames no directory in which a file is open, such as the lock. So nobody else can take it meanwhile.
    if (process.platform === "win32") lock.release();
    atPath(directory, "destroy", () => disk.rename(directory, renamed));
  } finally {
    lock.release();
  }
  atPath(renamed, "remove", () => removeAll(disk, renamed));
  atPath(directory, "destroy", () => disk.syncDirectory(parentOf(directory)));
  return true;
}
