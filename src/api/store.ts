/**
 * The contract of every store in this process.
 *
 * @module
 */

import type { AsyncStore } from "./async_store.ts";
import type { LongOptions, StoreRecord } from "./entries.ts";
import type { Key, KeyEncoding, KeyIn, Value } from "./keys.ts";
import type { StoreLatencies } from "./latencies.ts";
import type { CompactResult, VerifyResult } from "./maintenance.ts";
import type { StoreMetrics } from "./metrics.ts";
import type { RangeIterable } from "./range.ts";
import type { Reader, ReadRange, Snapshot, SnapshotRange } from "./reader.ts";
import type { Transaction, TransactionOptions } from "./transaction.ts";
import type { View, ViewOptions } from "./view.ts";
import type { BatchOperation, CommitOptions, KeyVersion, PutOptions, WriteOptions } from "./writes.ts";

/**
 * An ordered map from keys to values, in this process. {@linkcode SledStore} keeps it on disk, {@linkcode MemoryStore}
 * in memory. Code that only awaits can take an {@linkcode AsyncStore} instead, which may also be on a server.
 *
 * Most methods have two forms. The plain form returns a promise, and its writes do not block the event loop while the
 * disk works. The `Sync` form blocks and returns the result.
 *
 * A write is visible to reads at once. On a store on disk it is durable when its promise settles or its `Sync` form
 * returns. Without `syncWrites`, {@linkcode AsyncStore.flush} makes it durable. Writes of one turn of the event loop become
 * durable together, and so do writes that come while the disk syncs.
 *
 * Errors of every method: wrong arguments, and unknown names in objects, are a `TypeError` or `RangeError` before
 * anything is written. A `StoreError` has the code `STORE_CLOSED` after {@linkcode AsyncStore.close}, and `STORE_READ_ONLY`
 * for a write to a store that is open with `readOnly`. If the disk or the engine fails, the first call gets `IO_ERROR`,
 * `LOCK_LOST`, `STORE_CORRUPT` or `ENGINE_TRAP`. Later calls get `STORE_FAILED`, with the first failure as `cause`.
 * `OUT_OF_MEMORY` fails the call, not the store.
 */
export interface Store extends Reader, AsyncStore {
  /** As {@linkcode AsyncReader.entries}. */
  entries<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<[KeyIn<E>, Uint8Array<ArrayBuffer>]>;
  /** As {@linkcode AsyncReader.keys}. */
  keys<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<KeyIn<E>>;
  /** As {@linkcode AsyncReader.values}. */
  values(range?: SnapshotRange): RangeIterable<Uint8Array<ArrayBuffer>>;
  /** As {@linkcode AsyncReader.records}. */
  records<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<StoreRecord<KeyIn<E>>>;

  /** As {@linkcode AsyncStore.put}. */
  putSync(key: Key, value: Value, options?: PutOptions): void;
  /** As {@linkcode AsyncStore.delete}. */
  deleteSync(key: Key, options?: WriteOptions): boolean;
  /** As {@linkcode AsyncStore.batch}. */
  batchSync(operations: readonly BatchOperation[], options?: WriteOptions): void;
  /** As {@linkcode AsyncStore.commit}. */
  commitSync(operations: readonly BatchOperation[], options?: CommitOptions): number | undefined;
  /** As {@linkcode AsyncStore.deleteRange}. */
  deleteRangeSync(range: SnapshotRange): number;
  /** As {@linkcode AsyncStore.compareAndSet}. */
  compareAndSetSync(key: Key, expectedVersion: number | undefined, value: Value, options?: PutOptions): boolean;
  /** As {@linkcode AsyncStore.compareAndDelete}. */
  compareAndDeleteSync(key: Key, expectedVersion: number, options?: WriteOptions): boolean;
  /** As {@linkcode AsyncStore.touch}. */
  touchSync(key: Key, ttl: number, options?: WriteOptions): boolean;
  /** As {@linkcode AsyncStore.update}. */
  updateSync<V extends Value>(
    key: Key,
    update: (value: Uint8Array<ArrayBuffer> | undefined) => V | undefined,
    options?: PutOptions,
  ): V | undefined;
  /** As {@linkcode AsyncStore.transaction}. */
  transaction<T>(run: (transaction: Transaction) => T | Promise<T>, options?: TransactionOptions): Promise<T>;
  /** As {@linkcode AsyncStore.snapshot}. */
  snapshot(options?: { readonly version?: number | undefined }): Snapshot;
  /** As {@linkcode AsyncStore.versions}. */
  versionsSync(key: Key): KeyVersion[];
  /** As {@linkcode AsyncStore.view}. */
  view<T, K = Key, P = K>(options: ViewOptions<T, K, P>): View<T, K, P>;
  /** As {@linkcode AsyncStore.view}, as a store. */
  view(options: { readonly prefix: Key }): Store;
  /** As {@linkcode AsyncStore.flush}. */
  flushSync(): void;
  /**
   * Frees the space of overwritten, deleted and expired entries, and of old versions. Reads and writes go on meanwhile;
   * later writes are not compacted. A compaction needs free space for about what it rewrites. When the promise settles,
   * the old files are removed.
   */
  compact(options?: LongOptions): Promise<CompactResult>;
  /**
   * Reads from the disk and checks every checksum, order and pointer: the part of the log that recovery would read, all
   * blocks, and all large values of the table. In a file of that part of the log, it stops at the first damage and
   * reports it without keys. Changes nothing.
   */
  verify(options?: LongOptions): Promise<VerifyResult>;
  /** Counters since the store was opened, and what it uses now. */
  metrics(): StoreMetrics;
  /** How long operations took since the store was opened. A part of a store has those of the whole store. */
  latencies(): StoreLatencies;
}
