/**
 * The contract that every store fulfils, whatever holds its data.
 *
 * @module
 */

import type { BackupOptions, RestoreOptions, RestoreResult } from "./backup.ts";
import type { ChangeIn, WatchOptions } from "./changes.ts";
import type { Key, KeyEncoding, Value } from "./keys.ts";
import type { StoreMetrics } from "./metrics.ts";
import type { KeyRange } from "./range.ts";
import type { LongOptions, Reader, ReadRange, Snapshot } from "./reader.ts";
import type { Transaction, TransactionOptions } from "./transaction.ts";
import type { View, ViewOptions } from "./view.ts";
import type { BatchOperation, KeyVersion, PutOptions } from "./writes.ts";

/**
 * An ordered map from keys to values. {@linkcode SledStore} keeps it on disk, {@linkcode MemoryStore} in memory.
 *
 * Most methods exist twice: the plain form returns a promise and does not block the event loop for the disk; the `Sync` form
 * returns the result when it is done. A write is visible to reads at once. On a store on disk it is durable when its promise
 * settles or its `Sync` form returns, unless `syncWrites` is off: then {@linkcode Store.flush} makes it durable. All that is
 * written before the event loop turns, or while the disk syncs what was written before, becomes durable together.
 *
 * Errors, of every method: `TypeError` or `RangeError` for wrong arguments, unknown names in objects among them, before anything is written; `StoreError`
 * `STORE_CLOSED` after {@linkcode Store.close} was called; `STORE_FAILED`, with the first failure as its `cause`, after the
 * disk or the engine failed; for the call that met the failure: `IO_ERROR`, `LOCK_LOST`, `STORE_CORRUPT` or `ENGINE_TRAP`;
 * and `STORE_READ_ONLY` for a write to a store that was opened for reading. `OUT_OF_MEMORY` fails the call, not the store.
 */
export interface Store extends Reader, AsyncDisposable {
  /**
   * The newest commit: an integer that only grows, also over restarts and crashes; 0 for a store that never had one. It has gaps, and where
   * these are is no part of the interface: a store on disk uses a number up whenever it reserves some, so its first commit has
   * version 2, and one of a {@linkcode MemoryStore} version 1. Compare versions, and never calculate with them.
   */
  readonly version: number;

  /**
   * Sets `key` (1 to 65,000 bytes) to `value` (at most 64 MiB, may be empty). The bytes are copied before this returns:
   * the caller may change them at once.
   */
  put(key: Key, value: Value, options?: PutOptions): Promise<void>;
  /** As {@linkcode Store.put}. */
  putSync(key: Key, value: Value, options?: PutOptions): void;

  /** Removes `key`; one that is not there is no error. */
  delete(key: Key): Promise<void>;
  /** As {@linkcode Store.delete}. */
  deleteSync(key: Key): void;

  /**
   * Does all of the operations or, after a crash, none of them, as one commit; where a key comes twice, the last one counts.
   * At most 256 MiB of keys and values.
   */
  batch(operations: readonly BatchOperation[]): Promise<void>;
  /** As {@linkcode Store.batch}. */
  batchSync(operations: readonly BatchOperation[]): void;

  /**
   * Removes the entries of a range that were there at the call; returns how many. At most 10,000 of them are one commit:
   * after a crash the first ones may be gone and the others still there. What is put meanwhile under such a key may go, too.
   * A bound or a `limit` that is there and `undefined` is a `TypeError`: it would delete more than was meant. `{}` deletes all.
   */
  deleteRange(range: KeyRange, options?: LongOptions): Promise<number>;
  /** As {@linkcode Store.deleteRange}. */
  deleteRangeSync(range: KeyRange): number;

  /**
   * Sets `key` to `value` if the version of its present value is `expectedVersion`, or if there is none and that is
   * `undefined`; says whether it did. {@linkcode Reader.getEntry} tells the version.
   */
  compareAndSet(key: Key, expectedVersion: number | undefined, value: Value, options?: PutOptions): Promise<boolean>;
  /** As {@linkcode Store.compareAndSet}. */
  compareAndSetSync(key: Key, expectedVersion: number | undefined, value: Value, options?: PutOptions): boolean;

  /**
   * Runs `run` with a transaction and commits what it wrote, as one commit, unless others changed meanwhile what it read, keys
   * and ranges: then it is run again. So the outcome is as if transactions ran one after the other (serializable). When `run`
   * throws, nothing is written and the promise rejects with what it threw. Resolves with what `run` returned.
   *
   * The first run waits for nobody. Transactions that conflict queue, so that each of them is run again once. Plain writes do not queue: they
   * may make a transaction run again.
   *
   * `TRANSACTION_CONFLICT` after all retries; `TRANSACTION_ENDED` for the use of a transaction after its end.
   */
  transaction<T>(run: (transaction: Transaction) => T | Promise<T>, options?: TransactionOptions): Promise<T>;

