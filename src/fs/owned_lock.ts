import * as fs from "node:fs";
import type { DirectoryLock } from "../api/file_system.ts";
import { clearInterval, clock, setInterval, type Timer } from "../clock.ts";
import { messageOf } from "../realm.ts";
import { isDiskFailure } from "./errno.ts";
import type { Fence } from "./job_worker.ts";
import type { KernelHold } from "./kernel_lock.ts";
import {
  contentAt,
  encodeRecord,
  type LockRecord,
  lockNumbers,
  lockPath,
  readLock,
  removeIfPresent,
} from "./lock_record.ts";
import type { LockSocket } from "./lock_socket.ts";
import { errorCode } from "./node_errors.ts";
import { identityOf, isSameFile, type Look, lookAt, type PathIdentity } from "./path_identity.ts";
import { writeAllTo } from "./write_all.ts";

/** The coarsest clock of any file system except FAT. */
const TICK_MS = 20;
/** Within such a tick, names are listed only this often, and not at each check: a store that opens checks 27 times. */
const LIST_EVERY_MS = 5;

/** The parts of an {@linkcode OwnedLock}. */
export interface OwnedLockParts {
  readonly directory: string;
  readonly number: number;
  /** The lock file, which this process created, open for reading and writing. */
  readonly fd: number;
  readonly record: LockRecord;
  readonly hold: KernelHold | undefined;
  readonly heartbeatMs: number;
  /** Called once, by `release` or `abandon`. */
  readonly onRelease: () => void;
  /** Default: {@linkcode lookAt}. */
  readonly look?: Look;
}

/** A lock file that this process owns: its heartbeat, its fence and its end. */
export class OwnedLock implements DirectoryLock {
  readonly #parts: OwnedLockParts;
  readonly #path: string;
  readonly #look: Look;
  readonly #timer: Timer | undefined;
  readonly #self: PathIdentity;
  readonly #home: PathIdentity | undefined;
  #record: LockRecord;
  #content: Uint8Array = new Uint8Array(0);
  #lastBeatMs = 0;
  /** When this process last wrote the file. */
  #writtenMs = 0;
  /** When a name in the directory last changed, and when this process listed the names after that. */
  #namesChangedMs = 0;
  #listedMs = 0;
  /** Whether that listing is complete for that time. */
  #isSettled = false;
  #lookedMs = 0;
  /** Whether the files of earlier owners were removed. */
  #isAlone = false;
  #socket: LockSocket | undefined;
  #lossReason: string | undefined;
  #isUnused = false;
  #closed = false;

  /** Starts the heartbeat. The caller must then call `announce`. */
  constructor(parts: OwnedLockParts) {
    this.#parts = parts;
    this.#path = lockPath(parts.directory, parts.number);
    this.#look = parts.look ?? lookAt;
    this.#record = parts.record;
    this.#self = identityOf(parts.fd);
    this.#home = this.#look(parts.directory);
    this.#timer = setInterval(() => this.held(), parts.heartbeatMs);
    this.#timer.unref();
  }

  /** The nonce, unique to this lock. */
  get nonce(): string {
    return this.#record.nonce;
  }

