/**
 * Transactions.
 *
 * @module
 */

import type { StoreRecord } from "./entries.ts";
import type { Key, KeyEncoding, KeyIn, Value } from "./keys.ts";
import type { KeyRange, RangeIterable } from "./range.ts";
import type { AsyncReader, Reader, ReadRange, SnapshotRange } from "./reader.ts";
import type { AsyncViewReader, ViewKey, ViewReader } from "./view_reader.ts";
import type { ExpiryOptions, WriteOptions } from "./writes.ts";

/**
 * A transaction. Its reads see the store as it was when the transaction began, and its own writes. Its writes stay in
 * memory until it commits. An iterator over a range sees a write if the write was made before the iterator reached its
 * key.
 */
export interface AsyncTransaction extends AsyncReader {
  /** The version that it reads. */
  readonly version: number;
  /** Sets `key` to `value` when the transaction commits. */
  put(key: Key, value: Value, options?: ExpiryOptions): void;
  /** Removes `key` when the transaction commits. */
  delete(key: Key): void;
  /**
   * Adds `by` to the counter `key` when the transaction commits: see {@linkcode AsyncStore.increment}. Default: 1. This reads
   * nothing, so transactions that increment the same key do not conflict. If the transaction also reads the key, or a
   * range with it, then another change of the key makes it run again. If memory has the
   * value, and it has not 8 bytes, the transaction rejects with a `TypeError`. If the value is only on the disk, luge
   * does not read it: then one that has not 8 bytes stays as it is, without an error. A `MemoryStore` always rejects.
   *
   * @example
   * ```ts
   * import { MemoryStore } from "@luge/luge";
   * import assert from "node:assert/strict";
   *
   * const store = new MemoryStore();
   * await store.transaction((tx) => {
   *   tx.put("order/7", "tea");
   *   tx.increment("orders");
   * });
   * assert.equal(await store.increment("orders", 0), 1);
   * ```
   */
  increment(key: Key, by?: number | bigint, options?: ExpiryOptions): void;
  /** As {@linkcode AsyncTransaction.increment}, but keeps the smaller one of the present number and `value`. */
  min(key: Key, value: number | bigint, options?: ExpiryOptions): void;
  /** As {@linkcode AsyncTransaction.increment}, but keeps the larger one of the present number and `value`. */
  max(key: Key, value: number | bigint, options?: ExpiryOptions): void;
  /** Adds bytes at the end of the value of `key` when the transaction commits, as {@linkcode AsyncTransaction.increment}. */
  append(key: Key, end: Value, options?: ExpiryOptions): void;
  /** A typed view in this transaction: see {@linkcode AsyncTransactionView}. */
  view<T, K, P>(view: AsyncViewReader<T, K, P>): AsyncTransactionView<T, K, P>;
}

/**
 * A transaction of a store in this process: an {@linkcode AsyncTransaction} whose reads have `Sync` forms.
 */
export interface Transaction extends Reader, AsyncTransaction {
  /** As {@linkcode AsyncReader.entries}. */
  entries<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<[KeyIn<E>, Uint8Array<ArrayBuffer>]>;
  /** As {@linkcode AsyncReader.keys}. */
  keys<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<KeyIn<E>>;
  /** As {@linkcode AsyncReader.values}. */
  values(range?: SnapshotRange): RangeIterable<Uint8Array<ArrayBuffer>>;
  /** As {@linkcode AsyncReader.records}. */
  records<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<StoreRecord<KeyIn<E>>>;

  /** As {@linkcode AsyncTransaction.view}. */
  view<T, K, P>(view: ViewReader<T, K, P>): TransactionView<T, K, P>;
}

/**
 * A typed view in a transaction. It reads and writes as the transaction does.
 *
 * @example
 * ```ts
 * import { type AsyncStore, type AsyncTransaction, type AsyncTransactionView, MemoryStore, utf8Codec } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store: AsyncStore = new MemoryStore();
 * const names = store.view({ prefix: "names/", value: utf8Codec });
 * await store.transaction(async (tx: AsyncTransaction) => {
 *   const inside: AsyncTransactionView<string> = tx.view(names);
 *   if (!(await inside.has("ada"))) inside.put("ada", "Ada");
 * });
 * assert.equal(await names.get("ada"), "Ada");
 * ```
 */
export interface AsyncTransactionView<T, K = Key, P = K> extends AsyncViewReader<T, K, P> {
  /** Sets `key` to `value` when the transaction commits. */
  put(key: K, value: T, options?: ExpiryOptions): void;
  /** Removes `key` when the transaction commits. */
  delete(key: K): void;
}

/**
 * A typed view in a transaction of a store in this process. It reads and writes as the transaction does.
 *
 * @example
 * ```ts
 * import { jsonCodec, MemoryStore, type Transaction, type TransactionView } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const accounts = store.view({ prefix: "accounts/", value: jsonCodec<{ euros: number }>() });
 * await accounts.batch(["ada", "bob"].map((key) => ({ type: "put", key, value: { euros: 10 } })));
 * await store.transaction((tx: Transaction) => {
 *   const inside: TransactionView<{ euros: number }> = tx.view(accounts);
 *   inside.put("ada", { euros: (inside.getSync("ada")?.euros ?? 0) - 3 });
 *   inside.put("bob", { euros: (inside.getSync("bob")?.euros ?? 0) + 3 });
 * });
 * assert.deepEqual(await accounts.get("bob"), { euros: 13 });
 * ```
 */
export interface TransactionView<T, K = Key, P = K> extends ViewReader<T, K, P>, AsyncTransactionView<T, K, P> {
  /** As {@linkcode AsyncViewReader.entries}. */
  entries(range?: KeyRange<P>): RangeIterable<[ViewKey<K>, T], P>;
  /** As {@linkcode AsyncViewReader.keys}. */
  keys(range?: KeyRange<P>): RangeIterable<ViewKey<K>, P>;
  /** As {@linkcode AsyncViewReader.values}. */
  values(range?: KeyRange<P>): RangeIterable<T, P>;
  /** As {@linkcode AsyncViewReader.records}. */
  records(range?: KeyRange<P>): RangeIterable<StoreRecord<ViewKey<K>, T>, P>;
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
export interface TransactionOptions extends WriteOptions {
  /** How often it may run again after others changed what it read, 0 to 1,000,000. Default: 100. */
  readonly retries?: number | undefined;
  /**
   * Ends the transaction, also while it waits: nothing is written, and the promise rejects with the signal's reason.
   */
  readonly signal?: AbortSignal | undefined;
}
