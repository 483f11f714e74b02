/**
 * What compactions and verifications return.
 *
 * @module
 */

/**
 * The result of `Store.compact`: the bytes of the store's files with data, which are log, blocks and index.
 * The marker, the lock and the directories take less than 1 KiB more, and the file system rounds up.
 *
 * @example
 * ```ts
 * import { type CompactResult, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const { bytesBefore, bytesAfter }: CompactResult = await new MemoryStore().compact();
 * assert.ok(bytesAfter <= bytesBefore);
 * ```
 */
export interface CompactResult {
  /** Bytes of the files before the compaction, without the reserve for a full disk. */
  readonly bytesBefore: number;
  /** The same after it. Other calls may have written meanwhile. */
  readonly bytesAfter: number;
}

/**
 * The result of `Store.verify`.
 *
 * @example
 * ```ts
 * import { type Damage, MemoryStore, type VerifyResult } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("key", "value");
 * const { entries, damages }: VerifyResult = await store.verify();
 * const shown = damages.map(({ file, offset, message }: Damage) => `${file} at ${offset}: ${message}`);
 * assert.deepEqual([entries, shown], [1, []]);
 * ```
 */
export interface VerifyResult {
  /**
   * How many entries were read; each version counts, and each deletion that is kept. Of a store on a disk these are the
   * entries of the table. What is only in the write buffer does not count: of it, `verify` checks the records in the log.
   * `compact` first, if you want to count everything.
   */
  readonly entries: number;
  /** Each damage; empty if there is none. Of a file of the log that recovery would read, the first one. */
  readonly damages: readonly Damage[];
}

/** A damage in a file. */
export interface Damage {
  /** The file, below the store's directory. */
  readonly file: string;
  /** The place in that file, in bytes. */
  readonly offset: number;
  /** The first key that may not be readable. It is empty if the damage has no particular key. */
  readonly from: Uint8Array<ArrayBuffer>;
  /** The first key after the damage; `undefined` for the end. */
  readonly to: Uint8Array<ArrayBuffer> | undefined;
  /** What is wrong, in words. */
  readonly message: string;
}
