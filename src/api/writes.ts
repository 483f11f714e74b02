/**
 * Writes.
 *
 * @module
 */

import type { Key, Value } from "./keys.ts";

/** How a value is put. */
export interface PutOptions {
  /** How long it lives, in milliseconds, above 0: it is gone exactly then. Default: for ever. */
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
  /** Absent when the key was deleted, or the value has expired. */
  readonly value?: Uint8Array;
  /** Whether this version deleted the key. */
  readonly deleted: boolean;
  /** When the value expires or expired, in milliseconds since 1970; absent for never. */
  readonly expiresAt?: number;
}
