/**
 * Writes.
 *
 * @module
 */

import type { Key, Value } from "./keys.ts";

/**
 * When a value expires.
 *
 * @example
 * ```ts
 * import { type ExpiryOptions, MemoryStore } from "@luge/luge";
 *
 * const options: ExpiryOptions = { ttl: 60_000 };
 * await new MemoryStore().transaction((tx) => tx.put("session/7", "Ada", options));
 * ```
 */
export interface ExpiryOptions {
  /**
   * How long the value lives, in milliseconds, above 0. No read finds it after that time. Default: `Infinity`, which is
   * for ever.
   */
  readonly ttl?: number | undefined;
}

/**
 * Options of a write.
 *
 * @example
 * ```ts
 * import { MemoryStore, type WriteOptions } from "@luge/luge";
 *
 * const options: WriteOptions = { durable: false };
 * await new MemoryStore().delete("a key that a power cut may bring back", options);
 * ```
 */
export interface WriteOptions {
  /**
   * Whether the promise settles only once the write is durable. With `false` it settles once the write survives the end
   * of the process, and luge makes it durable soon after. A power cut before that loses the write and those after it.
   * Default: the `syncWrites` of the store.
   */
  readonly durable?: boolean | undefined;
}

/** Options of a put. */
export interface PutOptions extends ExpiryOptions, WriteOptions {}

/**
 * What must be true of a key, so that a commit is done.
 *
 * @example
 * ```ts
 * import { type Check, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const check: Check = { key: "lock", version: undefined };
 * assert.equal(await store.commit([{ type: "put", key: "lock", value: "me" }], { checks: [check] }), store.version);
 * assert.equal(await store.commit([{ type: "delete", key: "other" }], { checks: [check] }), undefined);
 * ```
 */
export interface Check<K = Key> {
  /** The key to look at. */
  readonly key: K;
  /** The version that its value must have; `undefined` if there must be no value. */
  readonly version: number | undefined;
}

/**
 * Options of a commit: see {@linkcode Check}.
 *
 * @example
 * ```ts
 * import { type CommitOptions, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const options: CommitOptions = { checks: [{ key: "first", version: undefined }], durable: true };
 * const store = new MemoryStore();
 * assert.equal(await store.commit([{ type: "put", key: "first", value: "" }], options), store.version);
 * ```
 */
export interface CommitOptions<K = Key> extends WriteOptions {
  /** If one of them is not true, nothing is written. */
  readonly checks?: readonly Check<K>[] | undefined;
}

/**
 * One operation of a batch.
 *
 * @example
 * ```ts
 * import { type BatchOperation, type Key, MemoryStore, type PutOptions, type Value } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const [key, value]: [Key, Value] = ["session/7", Uint8Array.of(1)];
 * const options: PutOptions = { ttl: 60_000 };
 * const operations: BatchOperation[] = [
 *   { type: "put", key, value, ...options },
 *   { type: "delete", key: "session/6" },
 * ];
 * const store = new MemoryStore();
 * await store.batch(operations);
 * assert.deepEqual([...store.keys()], ["session/7"]);
 * ```
 */
export type BatchOperation =
  | { readonly type: "put"; readonly key: Key; readonly value: Value; readonly ttl?: number | undefined }
  | { readonly type: "delete"; readonly key: Key }
  | MergeOperation;

/**
 * An operation of a batch that changes a value by what it is: as {@linkcode Store.increment}, `min`, `max` and `append`
 * do. It sees the earlier operations of its batch. It reads no value from the disk: see {@linkcode
 * Transaction.increment} for values that have not 8 bytes.
 *
 * @example
 * ```ts
 * import { type MergeOperation, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const operations: MergeOperation[] = [
 *   { type: "increment", key: "sold" },
 *   { type: "increment", key: "sold", by: 2 },
 *   { type: "max", key: "highest", value: 30 },
 *   { type: "append", key: "log", value: "sold 3\n" },
 * ];
 * const store = new MemoryStore();
 * await store.batch(operations);
 * assert.equal(await store.increment("sold", 0), 3);
 * ```
 */
export type MergeOperation =
  | {
      readonly type: "increment";
      readonly key: Key;
      /** What is added. Default: 1. */
      readonly by?: number | bigint | undefined;
      /** Without it the expiry stays. */
      readonly ttl?: number | undefined;
    }
  | {
      readonly type: "min" | "max";
      readonly key: Key;
      readonly value: number | bigint;
      readonly ttl?: number | undefined;
    }
  | { readonly type: "append"; readonly key: Key; readonly value: Value; readonly ttl?: number | undefined };

/**
 * One version of a key.
 *
 * @example
 * ```ts
 * import { type KeyVersion, MemoryStore, type MemoryStoreOptions } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const options: MemoryStoreOptions = { numVersionsToKeep: 2 };
 * const store = new MemoryStore(options);
 * await store.put("key", "value");
 * await store.delete("key");
 * const versions: KeyVersion[] = await store.versions("key");
 * assert.deepEqual(versions.map(({ version, deleted }) => [version, deleted]), [[2, true], [1, false]]);
 * for (const { writtenAt, writtenBefore } of versions) assert((writtenAt ?? 0) < (writtenBefore ?? 0));
 * ```
 */
export interface KeyVersion {
  /** The commit that wrote it. */
  readonly version: number;
  /** Absent if this version deleted the key, or the value has expired. */
  readonly value?: Uint8Array<ArrayBuffer>;
  /** Whether this version deleted the key. */
  readonly deleted: boolean;
  /** When the value expires or expired, in milliseconds since 1970; absent for never. */
  readonly expiresAt?: number;
  /**
   * The earliest time at which its commit can have begun, in milliseconds since 1970, by the clock of the process that made
   * it (of the server for PostgreSQL). Absent if nobody knows: the version is from a backup, or reached a follower while that
   * followed.
   */
  readonly writtenAt?: number;
  /**
   * Its commit began before this time, in milliseconds since 1970. A store on disk knows the second. After 4,096 seconds
   * with commits it knows older ones to about a hundredth of their age. Other stores know the millisecond. Absent as
   * `writtenAt`.
   */
  readonly writtenBefore?: number;
}
