/**
 * Watching a store.
 *
 * @module
 */

import type { Key, KeyEncoding, KeyIn } from "./keys.ts";
import type { KeyRange } from "./range.ts";

/**
 * A change of one key. `type` says which kind it is.
 *
 * @example
 * ```ts
 * import { type Change, type DeleteChange, MemoryStore, type PutChange } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const describePut = ({ key, value }: PutChange) => `${key} has ${value?.length ?? 0} bytes`;
 * const describeDelete = ({ key }: DeleteChange) => `${key} is gone`;
 * const describe = (change: Change) => (change.type === "put" ? describePut(change) : describeDelete(change));
 * const store = new MemoryStore();
 * await store.put("key", "value");
 * for await (const change of store.watch({}, { since: 0 })) {
 *   assert.equal(describe(change), "key has 5 bytes");
 *   break;
 * }
 * ```
 */
export type Change<K = string, V = Uint8Array<ArrayBuffer>> = PutChange<K, V> | DeleteChange<K>;

/** A put. */
export interface PutChange<K = string, V = Uint8Array<ArrayBuffer>> {
  /** What was done. */
  readonly type: "put";
  /** The key, in the encoding that was asked for. */
  readonly key: K;
  /** The commit. All operations of a batch or a transaction have the same one. */
  readonly version: number;
  /** The new value. It is absent for a value that expired before the watch read it. */
  readonly value?: V;
  /** When the value expires, in milliseconds since 1970; absent for never. */
  readonly expiresAt?: number;
}

/** A deletion. */
export interface DeleteChange<K = string> {
  /** What was done. */
  readonly type: "delete";
  /** The key, in the encoding that was asked for. */
  readonly key: K;
  /** The commit, as that of a {@linkcode PutChange}. */
  readonly version: number;
  /** Absent: so one may read it before the type is known. */
  readonly value?: undefined;
  /** Absent, as the value. */
  readonly expiresAt?: undefined;
}

/**
 * A change with its key in an encoding.
 *
 * @example
 * ```ts
 * import { type ChangeIn, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const changes: AsyncIterable<ChangeIn<"bytes">> = store.watch({ keyEncoding: "bytes" });
 * store.putSync(Uint8Array.of(255), "");
 * for await (const { key } of changes) {
 *   assert.deepEqual(key, Uint8Array.of(255));
 *   break;
 * }
 * ```
 */
export type ChangeIn<E extends KeyEncoding> = Change<KeyIn<E>>;

/**
 * Several ranges to watch at once. They may overlap: a watch delivers each change once. In the ranges `limit`,
 * `reverse` and an encoding have no effect. A single key is `{ gte: key, lte: key }`.
 *
 * @example
 * ```ts
 * import { MemoryStore, type WatchedRanges } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.batch(["a/1", "b", "c", "d"].map((key) => ({ type: "put", key, value: "" })));
 * const watched: WatchedRanges = { ranges: [{ prefix: "a/" }, { gte: "c", lte: "c" }] };
 * const keys: string[] = [];
 * for await (const { key } of store.watch(watched, { since: 0 })) if (keys.push(key) === 2) break;
 * assert.deepEqual(keys, ["a/1", "c"]);
 * ```
 */
export interface WatchedRanges<E extends KeyEncoding = "utf8", K = Key> {
  /** At least one. */
  readonly ranges: readonly KeyRange<K>[];
  /** How the changes show their keys: as in a {@linkcode ReadRange}. A typed view takes none. */
  readonly keyEncoding?: E | undefined;
}

/**
 * Options of a watch.
 *
 * @example
 * ```ts
 * import { type Change, MemoryStore, type WatchOptions } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("key", "value");
 * const options: WatchOptions = { since: 0, signal: AbortSignal.timeout(1000) };
 * let first: Change | undefined;
 * for await (const change of store.watch({}, options)) {
 *   first = change;
 *   break;
 * }
 * assert.deepEqual([first?.type, first?.key, first?.version], ["put", "key", 1]);
 * ```
 */
export interface WatchOptions {
  /** Delivers the changes after this version, the past ones first. Default: the changes after the call. */
  readonly since?: number | undefined;
  /** Ends the watch, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