  /**
   * The store as it is now; with `version` as it was after that commit. Old versions are there as long as nothing removed
   * them: `numVersionsToKeep` of each key at least, more until the next checkpoint. `VERSION_GONE` when some of what that
   * version, or a later one, saw is gone, unless a snapshot of the same version is open.
   */
  snapshot(options?: { readonly version?: number }): Snapshot;

  /**
   * The versions of `key` that are kept, by `numVersionsToKeep` and by snapshots, newest first. Deletions count, and so do expired
   * values; with one version to keep, such a version may be missing.
   */
  versions(key: Key): Promise<KeyVersion[]>;
  /** As {@linkcode Store.versions}. */
  versionsSync(key: Key): KeyVersion[];

  /**
   * The changes of the keys of a range, each once, in the order of the commits, once they are durable (without `syncWrites`:
   * once they survive the end of the process). The walk ends when the store is closed, and behind the past changes of one that is open
   * for reading only. `limit` and `reverse` do not count.
   *
   * Nothing is kept for a consumer that is slow, and no memory grows: it reads the store's history, and when that does not
   * reach back far enough any more, it gets `VERSION_GONE`, whose `version` says from where it could go on. It reaches back to where a
   * change went for good: the oldest of more than `numVersionsToKeep` changes of a key, or with one version to keep a deletion. An open snapshot
   * does not keep changes. What expires is no change. `since` continues a walk: no change is missed or comes twice.
   *
   * A step that waits for a change keeps the process alive, as a read of a socket does. The signal ends it, and so do `return()` of the
   * walk and `close()` of the store.
   */
  watch<E extends KeyEncoding = "utf8">(range?: ReadRange<E>, options?: WatchOptions): AsyncIterable<ChangeIn<E>>;

  /** A typed view of the keys that start with a prefix. */
  view<T>(options: ViewOptions<T>): View<T>;

  /** Everything written so far is durable when the promise settles. */
  flush(): Promise<void>;
  /** As {@linkcode Store.flush}. */
  flushSync(): void;

  /**
   * Gives the space of what nothing needs back: overwritten, deleted and expired values, and old versions. Reads and writes
   * go on meanwhile; what is written after the start is not compacted. Needs free space for about what is rewritten. The files that are
   * not needed any more are gone when the promise settles.
   */
  compact(options?: LongOptions): Promise<CompactResult>;

  /** Reads everything and checks every checksum, order and pointer, past the caches. Changes nothing. */
  verify(options?: LongOptions): Promise<VerifyResult>;

  /**
   * The store as it is now, as a stream of bytes: the newest version of each key, with version and expiry, in the order of the
   * keys; older versions and what has expired are left out. With `since` only the keys that changed after that version,
   * deletions included. All of it is durable before it leaves the store. Reads and writes go on meanwhile. Nothing is read
   * before it is asked for, and little is held; the stream keeps old versions from being given back, as a snapshot does, until
   * it was read, cancelled or aborted.
   *
   * Throws `VERSION_GONE` when not all deletions since `since` are known any more: with one version to keep, compaction and the work
   * behind the commits forget them.
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
  backup(options?: BackupOptions): ReadableStream<Uint8Array>;

  /**
   * Restores a backup, of any kind of store: a full one to a store without entries and at a lower version, an increment to one
   * that is at exactly the version it continues. Entries keep their versions, and the store is at the version of the backup then;
   * its history begins there. The stream is read and checked to its end before any of it shows, also over crashes.
   *
   * Rejects with `BACKUP_INVALID` when the stream is no backup or is damaged, `BACKUP_MISMATCH` when it does not fit the store,
   * `STORE_BUSY` when snapshots, transactions, walks or backups are open: the store is as it was then. While the backup is applied all other
   * calls reject with `STORE_RESTORING`. Watches that are behind end with `VERSION_GONE`.
   */
  restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult>;

  /** What the store did since it was opened, and what it uses. */
  metrics(): StoreMetrics;

  /**
   * Makes everything durable, then gives files and directory back. Calling it again returns the same promise. After a
   * failure it only gives back what is left and does not report the failure again.
   */
  close(): Promise<void>;
}

/**
 * What {@linkcode Store.compact} did: bytes of the store's files with data: log, blocks and index. The marker, the lock and what directories
 * take come on top, less than 1 KiB together, and what the file system rounds up.
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
  /** Before. */
  readonly bytesBefore: number;
  /** After. Other calls may have written meanwhile. */
  readonly bytesAfter: number;
}

/**
 * What {@linkcode Store.verify} found.
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
  /** How many entries were read, versions counted. */
  readonly entries: number;
  /** What is wrong; empty when nothing is. */
  readonly damages: readonly Damage[];
}

/** Something wrong with a file. */
export interface Damage {
  /** The file, below the store's directory. */
  readonly file: string;
  /** Where in that file, in bytes. */
  readonly offset: number;
  /** The first key that may not be readable. Without keys in it, the damage is to none in particular. */
  readonly from: Uint8Array;
  /** The key behind the last one; `undefined` for the end. */
  readonly to: Uint8Array | undefined;
  /** What is wrong, in words. */
  readonly message: string;
}
