/**
 * Transactions.
 *
 * @module
 */

import type { Key, Value } from "./keys.ts";
import type { Reader } from "./reader.ts";
import type { PutOptions } from "./writes.ts";

/**
 * A transaction: its reads see the store as it was when the transaction began, and what it has written itself. Its writes
 * are in memory until it commits. A walk over a range sees the writes that were made before it came by.
 */
export interface Transaction extends Reader {
  /** The newest commit that it sees. */
  readonly version: number;
  /** Sets `key` to `value` when the transaction commits. */
  put(key: Key, value: Value, options?: PutOptions): void;
  /** Removes `key` when the transaction commits. */
  delete(key: Key): void;
}

/**
 * How a transaction is run.
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
  /** How often it is run again when others changed what it read, 0 to 1,000,000. Default: 100. */
  readonly retries?: number;
  /** Ends it, also while it waits for its turn: nothing is written, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}
