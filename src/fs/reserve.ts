/**
 * Space that a store reserves for a full disk. Without it, nothing could be deleted on a full disk.
 *
 * @module
 */

import type { FileSystem, OpenFile } from "../api/file_system.ts";
import { fileSystemError } from "./filesystem.ts";
import { errorCode } from "./node_errors.ts";
import { writeAll } from "./write_all.ts";

/** The name of the reserve's file in the store's directory. Its content is never read. */
export const RESERVE = "RESERVE";
/** The name of the file while it grows for the first time. */
export const UNFINISHED_RESERVE = "RESERVE.new";

/** The size of a complete reserve, 6 MiB. */
export const RESERVE_BYTES: number = 6 * 1024 * 1024;
/** The reserve is refilled only if this much more is free, so that the next puts do not fill the disk at once. */
export const SPARE_BYTES: number = 4 * 1024 * 1024;
/** A store with fewer bytes has no reserve. */
export const FIRST_BYTES: number = 1024 * 1024;
/** How much an open store leaves for the next open, which may complete a segment of sled's log and write a snapshot. */
export const KEPT_FOR_OPEN_BYTES: number = 1024 * 1024;

/** How much of the reserve background work leaves while puts are allowed. */
const KEPT_FROM_TABLE_BYTES: number = 5 * 1024 * 1024;
/** The reserve shrinks and is refilled in pieces of this size. */
const PIECE_BYTES = 64 * 1024;
/** The size of a reserve that is refilled as far as possible, but not known to be complete. */
const MARKED_BYTES: number = RESERVE_BYTES - PIECE_BYTES;
/** With each write the reserve grows by the bytes of the write, but by no more than this. */
const LARGEST_PIECE_BYTES = 1024 * 1024;

/** Whether an error says that the disk, or the user's quota, is full. */
export function isFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
}

/**
 * The reserve of one store. It begins to grow after the store's first MiB, while the store writes. An error of the
 * reserve is not an error of the store: then the store has no reserve. The caller must check that it owns the
 * directory.
 */
export class Reserve {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #unfinished: string;
  #file: OpenFile | undefined;
  /** The size of the file that is or was complete; `undefined` if there is none, or nobody has looked. */
  #size: number | undefined;
  /** Whether space was taken from the reserve, and it is not known to be complete again. */
  #isShort = false;
  #wasShort = false;
  #asksForBytes = false;
  /** The size of the file that grows for the first time; `undefined` while none may grow. */
  #growing: number | undefined;
  /** About how many bytes the store has. */
  #written = 0;
  /** Whether the present work may use the reserve, and how much it must leave. An open leaves the space of a lock. */
  #mayTake = true;
  #kept = PIECE_BYTES;
  #error: Error | undefined;

