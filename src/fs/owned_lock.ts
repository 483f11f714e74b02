import * as fs from "node:fs";
import { clearInterval, clock, setInterval } from "../clock.ts";
import { type DirectoryLock, fileSystemError } from "./filesystem.ts";
import type { KernelHold } from "./kernel_lock.ts";
import { encodeRecord, type LockRecord, removeIfPresent } from "./lock_record.ts";

/** What an {@linkcode OwnedLock} is made of. */
export interface OwnedLockParts {
  readonly path: string;
  /** The lock file, open for reading and writing, created by us. */
  readonly fd: number;
  readonly record: LockRecord;
  readonly hold: KernelHold | undefined;
  readonly heartbeatMs: number;
  /** Called once, by `release` or `abandon`. */
  readonly onRelease: () => void;
}

/** A lock file of ours: its heartbeat, its fence and its end. */
export class OwnedLock implements DirectoryLock {
  readonly #parts: OwnedLockParts;
  readonly #content: Uint8Array;
  readonly #timer: NodeJS.Timeout;
  #lastBeatMs = 0;
  /** A backup by hard link: it keeps the file alive after a taker removed its name here, so that the name must tell. */
  #hardLinked = false;
  #lost = false;
  #closed = false;

  /** Starts the heartbeat; the caller goes on with `announce`. */
  constructor(parts: OwnedLockParts) {
    this.#parts = parts;
    this.#content = encodeRecord(parts.record);
    this.#timer = setInterval(() => this.held(), parts.heartbeatMs);
    this.#timer.unref();
  }

  /** Writes the record, which is also the heartbeat. */
  announce(): void {
    this.#write(this.#content);
    this.#lastBeatMs = clock.now();
  }

  /**
   * Makes the record durable. Without it a power cut leaves an empty file, of which nobody can say whether its owner lives
   * before its heartbeat is too old.
   */
  persist(): void {
    fs.fdatasyncSync(this.#parts.fd);
  }

  /**
   * Costs one `fstat`, and once in a heartbeat's time a write of some 300 bytes: a long synchronous call that asks
   * before each of its writes stays alive, though no timer runs. False for good once the file was removed by a taker
   * or a heartbeat could not be written.
   */
  held(): boolean {
    if (this.#closed || this.#lost) return false;
    try {
      this.#beatWhenDue();
      if (this.#isLinked()) return true;
    } catch {
      // An owner that cannot show that it lives will be taken for dead.
    }
    this.#lose();
    return false;
  }

  /** Marks the file as released and closes it. It stays, so that its number is not used again. */
  release(): void {
    this.#close(() => {
      if (!this.#lost) this.#write(encodeRecord({ ...this.#parts.record, released: true }));
    });
  }

  /** Removes the file: only for one that was never the newest, or is while all earlier ones are still there. */
  abandon(): void {
    this.#close(() => removeIfPresent(this.#parts.path));
  }

  #close(last: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    try {
      last();
    } finally {
      this.#parts.hold?.close();
      fs.closeSync(this.#parts.fd);
      this.#parts.onRelease();
    }
  }

  #lose(): void {
    this.#lost = true;
    clearInterval(this.#timer);
  }

  #beatWhenDue(): void {
    // The wall clock, not a monotonic one: that stands still while the machine sleeps, and others judge by this one.
    if (Math.abs(clock.now() - this.#lastBeatMs) >= this.#parts.heartbeatMs) this.announce();
  }

  #isLinked(): boolean {
    const { fd, path, record, hold } = this.#parts;
    const nlink = hold?.links?.() ?? fs.fstatSync(fd).nlink;
    this.#hardLinked ||= nlink > 1;
    if (!this.#hardLinked) return nlink === 1;
    return String(fs.statSync(path, { bigint: true }).ino) === record.inode;
  }

  #write(content: Uint8Array): void {
    const { fd, path } = this.#parts;
    if (fs.writeSync(fd, content, 0, content.length, 0) < content.length) {
      throw fileSystemError("EIO", "write", path);
    }
  }
}
