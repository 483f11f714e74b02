/**
 * Waits for a directory that another store has open.
 *
 * @module
 */

import type { DirectoryLock } from "./api/file_system.ts";
import { clock } from "./clock.ts";
import { pause, unlessAborted } from "./promises.ts";
import { pathError } from "./store_directory.ts";

/** The pauses between two attempts: the first one and the longest one. An attempt looks at a few files. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

/** Which directory to wait for, and how long. */
export interface LockWait {
  readonly path: string;
  readonly waitForLock: number;
  readonly signal: AbortSignal | undefined;
}

/** Tries to lock until it succeeds, fails for another reason than `STORE_LOCKED`, or the time is over. */
export async function waitForLock<T extends DirectoryLock | undefined>(
  { path, waitForLock, signal }: LockWait,
  lock: () => Promise<T>,
): Promise<T> {
  const end = clock.monotonic() + waitForLock;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted();
    try {
      return await orAborted(lock(), signal);
    } catch (cause) {
      signal?.throwIfAborted();
      const error = pathError(path, "lock", cause);
      const leftMs = end - clock.monotonic();
      if (error.code !== "STORE_LOCKED" || leftMs <= 0) throw error;
      await pause(Math.min(pauseMs, leftMs), signal);
    }
  }
}

/** Releases a lock that comes too late. */
async function orAborted<T extends DirectoryLock | undefined>(
  locking: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  try {
    return await unlessAborted(locking, signal);
  } catch (error) {
    locking.then((lock) => lock?.release()).catch(() => {});
    throw error;
  }
}
