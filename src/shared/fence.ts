/**
 * How an owner that stood still learns that another process has taken the directory over.
 *
 * The store looks at its lock before each write, and after it. So it needs nothing of this. But a read, an answer, or
 * what the owner changes in the folder `shared`, would come from the past.
 *
 * @module
 */

import type { DirectoryLock } from "../api/file_system.ts";
import { clock } from "../clock.ts";
import { lockLost } from "../fs/filesystem.ts";
import type { Fence as LockName } from "../fs/job_worker.ts";
import { directoryId, lockNumbers } from "../fs/lock_record.ts";
import type { Link } from "./link.ts";

/**
 * After a look the owner answers for so long without another one, in milliseconds. A process that takes over waits
 * longer than that before it opens the store: {@linkcode SETTLE_MS}.
 */
const LEASE_MS = 100;
/** How long a process that takes over waits after it has the lock, in milliseconds. */
export const SETTLE_MS = 250;

/** A lock of this release, as it is in the table of locks of lock.ts. */
type PresentLock = DirectoryLock & { readonly fence?: LockName };

/** The fence of one owner. */
export class Fence {
  readonly #directory: string;
  readonly #number: number;
  /** Called once, when the directory is lost. */
  readonly #onLoss: () => void;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isLost = false;

  /** The store of this thread in that directory must be open. Throws `LOCK_LOST` if it is not. */
  constructor(directory: string, onLoss: () => void) {
    const lock = lockOfThisThread(directory);
    if (lock?.fence === undefined) throw lockLost("share", directory, lock);
    this.#directory = directory;
    this.#number = lock.fence.number;
    this.#onLoss = onLoss;
  }

  /** Whether another process has the directory. Looks at most once in {@linkcode LEASE_MS}. */
  get isLost(): boolean {
    if (this.#isLost) return true;
    return Math.abs(clock.now() - this.#lookedMs) < LEASE_MS ? false : this.look();
  }

  /** As {@linkcode Fence.isLost}, but looks now. Looks at a few names: 10 µs. */
  look(): boolean {
    if (this.#isLost) return true;
    const nowMs = clock.now();
    if (!this.#isTaken()) {
      this.#lookedMs = nowMs;
      return false;
    }
    this.#isLost = true;
    this.#onLoss();
    return true;
  }

  /** Throws `LOCK_LOST` if another process has the directory. */
  require(): void {
    if (this.look()) throw lockLost("share", this.#directory, undefined);
  }

  #isTaken(): boolean {
    try {
      return lockNumbers(this.#directory).some((each) => each > this.#number);
    } catch {
      // A directory that was moved or removed: the next write of the store says so.
      return false;
    }
  }
}

function lockOfThisThread(directory: string): PresentLock | undefined {
  const locks = (globalThis as { [key: symbol]: Map<string, PresentLock> | undefined })[Symbol.for("luge.directories")];
  return locks?.get(directoryId(directory));
}

/** The owner's side of a link: sends nothing any more once another process has the directory. The client asks that one. */
export function fenced(link: Link, fence: Fence): Link {
  return {
    send: (frame) => {
      if (!fence.isLost) link.send(frame);
    },
    get queuedBytes() {
      return link.queuedBytes;
    },
    drained: () => link.drained(),
    pause: (isPaused) => link.pause(isPaused),
    keepAlive: (isNeeded) => link.keepAlive(isNeeded),
    end: () => link.end(),
    destroy: (error) => link.destroy(error),
  };
}