  /** The number and the nonce of this lock, for the worker thread of the store. */
  get fence(): Fence {
    return { number: this.#parts.number, nonce: this.#record.nonce };
  }

  get lossReason(): string | undefined {
    return this.#lossReason;
  }

  /** Writes the record. This is also the heartbeat. */
  announce(): void {
    this.#record = { ...this.#record, beat: (this.#record.beat ?? 0) + 1 };
    this.#content = encodeRecord(this.#record);
    this.#write(this.#content);
    this.#lastBeatMs = clock.now();
    this.#writtenMs = identityOf(this.#parts.fd).modifiedMs;
  }

  /**
   * Makes the record durable. Otherwise a power cut could leave an empty file. Then nobody could tell whether its owner
   * is alive before the heartbeat is too old.
   */
  persist(): void {
    fs.fdatasyncSync(this.#parts.fd);
  }

  /** Called when the files of earlier owners were removed. If one appears later, somebody restored it. */
  isAlone(): void {
    this.#isAlone = true;
  }

  /** Adds the socket that the owner listens on to the record. The lock closes the socket at its end. */
  listensOn(socket: LockSocket): void {
    if (this.#closed || !this.held()) {
      socket.close(false);
      return;
    }
    this.#socket = socket;
    this.#record = { ...this.#record, socket: socket.name };
    this.announce();
  }

  /**
   * Whether this process still owns the directory. Costs one `stat`, a second one at most once in a millisecond, and
   * once in each heartbeat interval a write of 1 KiB. So a long synchronous call that checks before each of its writes
   * stays alive, although no timer runs. The answer stays false once the path no longer points to the lock file, or a
   * heartbeat could not be written.
   */
  held(): boolean {
    if (this.#closed || this.#lossReason !== undefined) return false;
    let cause: unknown;
    try {
      const nowMs = clock.now();
      if (this.#isHere() && (!this.#isAlone || this.#staysAlone(nowMs))) {
        this.#beatWhenDue(nowMs);
        return true;
      }
    } catch (error) {
      // Other processes will consider an owner dead that cannot write its heartbeat.
      cause = error;
    }
    this.#lose(cause);
    return false;
  }

  /** Marks the file as released and closes it. The file stays, so that its number is not used again. */
  release(): void {
    this.#close(() => this.#write(encodeRecord({ ...this.#record, released: true })));
  }

  /** See {@linkcode OwnedLock.isUnused}. */
  releaseOnDemand(): void {
    this.#isUnused = true;
  }

  /** Whether the store was collected as garbage. The next call in this thread that wants the lock releases it first. */
  get isUnused(): boolean {
    return this.#isUnused;
  }

  /**
   * Removes the file. Allowed only if it was never the newest, or if it is the newest and all earlier files still
   * exist.
   */
  abandon(): void {
    this.#close(() => {
      const there = this.#look(this.#path);
      if (there && (isSameFile(there, this.#self) || this.#isContentAt(this.#path))) removeIfPresent(this.#path);
    });
  }

  /** Whether the path still points to our lock file, and nobody else has written it. */
  #isHere(): boolean {
    const there = this.#look(this.#path);
    if (!there) return false;
    const isSame = isSameFile(there, this.#self);
    if (isSame && there.modifiedMs === this.#writtenMs) return true;
    if (!this.#isContentAt(this.#path)) return false;
    if (isSame) {
      // Only the time of the file was set.
      this.#writtenMs = there.modifiedMs;
      return true;
    }
    // A copy, or a file system without stable inodes. A write through our descriptor shows which one it is.
    this.announce();
    return this.#isContentAt(this.#path);
  }

  #isContentAt(path: string): boolean {
    const content = contentAt(path);
    return content !== undefined && isEqual(content, this.#content);
  }

  /** Whether no copy of an earlier lock has appeared. Restoring a backup over the directory creates one. */
  #staysAlone(nowMs: number): boolean {
    // Nobody restores a backup within a millisecond.
    if (nowMs === this.#lookedMs) return true;
    this.#lookedMs = nowMs;
    const { directory, number } = this.#parts;
    const home = this.#look(directory);
    if (!home) return false;
    const isUnchanged = home.modifiedMs === this.#namesChangedMs;
    if (isUnchanged && (this.#isSettled || Math.abs(nowMs - this.#listedMs) < LIST_EVERY_MS)) return true;
    for (const each of lockNumbers(directory)) {
      if (each < number && isCopy(readLock(directory, each))) return false;
    }
    this.#namesChangedMs = home.modifiedMs;
    this.#listedMs = nowMs;
    // Within one tick of the clock another name may appear at the same time.
    this.#isSettled = Math.abs(nowMs - home.modifiedMs) > TICK_MS;
    return true;
  }

  #close(last: () => void): void {
    if (this.#closed) return;
    const isOurs = this.#socket !== undefined && this.held();
    this.#closed = true;
    clearInterval(this.#timer);
    try {
      this.#socket?.close(isOurs);
      last();
    } finally {
      this.#parts.hold?.close();
      fs.closeSync(this.#parts.fd);
      this.#parts.onRelease();
    }
  }

  #lose(cause: unknown): void {
    this.#lossReason = this.#isTaken() ? "another process took its lock over" : lossBy(cause);
    clearInterval(this.#timer);
  }

  /** Whether there is a later lock in the same directory. */
  #isTaken(): boolean {
    const { directory, number } = this.#parts;
    try {
      const home = this.#look(directory);
      const isSame = home !== undefined && this.#home !== undefined && isSameFile(home, this.#home);
      return isSame && lockNumbers(directory).some((each) => each > number);
    } catch {
      return false;
    }
  }

  #beatWhenDue(nowMs: number): void {
    // Uses the wall clock: other processes judge by it, and a monotonic clock stops while the machine sleeps.
    if (Math.abs(nowMs - this.#lastBeatMs) >= this.#parts.heartbeatMs) this.announce();
  }

  #write(content: Uint8Array): void {
    writeAllTo(this.#parts.fd, content, 0, this.#path);
  }
}

/** Why a lock counts as lost that nobody took over. An error that does not say so may be of the process, such as `EMFILE`. */
export function lossBy(error: unknown): string {
  return isDiskFailure(error) && errorCode(error) !== "ENOTDIR"
    ? `its lock cannot be checked: ${messageOf(error)}`
    : "the directory was moved, replaced or removed, or overwritten with a copy";
}

/** Whether a lock file is a copy: an owner writes the inode of its file into the record. */
function isCopy(found: ReturnType<typeof readLock>): boolean {
  return found?.record !== undefined && found.record.inode !== found.inode;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
