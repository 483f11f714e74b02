/**
 * Writes.
 *
 * @module
 */

import type { Key, Value } from "./keys.ts";

/** Options of a put. */
export interface PutOptions {
  /** How long the value lives, in milliseconds, above 0. No read finds it after that time. Default: for ever. */
  readonly ttl?: number;
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
  | { readonly type: "put"; readonly key: Key; readonly value: Value; readonly ttl?: number }
  | { readonly type: "delete"; readonly key: Key };

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
 * ```
 */
export interface KeyVersion {
  /** The commit that wrote it. */
  readonly version: number;
  /** Absent if this version deleted the key, or the value has expired. */
  readonly value?: Uint8Array;
  /** Whether this version deleted the key. */
  readonly deleted: boolean;
  /** When the value expires or expired, in milliseconds since 1970; absent for never. */
  readonly expiresAt?: number;
}
