/**
 * What reads return, and the options of those that take long.
 *
 * @module
 */

/**
 * A value with its version and expiry.
 *
 * @example
 * ```ts
 * import { MemoryStore, type ValueEntry } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("key", "value", { ttl: 1000 });
 * const entry: ValueEntry | undefined = await store.getEntry("key");
 * assert.equal(entry?.version, store.version);
 * assert.ok((entry?.expiresAt ?? 0) > Date.now());
 * ```
 */
export interface ValueEntry<V = Uint8Array<ArrayBuffer>> {
  /** The bytes, which the caller owns: see {@linkcode Reader.get}. In a view: what its codec makes of them. */
  readonly value: V;
  /** The commit that wrote it. */
  readonly version: number;
  /** When it expires, in milliseconds since 1970; absent for never. */
  readonly expiresAt?: number;
}

/**
 * A key with its value, version and expiry.
 *
 * @example
 * ```ts
 * import { MemoryStore, type StoreRecord } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("key", "value");
 * const [record]: StoreRecord[] = await store.records().toArray();
 * assert.deepEqual([record?.key, record?.version], ["key", store.version]);
 * ```
 */
export interface StoreRecord<K = string, V = Uint8Array<ArrayBuffer>> extends ValueEntry<V> {
  /** The key, in the encoding that was asked for. */
  readonly key: K;
}

/**
 * Options of a call that may take long.
 *
 * @example
 * ```ts
 * import { type LongOptions, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const options: LongOptions = { signal: AbortSignal.abort(new Error("enough")) };
 * await assert.rejects(new MemoryStore().count({}, options), /enough/);
 * ```
 */
export interface LongOptions {
  /** Stops the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