  /** `directory` is the store's directory. Does not look at the disk. */
  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#path = `${directory}/${RESERVE}`;
    this.#unfinished = `${directory}/${UNFINISHED_RESERVE}`;
  }

  /** Whether space was taken from the reserve, and it is not known to be complete again. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /** Whether the reserve was incomplete when the store was opened. */
  get wasShort(): boolean {
    return this.#wasShort;
  }

  /** The present size of the reserve in bytes; 0 if there is none. */
  get size(): number {
    return this.#size ?? 0;
  }

  /** Looks at the reserve of earlier opens, and refills it if possible. */
  find(): void {
    this.#look();
    this.#wasShort = this.#isShort;
    this.#asksForBytes = this.#size === undefined;
    if (this.#isShort) this.refill();
  }

  /** The store is open. From now on some space stays for the next open, and a missing reserve may grow. */
  opened(): void {
    this.#kept = KEPT_FOR_OPEN_BYTES;
    this.#mayTake = false;
    if (this.#size === undefined) this.#growing = 0;
  }

  /** Whether the store existed, so that it must call {@linkcode Reserve.storeHas} before it writes. */
  get asksForBytes(): boolean {
    return this.#asksForBytes;
  }

  storeHas(bytes: number): void {
    this.#written += bytes;
    this.#asksForBytes = false;
  }

  /** The next work frees space, so it may use the reserve. */
  allow(): void {
    this.#mayTake = true;
  }

  /** The next work needs space: the log may not use the reserve, background work only a little. */
  forbid(): void {
    this.#mayTake = false;
  }

  /** Records that the store has written `bytes` bytes. */
  wrote(bytes: number): void {
    if (this.#growing === undefined) return;
    this.#written += bytes;
    if (this.#written >= FIRST_BYTES) this.#grow(Math.min(bytes, LARGEST_PIECE_BYTES));
  }

  /**
   * Shrinks the reserve to free `bytes`, if the present work may use it. Leaves at least `kept` bytes. Returns whether
   * it freed space.
   */
  give(bytes: number, isLog: boolean, kept: number = this.#kept): boolean {
    if (!this.#mayTake && isLog) {
      this.#mark();
      return false;
    }
    if (this.#size === undefined) this.#look();
    if (this.#size === undefined) return this.#giveUnfinished();
    const left = this.#size - (this.#mayTake ? kept : KEPT_FROM_TABLE_BYTES);
    if (left <= 0) return false;
    const given = Math.min(left, Math.ceil(Math.max(bytes, 1) / PIECE_BYTES) * PIECE_BYTES);
    try {
      const file = this.#opened(this.#path);
      file.truncate(this.#size - given);
      this.#size -= given;
      this.#isShort = true;
      this.#settle(file);
      return true;
    } catch {
      return false;
    }
  }

  /** Refills the reserve as far as there is room. Returns whether it is complete, with some spare space left. */
  refill(): boolean {
    if (!this.#isShort) return true;
    try {
      const file = this.#opened(this.#path);
      let size = file.size();
      try {
        for (; size < RESERVE_BYTES + SPARE_BYTES; size = file.size()) this.#writePiece(file, size, PIECE_BYTES);
        this.#isShort = false;
      } finally {
        const most = this.#isShort ? MARKED_BYTES : RESERVE_BYTES;
        size = file.size();
        if (size > most) file.truncate(most);
        this.#size = Math.min(size, most);
      }
    } catch (error) {
      if (isFull(error)) this.#error = error as Error;
      else this.#isShort = false;
    }
    if (!this.#isShort) this.close();
    return !this.#isShort;
  }

  /** Called after space was freed. Refills the reserve, or lets one grow whose growth had stopped on a full disk. */
  renew(): void {
    if (this.#size === undefined) this.#growing ??= 0;
    this.refill();
  }

  /** The error of a call that is refused because the disk is full. */
  get error(): Error {
    return this.#error ?? fileSystemError("ENOSPC", "write", this.#path);
  }

  /** Closes the file. Idempotent. */
  close(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      file?.close();
    } catch {
      // Only the size of the file matters.
    }
  }

  /** Removes an incomplete reserve completely: the disk is too small for one. */
  #giveUnfinished(): boolean {
    return this.#sizeOf(this.#unfinished) !== undefined && this.#stopGrowing(true);
  }

  /** Records by the size of the file that the disk was full, for the next open. */
  #mark(): void {
    if (this.#size !== RESERVE_BYTES) return;
    try {
      this.#opened(this.#path).truncate(MARKED_BYTES);
      this.#size = MARKED_BYTES;
      this.#isShort = true;
    } catch {
      // Then the reserve looks complete.
    }
  }

  /** Some file systems free the space of a cut file only at a sync. */
  #settle(file: OpenFile): void {
    try {
      file.sync();
    } catch {
      // The next attempt shows how much is free.
    }
  }

  #look(): void {
    const size = this.#sizeOf(this.#path);
    if (size === undefined) return;
    this.#size = Math.min(size, RESERVE_BYTES);
    this.#isShort = size < RESERVE_BYTES;
  }

  #sizeOf(path: string): number | undefined {
    try {
      const stat = this.#fileSystem.stat(path);
      return stat?.kind === "file" ? stat.size : undefined;
    } catch {
      return undefined;
    }
  }

  #opened(path: string): OpenFile {
    this.#file ??= this.#fileSystem.open(path, { write: true, create: path === this.#unfinished });
    return this.#file;
  }

  #grow(bytes: number): void {
    try {
      const file = this.#opened(this.#unfinished);
      const size = this.#growing || file.size();
      const missing = RESERVE_BYTES - size;
      if (missing > 0) this.#writePiece(file, size, Math.min(bytes, missing));
      this.#growing = Math.max(file.size(), 1);
      if (this.#growing >= RESERVE_BYTES) this.#finish();
    } catch (error) {
      this.#stopGrowing(isFull(error));
    }
  }

  #finish(): void {
    this.close();
    this.#fileSystem.rename(this.#unfinished, this.#path);
    this.#growing = undefined;
    this.#size = RESERVE_BYTES;
  }

  /** A disk that is full so early needs its space for live data. Returns whether the file was removed. */
  #stopGrowing(remove: boolean): boolean {
    this.#growing = undefined;
    this.close();
    try {
      if (remove) this.#fileSystem.remove(this.#unfinished);
      return remove;
    } catch {
      // The next open finds it.
      return false;
    }
  }

  #writePiece(file: OpenFile, position: number, bytes: number): void {
    writeAll(file, noise(bytes), position, this.#path);
  }
}

let state = 0x9e3779b9;

/** Bytes that no file system can compress, or deduplicate. */
function noise(bytes: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, bytes);
}
