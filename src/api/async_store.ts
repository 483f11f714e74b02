/**
 * The part of a store that does not block.
 * The file is long because it is the one list of these methods.
 *
 * @module
 */

import type { BackupOptions, RestoreOptions, RestoreResult } from "./backup.ts";
import type { ChangeIn, WatchedRanges, WatchOptions } from "./changes.ts";
import type { LongOptions } from "./entries.ts";
import type { Key, KeyEncoding, Value } from "./keys.ts";
import type { KeyRange } from "./range.ts";
import type { AsyncReader, AsyncSnapshot, ReadRange, SnapshotRange } from "./reader.ts";
import type { AsyncTransaction, TransactionOptions } from "./transaction.ts";
import type { AsyncView, ViewOptions } from "./view.ts";
import type { BatchOperation, CommitOptions, KeyVersion, PutOptions, WriteOptions } from "./writes.ts";

/**
 * An ordered map from keys to values, by methods that return promises. Every {@linkcode Store} is one, and so are the
 * stores over servers, such as that of `@luge/luge/postgres`. Code that only awaits works on all of them.
 *
 * A write is visible to the reads of the same store that begin after it. It is durable when its promise settles. In a
 * store on disk without `syncWrites`, {@linkcode AsyncStore.flush} makes it durable. Writes of one turn of the event
 * loop become durable together, and so do writes that come while others are on their way.
 *
 * Errors of every method: wrong arguments, and unknown names in objects, are a `TypeError` or `RangeError` before
 * anything is written. A `StoreError` has the code `STORE_CLOSED` after {@linkcode AsyncStore.close}. The pages of each
 * kind of store say which other codes it has.
 *
 * @example
 * ```ts
 * import { type AsyncStore, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * async function visit(store: AsyncStore, page: string): Promise<number> {
 *   return await store.view({ prefix: "visits/" }).increment(page);
 * }
 * const store = new MemoryStore();
 * await visit(store, "home");
 * assert.equal(await visit(store, "home"), 2);
 * ```
 */
