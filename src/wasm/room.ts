/**
 * Whether the disk has room for a call. While the store's reserve is short, what needs space is refused before it changes anything, and
 * what frees space may take from the reserve.
 *
 * @module
 */

import { RefusedError } from "../errors.ts";
import { RESERVE_BYTES, type Reserve } from "../fs/reserve.ts";
import { MAX_WRITE_BUFFER_BYTES } from "../limits.ts";

/** What of the log no checkpoint covers fits into so many write buffers. */
const LOG_IN_BUFFERS = 4;
/** Beside small buffers counts what waited for the disk when it was full: checkpoints too. */
const LEAST_FOR_LOG_BYTES = 16 * 1024 * 1024;
/** What a deletion leaves of the reserve: the start of a log's file and the next open need less. */
const LEFT_BY_DELETE_BYTES = RESERVE_BYTES / 4;
/** What many of them leave of it for the compaction after them. */
const LEFT_BY_DELETIONS_BYTES = RESERVE_BYTES / 2;
/** A batch of no more deletions counts as one. */
const FEW = 100;

/** The room of one engine; without a reserve it is never missing. */
export class Room {
  readonly #reserve: Reserve | undefined;
  readonly #sizeBytes: () => number;

  /** `sizeBytes` tells what the store's files have. */
  constructor(reserve: Reserve | undefined, sizeBytes: () => number) {
    this.#reserve = reserve;
    this.#sizeBytes = sizeBytes;
  }

  /**
   * The write buffer to open with. After a life that met a full disk there may be no room to merge the log into the table, and what is
   * deleted next should not be merged at all: one memtable takes it all.
   */
  bufferFor(size: number): number {
    if (!this.#reserve?.wasShort) return size;
    return Math.min(Math.max(LOG_IN_BUFFERS * size, LEAST_FOR_LOG_BYTES), MAX_WRITE_BUFFER_BYTES);
  }

  /** The store is open. */
  opened(): void {
    this.#reserve?.opened();
  }

  /** Before what needs space; throws {@linkcode RefusedError} while the disk is full. */
  toWrite(): void {
    const reserve = this.#reserve;
    if (reserve === undefined) return;
    if (reserve.asksForBytes) reserve.storeHas(this.#sizeBytes());
    if (reserve.isShort && !reserve.refill()) throw refused("write", reserve);
    reserve.forbid();
  }

  /** Before so many deletions; throws {@linkcode RefusedError} where too little of the reserve is left. */
  toDelete(deletions: number): void {
    const reserve = this.#reserve;
    if (reserve === undefined) return;
    reserve.allow();
    const left = deletions > FEW ? LEFT_BY_DELETIONS_BYTES : LEFT_BY_DELETE_BYTES;
    if (this.#hasLess(left)) throw refused("delete so much", reserve, "; compact() or free space elsewhere");
  }

  /** Before a compaction, which may take from the reserve. */
  toCompact(): void {
    this.#reserve?.allow();
  }

  /** Before a restore, which may not. */
  toRestore(): void {
    this.#reserve?.forbid();
  }

  /** After files were removed. */
  renew(): void {
    this.#reserve?.renew();
  }

  /** Whether the disk is full. */
  get isMissing(): boolean {
    return this.#hasLess(RESERVE_BYTES);
  }

  #hasLess(bytes: number): boolean {
    const reserve = this.#reserve;
    return reserve?.isShort === true && reserve.size < bytes && !reserve.refill() && reserve.size < bytes;
  }
}

function refused(action: string, reserve: Reserve, remedy = ""): RefusedError {
  const cause = reserve.error;
  return new RefusedError("IO_ERROR", `Cannot ${action}: the disk is full${remedy}: ${cause.message}`, { cause });
}
