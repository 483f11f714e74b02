/**
 * The common part of all file systems: paths, offsets, and errors.
 *
 * @module
 */

import type { DirectoryLock } from "../api/file_system.ts";
import { StoreError } from "../errors.ts";

/** The error `LOCK_LOST` for a directory whose lock is not held any more. */
export function lockLost(
  action: string,
  directory: string,
  lock: Pick<DirectoryLock, "lossReason"> | undefined,
): StoreError {
  const reason = lock?.lossReason ?? "another store took its lock over, or it was moved, replaced or removed";
  return new StoreError("LOCK_LOST", `Cannot ${action} '${directory}' any more: ${reason}`);
}

/** Throws {@linkcode lockLost} if a lock is not held, or does not exist yet. */
export function requireHeld(action: string, directory: string, lock: DirectoryLock | undefined): true {
  if (!lock?.held()) throw lockLost(action, directory, lock);
  return true;
}

/** An error in the form that a {@linkcode FileSystem} throws: `code` is a POSIX name. */
export function fileSystemError(code: string, action: string, path: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${action} '${path}'`), { code });
}

/** The parent directory of a path. */
export function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  if (end > 0) return path.slice(0, end);
  return end === 0 ? "/" : ".";
}

/**
 * Refuses with `EINVAL` a position or size that is negative, fractional or above 2^53. `node:fs` would accept them
 * silently: it takes -1 for "at the cursor" and a negative size for 0.
 */
export function requireOffset(offset: number, action: string, path: string): void {
  if (!Number.isSafeInteger(offset) || offset < 0) throw fileSystemError("EINVAL", `${action} at ${offset}`, path);
}
