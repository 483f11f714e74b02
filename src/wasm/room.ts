/**
 * Whether the disk has room for a call. While the store's reserve is incomplete, calls that need space are refused
 * before they change anything. Calls that free space may use the reserve.
 *
 * @module
 */

import { RefusedError } from "../errors.ts";
import { KEPT_FOR_OPEN_BYTES, RESERVE_BYTES, type Reserve } from "../fs/reserve.ts";
import { MAX_WRITE_BUFFER_BYTES } from "../limits.ts";

/** The part of the log after the last checkpoint fits into this many write buffers. */
const LOG_IN_BUFFERS = 4;
/** The least room for the log. With small buffers, checkpoints and writes that waited for the full disk count, too. */
const LEAST_FOR_LOG_BYTES = 16 * 1024 * 1024;
/** How much of the reserve a deletion must leave. The start of a log file and the next open need less. */
const LEFT_BY_DELETE_BYTES = KEPT_FOR_OPEN_BYTES * 1.5;
/** How much of the reserve a compaction leaves for the next open and deletions. Its last step may take 0.3 MiB more. */
const LEFT_BY_COMPACTION_BYTES = KEPT_FOR_OPEN_BYTES * 2.5;
/** How much of the reserve many deletions must leave, for the compaction after them. */
const LEFT_BY_DELETIONS_BYTES = KEPT_FOR_OPEN_BYTES * 4;
/** A batch of at most this many deletions counts as one deletion. */
const FEW = 100;

/** The room of one engine. Without a reserve there is always room. */
export class Room {
  readonly #reserve: Reserve | undefined;
  readonly #sizeBytes: () => number;

  /** `sizeBytes` returns the size of the store's files. */
  constructor(reserve: Reserve | undefined, sizeBytes: () => number) {
    this.#reserve = reserve;
    this.#sizeBytes = sizeBytes;
  }

  /**
   * The write buffer to open with. After the disk was full, there may be no room to merge the log into the table, and
   * the entries that are deleted next should not be merged at all. So one large memtable takes the whole log.
   */
  bufferFor(size: number): number {
    if (!this.#reserve?.wasShort) return size;
    return Math.min(Math.max(LOG_IN_BUFFERS * size, LEAST_FOR_LOG_BYTES), MAX_WRITE_BUFFER_BYTES);
  }

  /** Called when the store is open. */
  opened(): void {
    this.#reserve?.opened();
  }

  /** Checks room before a write; throws {@linkcode RefusedError} while the disk is full. */
  toWrite(): void {
    const reserve = this.#reserve;
    if (reserve === undefined) return;
    if (reserve.asksForBytes) reserve.storeHas(this.#sizeBytes());
    if (reserve.isShort && !reserve.refill()) throw refused("write", reserve);
    reserve.forbid();
  }

  /**
   * Checks room before a number of deletions; throws {@linkcode RefusedError} if too little of the reserve would be
   * left.
   */
  toDelete(deletions: number): void {
    const left = deletions > FEW ? LEFT_BY_DELETIONS_BYTES : LEFT_BY_DELETE_BYTES;
    this.#take(left, "delete so much", () => "compact() or free space elsewhere");
  }

  /**
   * Checks room before a step of a compaction, which may use the reserve; throws {@linkcode RefusedError} if too little
   * would be left. A compaction writes at most what the files have.
   */
  toCompact(): void {
    const mostMiB = () => Math.ceil(this.#sizeBytes() / 2 ** 20);
    this.#take(LEFT_BY_COMPACTION_BYTES, "compact", () => `free up to ${mostMiB()} MiB elsewhere`);
  }

  /** Checks room before a restore, which may not use the reserve. */
  toRestore(): void {
    this.#reserve?.forbid();
  }

  /** Refills the reserve after files were removed. */
  renew(): void {
    this.#reserve?.renew();
  }

  /** Whether the disk is full. */
  get isMissing(): boolean {
    return this.#hasLess(RESERVE_BYTES);
  }

  /** Lets a call use the reserve, unless it has less than `left`. */
  #take(left: number, action: string, remedy: () => string): void {
    const reserve = this.#reserve;
    reserve?.allow();
    if (reserve && this.#hasLess(left)) throw refused(action, reserve, `; ${remedy()}`);
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
