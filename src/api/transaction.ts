/**
 * Transactions.
 *
 * @module
 */

import type { Key, Value } from "./keys.ts";
import type { Reader } from "./reader.ts";
import type { PutOptions } from "./writes.ts";

/**
 * A transaction. Its reads see the store as it was when the transaction began, and its own writes. Its writes stay in
 * memory until it commits. An iterator over a range sees a write if the write was made before the iterator reached its
 * key.
 */
export interface Transaction extends Reader {
  /** The version that it reads. */
  readonly version: number;
  /** Sets `key` to `value` when the transaction commits. */
  put(key: Key, value: Value, options?: PutOptions): void;
  /** Removes `key` when the transaction commits. */
  delete(key: Key): void;
}

/**
 * Options of a transaction.
 *
 * @example
 * ```ts
 * import { MemoryStore, type TransactionOptions } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const options: TransactionOptions = { retries: 5, signal: AbortSignal.timeout(1000) };
 * const store = new MemoryStore();
 * const count = await store.transaction(async (tx) => {
 *   const [before = 0] = (await tx.get("count")) ?? [];
 *   tx.put("count", Uint8Array.of(before + 1));
 *   return before + 1;
 * }, options);
 * assert.equal(count, 1);
 * ```
 */
export interface TransactionOptions {
  /** How often it may run again after others changed what it read, 0 to 1,000,000. Default: 100. */
  readonly retries?: number;
  /**
   * Ends the transaction, also while it waits: nothing is written, and the promise rejects with the signal's reason.
   */
  readonly signal?: AbortSignal;
}
