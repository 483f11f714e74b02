/**
 * Space that a store keeps for the time when its disk is full: without it nothing could be deleted there.
 *
 * @module
 */

import type { FileSystem, OpenFile } from "../api/file_system.ts";
import { fileSystemError } from "./filesystem.ts";
import { errorCode } from "./node_errors.ts";
import { writeAll } from "./write_all.ts";

/** The file, in the store's directory. What is in it is never read. */
export const RESERVE = "RESERVE";
/** The file while it grows for the first time. */
export const UNFINISHED_RESERVE = "RESERVE.new";

/** How large it is, 4 MiB. */
export const RESERVE_BYTES: number = 4 * 1024 * 1024;
/** The reserve is whole again only where so much more is free: the next puts must not meet a full disk at once. */
export const SPARE_BYTES: number = 4 * 1024 * 1024;
/** A store with fewer bytes has no reserve. */
export const FIRST_BYTES: number = 1024 * 1024;
/** What an open store leaves of the reserve, so that it can be opened again. */
export const KEPT_FOR_OPEN_BYTES: number = 512 * 1024;

/** What work behind the commits leaves of it while others put. */
const KEPT_FROM_TABLE_BYTES: number = 3 * 1024 * 1024;
/** It is given up, and made again, in pieces of this size. */
const PIECE_BYTES = 64 * 1024;
/** What it has where it is as large as it can be, and not known to be whole. */
const MARKED_BYTES: number = RESERVE_BYTES - PIECE_BYTES;
/** It grows with each write as much as that has bytes, and no more than this. */
const LARGEST_PIECE_BYTES = 1024 * 1024;

/** Whether an error says that the disk, or what the user may have of it, is full. */
export function isFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
}

/**
 * The reserve of one store. It grows while the store writes, after its first MiB. Errors that it meets are not errors of the
 * store, which does without it then. Whoever calls has looked whether the directory is the store's.
 */
export class Reserve {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #unfinished: string;
  #file: OpenFile | undefined;
  /** Of the file that is or was whole; `undefined` where there is none, or nobody has looked. */
  #size: number | undefined;
  /** Whether it was given up, in part at least, and is not known to be whole again. */
  #isShort = false;
  #wasShort = false;
  #asksForBytes = false;
  /** Of the file that grows for the first time; `undefined` while none may. */
  #growing: number | undefined;
  /** Bytes of the store, about. */
  #written = 0;
  /** Whether what is done now may take from the reserve, and how much has to be left. */
  #mayTake = true;
  #kept = 0;
  #error: Error | undefined;

  /** `directory` is the store's. Looks at nothing. */
  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#path = `${directory}/${RESERVE}`;
    this.#unfinished = `${directory}/${UNFINISHED_RESERVE}`;
  }

  /** Whether it was given up, in part at least, and is not known to be whole again. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /** Whether it was when this life of the store began. */
  get wasShort(): boolean {
    return this.#wasShort;
  }

  /** How many bytes of it may be taken; 0 where there is none. */
  get size(): number {
    return this.#size ?? 0;
  }

  /** Looks what an earlier life left of it, and makes it whole where that can be done. */
  find(): void {
    this.#look();
    this.#wasShort = this.#isShort;
    this.#asksForBytes = this.#size === undefined;
    if (this.#isShort) this.refill();
  }

  /** The store is open: from here on something is left for the next open, and a reserve grows where there is none. */
  opened(): void {
    this.#kept = KEPT_FOR_OPEN_BYTES;
    this.#mayTake = false;
    if (this.#size === undefined) this.#growing = 0;
  }

  /** Whether the bytes of a store that was there already have to be told, by {@linkcode Reserve.storeHas}, before it writes. */
  get asksForBytes(): boolean {
    return this.#asksForBytes;
  }

  storeHas(bytes: number): void {
    this.#written += bytes;
    this.#asksForBytes = false;
  }

  /** What follows frees space: it may take from the reserve. */
  allow(): void {
    this.#mayTake = true;
  }

  /** What follows needs space: the log may not, and what moves the log into the table a little. */
  forbid(): void {
    this.#mayTake = false;
  }

  /** The store has written so many bytes. */
  wrote(bytes: number): void {
    if (this.#growing === undefined) return;
    this.#written += bytes;
    if (this.#written >= FIRST_BYTES) this.#grow(Math.min(bytes, LARGEST_PIECE_BYTES));
  }

  /** Gives up so much of it that `bytes` can be written to the log or elsewhere, if that may take it. Says whether there was something. */
  give(bytes: number, isLog: boolean): boolean {
    if (!this.#mayTake && isLog) {
      this.#mark();
      return false;
    }
    if (this.#size === undefined) this.#look();
    if (this.#size === undefined) return this.#giveUnfinished();
    const left = this.#size - (this.#mayTake ? this.#kept : KEPT_FROM_TABLE_BYTES);
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

  /** Makes it whole again, as far as there is room. Says whether it is, with something to spare. */
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

  /** After space was freed: makes it whole, or lets one grow that was given up for want of room. */
  renew(): void {
    if (this.#size === undefined) this.#growing ??= 0;
    this.refill();
  }

  /** The error of a call that is refused, since the disk is full. */
  get error(): Error {
    return this.#error ?? fileSystemError("ENOSPC", "write", this.#path);
  }

  /** Gives the file back. Idempotent. */
  close(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      file?.close();
    } catch {
      // It was written for its size alone.
    }
  }

  /** One that is not whole yet goes at once: so small a disk has no room for it. */
  #giveUnfinished(): boolean {
    return this.#sizeOf(this.#unfinished) !== undefined && this.#stopGrowing(true);
  }

  /** The disk was full: the next life knows it by the size. */
  #mark(): void {
    if (this.#size !== RESERVE_BYTES) return;
    try {
      this.#opened(this.#path).truncate(MARKED_BYTES);
      this.#size = MARKED_BYTES;
      this.#isShort = true;
    } catch {
      // Then it looks whole.
    }
  }

  /** Some file systems free what was cut only when it is synced. */
  #settle(file: OpenFile): void {
    try {
      file.sync();
    } catch {
      // The next try shows what there is.
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

  /** A disk that is full before the reserve is whole needs its space for what lives. Says whether the file was removed. */
  #stopGrowing(remove: boolean): boolean {
    this.#growing = undefined;
    this.close();
    try {
      if (remove) this.#fileSystem.remove(this.#unfinished);
      return remove;
    } catch {
      // The next life finds it.
      return false;
    }
  }

  #writePiece(file: OpenFile, position: number, bytes: number): void {
    writeAll(file, noise(bytes), position, this.#path);
  }
}

let state = 0x9e3779b9;

/** Bytes that no file system compresses, or has already. */
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
