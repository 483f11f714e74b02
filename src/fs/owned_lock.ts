import * as fs from "node:fs";
import type { DirectoryLock } from "../api/file_system.ts";
import { clearInterval, clock, setInterval, type Timer } from "../clock.ts";
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
import { identityOf, isSameFile, type Look, lookAt, type PathIdentity } from "./path_identity.ts";
import { writeAllTo } from "./write_all.ts";

/** No file system's clock, but those of FAT, is coarser. */
const TICK_MS = 20;
/** Within such a tick names are listed this often, not at each look: a store that opens asks 27 times. */
const LIST_EVERY_MS = 5;

/** What an {@linkcode OwnedLock} is made of. */
export interface OwnedLockParts {
  readonly directory: string;
  readonly number: number;
  /** The lock file, open for reading and writing, created by us. */
  readonly fd: number;
  readonly record: LockRecord;
  readonly hold: KernelHold | undefined;
  readonly heartbeatMs: number;
  /** Called once, by `release` or `abandon`. */
  readonly onRelease: () => void;
  /** Default: {@linkcode lookAt}. */
  readonly look?: Look;
}

/** A lock file of ours: its heartbeat, its fence and its end. */
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
  /** When the file was last written, by us. */
  #writtenMs = 0;
  /** When a name in the directory last changed, and when we listed the names after it. */
  #namesChangedMs = 0;
  #listedMs = 0;
  /** Whether that listing has every name of that time. */
  #isSettled = false;
  #lookedMs = 0;
  /** Whether the files of earlier owners were removed. */
  #isAlone = false;
  #socket: LockSocket | undefined;
  #lossReason: string | undefined;
  #isUnused = false;
  #closed = false;

  /** Starts the heartbeat; the caller goes on with `announce`. */
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

  /** Of this lock alone. */
  get nonce(): string {
    return this.#record.nonce;
  }

  get lossReason(): string | undefined {
    return this.#lossReason;
  }

  /** Writes the record, which is also the heartbeat. */
  announce(): void {
    this.#record = { ...this.#record, beat: (this.#record.beat ?? 0) + 1 };
    this.#content = encodeRecord(this.#record);
    this.#write(this.#content);
    this.#lastBeatMs = clock.now();
    this.#writtenMs = identityOf(this.#parts.fd).modifiedMs;
  }

  /**
   * Makes the record durable. Without it a power cut leaves an empty file, of which nobody can say whether its owner lives
   * before its heartbeat is too old.
   */
  persist(): void {
    fs.fdatasyncSync(this.#parts.fd);
  }

  /** Called when the files of earlier owners were removed: one that is there from now on came back. */
  isAlone(): void {
    this.#isAlone = true;
  }

  /** Says in the record that the owner listens on a socket, which is closed with the lock. */
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
   * Costs a `stat`, another one once in a millisecond, and once in a heartbeat's time a write of a KiB: a long synchronous call that asks before each of its
   * writes stays alive, though no timer runs. False for good once the path leads elsewhere than to the lock file, or a heartbeat
   * could not be written.
   */
  held(): boolean {
    if (this.#closed || this.#lossReason !== undefined) return false;
    try {
      const nowMs = clock.now();
      if (this.#isHere() && (!this.#isAlone || this.#staysAlone(nowMs))) {
        this.#beatWhenDue(nowMs);
        return true;
      }
    } catch {
      // An owner that cannot show that it lives will be taken for dead.
    }
    this.#lose();
    return false;
  }

  /** Marks the file as released and closes it. It stays, so that its number is not used again. */
  release(): void {
    this.#close(() => this.#write(encodeRecord({ ...this.#record, released: true })));
  }

  /** See {@linkcode OwnedLock.isUnused}. */
  releaseOnDemand(): void {
    this.#isUnused = true;
  }

  /** Whether its store was collected as garbage: whoever asks for it in this thread releases it first. */
  get isUnused(): boolean {
    return this.#isUnused;
  }

  /** Removes the file: only for one that was never the newest, or is while all earlier ones are still there. */
  abandon(): void {
    this.#close(() => {
      const there = this.#look(this.#path);
      if (there && (isSameFile(there, this.#self) || this.#isContentAt(this.#path))) removeIfPresent(this.#path);
    });
  }

  /** Whether the path of the lock file leads to it, and nobody else has written it. */
  #isHere(): boolean {
    const there = this.#look(this.#path);
    if (!there) return false;
    const isSame = isSameFile(there, this.#self);
    if (isSame && there.modifiedMs === this.#writtenMs) return true;
    if (!this.#isContentAt(this.#path)) return false;
    if (isSame) {
      // Only its time was set.
      this.#writtenMs = there.modifiedMs;
      return true;
    }
    // A copy, or a file system without stable inodes: what is written through our descriptor shows which.
    this.announce();
    return this.#isContentAt(this.#path);
  }

  #isContentAt(path: string): boolean {
    const content = contentAt(path);
    return content !== undefined && isEqual(content, this.#content);
  }

  /** Whether no copy of an earlier lock came back: a backup that is restored over the directory brings one. */
  #staysAlone(nowMs: number): boolean {
    // Nobody restores a backup in less.
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
    // Within a tick of the clock another name may come at the same time.
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

  #lose(): void {
    this.#lossReason = this.#isTaken()
      ? "another process took its lock over"
      : "the directory was moved, replaced or removed, or overwritten with a copy";
    clearInterval(this.#timer);
  }

  /** Whether a later lock is in the same directory. */
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
    // The wall clock, not a monotonic one: that stands still while the machine sleeps, and others judge by this one.
    if (Math.abs(nowMs - this.#lastBeatMs) >= this.#parts.heartbeatMs) this.announce();
  }

  #write(content: Uint8Array): void {
    writeAllTo(this.#parts.fd, content, 0, this.#path);
  }
}

/** An owner writes its file's inode into it. */
function isCopy(found: ReturnType<typeof readLock>): boolean {
  return found?.record !== undefined && found.record.inode !== found.inode;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