export interface AsyncStore extends AsyncReader, AsyncDisposable {
  /**
   * The version of the newest commit: an integer that only grows, also across restarts and crashes. 0 for a store
   * without a commit. Versions have gaps, and the interface does not say where. The first commit of a store on disk has
   * version 2, that of a {@linkcode MemoryStore} version 1. Compare versions, and never calculate with them.
   */
  readonly version: number;
  /**
   * Sets `key` (1 to 65,000 bytes) to `value` (at most 64 MiB, may be empty). The bytes are copied before this returns:
   * the caller may change them at once.
   */
  put(key: Key, value: Value, options?: PutOptions): Promise<void>;
  /** Removes `key`. Returns whether it existed. To find out, luge reads as {@linkcode AsyncReader.has} does. */
  delete(key: Key, options?: WriteOptions): Promise<boolean>;
  /**
   * Does all of the operations as one commit. After a crash the store has all of them, or none. If a key comes twice,
   * the last operation counts; those that count up or append see the earlier ones. At most 256 MiB of keys and values.
   */
  batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void>;
  /**
   * As {@linkcode AsyncStore.batch}, but only if all `checks` are true: each key must have the version that its check names.
   * Returns the version of the commit, or `undefined` if a check is not true. Then nothing is written. Without
   * operations nothing is written either, and it returns the newest version.
   */
  commit(operations: readonly BatchOperation[], options?: CommitOptions): Promise<number | undefined>;
  /**
   * Removes the entries that a range has at the call. Returns how many. One commit removes at most 1,000 entries. So
   * after a crash the first entries may be missing while the others still exist. A put under such a key during the call
   * may be removed, too. A bound or a `limit` that is `undefined` is a `TypeError`, because the call would delete more
   * than you meant. `{}` deletes everything. With `snapshot` it removes the keys that the range has in the snapshot,
   * also where they were written again after it.
   */
  deleteRange(range: SnapshotRange<AsyncSnapshot>, options?: LongOptions): Promise<number>;
  /**
   * Sets `key` to `value` if its present value has the version `expectedVersion`. With `undefined`: if there is no
   * value. Returns whether it did. {@linkcode AsyncReader.getEntry} has the version.
   */
  compareAndSet(key: Key, expectedVersion: number | undefined, value: Value, options?: PutOptions): Promise<boolean>;
  /** Removes `key` if its present value has the version `expectedVersion`. Returns whether it did. */
  compareAndDelete(key: Key, expectedVersion: number, options?: WriteOptions): Promise<boolean>;
  /**
   * Sets when the value of `key` expires: in `ttl` milliseconds, or never with `Infinity`. Returns whether the key
   * exists. luge writes the value again, as a new version.
   */
  touch(key: Key, ttl: number, options?: WriteOptions): Promise<boolean>;
  /**
   * Sets `key` to what `update` makes of its value, in one step: no other write comes in between. If `update` returns
   * `undefined`, the entry stays as it is. Returns what `update` returned. The expiry stays, unless the options have a
   * `ttl`. `update` must not write to the store, which is a `TypeError`, and it cannot wait: use a
   * {@linkcode AsyncStore.transaction} for that.
   *
   * @example
   * ```ts
   * import { jsonCodec, MemoryStore } from "@luge/luge";
   * import assert from "node:assert/strict";
   *
   * const visits = new MemoryStore().view({ prefix: "visits/", value: jsonCodec<number>() });
   * await visits.update("home", (count = 0) => count + 1);
   * assert.equal(await visits.update("home", (count = 0) => count + 1), 2);
   * ```
   */
  update<V extends Value>(
    key: Key,
    update: (value: Uint8Array<ArrayBuffer> | undefined) => V | undefined,
    options?: PutOptions,
  ): Promise<V | undefined>;
  /**
   * Adds `by` to the counter `key`, in one step: writers never conflict, and none is lost. Returns the new number. A
   * counter that does not exist counts as 0, and its expiry stays otherwise. With a number, the value is a double; with
   * a bigint, an unsigned integer of 64 bits, which wraps around: see `float64Codec` and `uint64Codec` of
   * `@luge/luge/codecs`. Rejects with a `TypeError` if the value has not 8 bytes, and with a `RangeError` for NaN.
   * `min` and `max` reject with a `RangeError` for a bigint that is below 0 or above 2^64 - 1.
   *
   * @example
   * ```ts
   * import { MemoryStore } from "@luge/luge";
   * import assert from "node:assert/strict";
   *
   * const store = new MemoryStore();
   * await Promise.all([store.increment("visits"), store.increment("visits", 2)]);
   * assert.equal(await store.increment("visits", -1), 2);
   * assert.equal(await store.max("longest", 17n), 17n);
   * ```
   */
  increment(key: Key, by?: number, options?: PutOptions): Promise<number>;
  /** The same for integers. */
  increment(key: Key, by: bigint, options?: PutOptions): Promise<bigint>;
  /** As {@linkcode AsyncStore.increment}, but keeps the smaller one of the present number and `value`. */
  min(key: Key, value: number, options?: PutOptions): Promise<number>;
  /** The same for integers. */
  min(key: Key, value: bigint, options?: PutOptions): Promise<bigint>;
  /** As {@linkcode AsyncStore.increment}, but keeps the larger one of the present number and `value`. */
  max(key: Key, value: number, options?: PutOptions): Promise<number>;
  /** The same for integers. */
  max(key: Key, value: bigint, options?: PutOptions): Promise<bigint>;
  /**
   * Adds bytes at the end of the value of `key`, in one step. Without a value they become the value. A store on a disk
   * writes these bytes alone, and the whole value later. Rejects with a `RangeError` if the value would have more than
   * 64 MiB.
   */
  append(key: Key, end: Value, options?: PutOptions): Promise<void>;
  /**
   * Calls `run` with a transaction, and commits its writes as one commit. If others meanwhile changed a key or a range
   * that it read, luge calls `run` again. So the outcome is as if transactions ran one after the other (serializable).
   * If `run` throws, nothing is written and the promise rejects with that error. Resolves with the result of `run`.
   *
   * The first run waits for nothing. Transactions that conflict wait in a queue, so each of them runs again once. Plain
   * writes do not wait: they may make a transaction run again.
   *
   * Rejects with `TRANSACTION_CONFLICT` after all retries. A use of the transaction after its end is an error
   * `TRANSACTION_ENDED`.
   */
  transaction<T>(run: (transaction: AsyncTransaction) => T | Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * The store as it is now; with `version`, the store as it was after that commit. A store keeps at least
   * `numVersionsToKeep` versions of each key, and more until the next checkpoint. Throws `VERSION_GONE` if the store
   * removed a version that a reader at `version`, or a later one, could see, unless a snapshot of the same version is
   * open.
   */
  snapshot(options?: { readonly version?: number | undefined }): AsyncSnapshot;
  /**
   * The versions of `key` that the store keeps, because of `numVersionsToKeep` or of snapshots, newest first. Deletions
   * and expired values are versions, too. With one version to keep, such a version may be missing.
   */
  versions(key: Key): Promise<KeyVersion[]>;
  /**
   * Delivers the changes of the keys in a range or in several ranges, each once, in the order of the commits. A change
   * comes only after the write that made it is durable (without `syncWrites`: after it survives the end of the
   * process). The watch ends when the store is closed. On a store that is open with `readOnly` it ends after the past
   * changes. `limit` and `reverse` have no effect.
   *
   * The store queues nothing for a slow consumer, and memory does not grow: the watch reads the history of the store.
   * If the history does not reach back far enough, the watch rejects with `VERSION_GONE`; its `version` says where to
   * continue. The history ends where the store removed a change: the oldest of more than `numVersionsToKeep` changes of
   * a key, or, with one version to keep, a deletion. An open snapshot does not keep changes. Expiry is not a change.
   * With `since` a watch continues: no change is missing or comes twice.
   *
   * A step that waits for a change keeps the process alive. The signal, `return()` and `close()` of the store end it.
   */
  watch<E extends KeyEncoding = "utf8">(
    range?: ReadRange<E, AsyncSnapshot> | WatchedRanges<E>,
    options?: WatchOptions,
  ): AsyncIterable<ChangeIn<E>>;
  /** A typed view of the keys that start with a prefix. */
  view<T, K = Key, P = K>(options: ViewOptions<T, K, P>): AsyncView<T, K, P>;
  /**
   * The keys that start with a prefix, as a store. Its keys do not include the prefix; prefix and key together have at
   * most 65,000 bytes. A key that is the prefix alone shows in ranges as an empty key. Versions, snapshots and transactions are those of the whole store. `flush`, `compact`, `verify`
   * and `metrics` work on the whole store. `close` only makes everything durable: the whole store stays open. `backup`
   * and `restore` are a `TypeError`.
   *
   * @example
   * ```ts
   * import { MemoryStore, type Store } from "@luge/luge";
   * import assert from "node:assert/strict";
   *
   * const store = new MemoryStore();
   * const tenant: Store = store.view({ prefix: "tenant/7/" });
   * await tenant.put("name", "Ada");
   * assert.deepEqual([...tenant.keys()], ["name"]);
   * assert.deepEqual([...store.keys()], ["tenant/7/name"]);
   * ```
   */
  view(options: { readonly prefix: Key }): AsyncStore;
  /** Makes everything written so far durable before the promise settles. */
  flush(): Promise<void>;
  /**
   * The store as it is now, as a stream of bytes: the newest version of each key, with version and expiry, in the order
   * of the keys. Older versions and expired values are not in it. With `since` it has only the keys that changed after
   * that version, with deletions. Everything in it is durable. Reads and writes go on meanwhile. The stream reads as
   * its consumer asks, and uses little memory. Like a snapshot it keeps old versions until it is read, cancelled or
   * aborted.
   *
   * Throws `VERSION_GONE` if the store has not kept all deletions after `since`. With one version to keep, compaction
   * and the background work remove them.
   *
   * @example
   * ```ts
   * import { MemoryStore } from "@luge/luge";
   * import assert from "node:assert/strict";
   *
   * const store = new MemoryStore();
   * await store.put("city", "Berlin");
   * const [full, { version }] = [await new Response(store.backup()).bytes(), store];
   * await store.delete("city");
   * const increment = await new Response(store.backup({ since: version })).bytes();
   *
   * const copy = new MemoryStore();
   * await copy.restore(new Blob([full]).stream());
   * assert.ok(await copy.has("city"));
   * await copy.restore(new Blob([increment]).stream());
   * assert.equal(copy.version, store.version);
   * assert.ok(!(await copy.has("city")));
   * ```
   */
  backup(options?: BackupOptions): ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Restores a backup of any kind of store. A full one needs a store without entries and at a lower version. An
   * increment needs a store at exactly the version that it continues. Entries keep their versions. The store then has
   * the version of the backup, and its history begins there. The stream is read and checked to its end before any of it
   * is visible, also across crashes.
   *
   * Rejects with `BACKUP_INVALID` if the stream is not a backup or is damaged, with `BACKUP_MISMATCH` if it does not
   * fit the store, and with `STORE_BUSY` if snapshots, transactions, iterators or backups are open. The store then
   * stays as it was. While the backup is applied, all other calls reject with `STORE_RESTORING`. Watches that have not
   * delivered all changes end with `VERSION_GONE`.
   */
  restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult>;
  /**
   * About how many bytes of files the entries of a range take. Reads the index, and no entry from the disk: ten million
   * small entries take some tenths of a second, in steps between which the event loop turns.
   *
   * The sum of the sizes of all blocks of some 4 KiB that may have a key of the range, and of the keys and values that
   * are still in memory. So a range is too large by up to two blocks of each of the two levels, and a wider range is
   * never smaller. Deleted, expired and replaced entries count until their blocks are rewritten, as after
   * {@linkcode AsyncStore.compact}. What the background work moves meanwhile may count twice.
   *
   * Not counted: values of 4 KiB or more, which are in the log (`logLiveBytes` of {@linkcode AsyncStore.metrics} has their
   * sum in the whole store), the log itself, the index, and unused space in files. A {@linkcode MemoryStore} counts the
   * bytes of keys and values of all versions that it keeps.
   *
   * The range is that of {@linkcode AsyncReader.keys}; `reverse` and `limit` have no effect, and `snapshot` is a `TypeError`.
   *
   * @example
   * ```ts
   * import { MemoryStore } from "@luge/luge";
   * import assert from "node:assert/strict";
   *
   * const store = new MemoryStore();
   * await store.put("tenant/7/name", "Ada");
   * await store.put("tenant/8/name", "Grace");
   * assert.equal(await store.approximateSize({ prefix: "tenant/7/" }), "tenant/7/nameAda".length);
   * assert.equal(await store.view({ prefix: "tenant/8/" }).approximateSize(), "tenant/8/nameGrace".length);
   * ```
   */
  approximateSize(range?: KeyRange, options?: LongOptions): Promise<number>;
  /**
   * Makes everything durable, then releases files and directory. A second call returns the same promise. After a
   * failure it only releases what is left, and does not report the failure again.
   */
  close(): Promise<void>;
}
