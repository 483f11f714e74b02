/**
 * Typed views of a part of a store.
 *
 * @module
 */

import type { Change, WatchedRanges, WatchOptions } from "./changes.ts";
import type { LongOptions, StoreRecord } from "./entries.ts";
import type { Key, KeyEncoding } from "./keys.ts";
import type { KeyRange, RangeIterable } from "./range.ts";
import type { AsyncViewReader, ViewKey, ViewReader } from "./view_reader.ts";
import type { CommitOptions, PutOptions, WriteOptions } from "./writes.ts";

/**
 * Turns values into bytes and back. If a codec throws, the call throws that error.
 *
 * @example
 * ```ts
 * import { type Codec, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const dates: Codec<Date> = {
 *   encode: (date) => date.toISOString(),
 *   decode: (bytes) => new Date(new TextDecoder().decode(bytes)),
 * };
 * const births = new MemoryStore().view({ prefix: "born/", value: dates });
 * await births.put("ada", new Date("1815-12-10"));
 * assert.equal((await births.get("ada"))?.getFullYear(), 1815);
 * ```
 */
export interface Codec<T> {
  /** Returns the bytes of a value. A string means its UTF-8 bytes. */
  encode(value: T): Uint8Array | string;
  /** Returns the value of bytes that `encode` made. The codec may keep the bytes. */
  decode(bytes: Uint8Array): T;
  /**
   * Decodes several values in one call, if that is faster. luge passes the values of a page of a range: at least one. They may be
   * adjacent in one buffer. Return the decoded values in the same order. The codec may return fewer values or none, or throw. luge
   * then calls `decode` for the others.
   */
  decodeMany?(values: readonly Uint8Array[]): T[];
}

/**
 * Turns keys of a view into bytes and back. The order of keys is that of their bytes. Two keys must have different bytes.
 * `P` is the type of bounds and prefixes of ranges. If a codec throws, the call throws that error.
 *
 * @example
 * ```ts
 * import { type KeyCodec, MemoryStore, utf8Codec } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const days: KeyCodec<Date> = {
 *   encode: (date) => date.toISOString(),
 *   decode: (bytes) => new Date(new TextDecoder().decode(bytes)),
 * };
 * const diary = new MemoryStore().view({ prefix: "diary/", key: days, value: utf8Codec });
 * await diary.put(new Date("2026-01-02"), "snow");
 * assert.deepEqual([...diary.keys({ gte: new Date("2026-01-01") })], [new Date("2026-01-02")]);
 * ```
 */
export interface KeyCodec<K, P = K> {
  /** Returns the bytes of a key, or of a bound or prefix of a range. A string means its UTF-8 bytes. */
  encode(key: K | P): Uint8Array | string;
  /** Returns the key of bytes that `encode` made. The codec may keep the bytes, but must not transfer their buffer. */
  decode(bytes: Uint8Array): K;
  /**
   * The range of a prefix ends before the key that is the bytes of the prefix followed by these bytes. Default: the range has all
   * keys that start with the bytes of the prefix.
   */
  readonly end?: Uint8Array | undefined;
}

/**
 * Options of a view. `K` is the type of keys, and `P` the type of bounds and prefixes of ranges. Pass either `value` or `codec`.
 */
export type ViewOptions<T, K = Key, P = K> = {
  /** The view has only the keys that start with this prefix. The keys of the view do not include it. */
  readonly prefix: Key;
  /** How keys are encoded. Default: a key is a string or bytes, and is read as a string. */
  readonly key?: KeyCodec<K, P> | undefined;
} & (
  | {
      /** How values are encoded. */
      readonly value: Codec<T>;
      readonly codec?: undefined;
    }
  | {
      /** Another name of `value`. */
      readonly codec: Codec<T>;
      readonly value?: undefined;
    }
);

/**
 * One operation of a batch of a view.
 *
 * @example
 * ```ts
 * import { MemoryStore, utf8Codec, type View, type ViewOperation, type ViewOptions } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const options: ViewOptions<string> = { prefix: "notes/", value: utf8Codec };
 * const notes: View<string> = new MemoryStore().view(options);
 * const operations: ViewOperation<string>[] = [
 *   { type: "put", key: "today", value: "bread" },
 *   { type: "delete", key: "yesterday" },
 * ];
 * await notes.batch(operations);
 * assert.deepEqual([...notes.entries()], [["today", "bread"]]);
 * ```
 */
export type ViewOperation<T, K = Key> =
  | { readonly type: "put"; readonly key: K; readonly value: T; readonly ttl?: number | undefined }
  | { readonly type: "delete"; readonly key: K };

/**
 * A part of a store: the keys that start with a prefix. The keys of the view do not include the prefix. A codec converts the
 * values. Order, durability and errors are those of the store. Keys are strings or bytes, or the keys of a key codec. Prefix and
 * key together have at most 65,000 bytes. A view cannot read or write keys outside its prefix.
 *
 * @example
 * ```ts
 * import { type AsyncStore, type AsyncView, jsonCodec, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store: AsyncStore = new MemoryStore();
 * const users: AsyncView<{ email: string }> = store.view({ prefix: "users/", value: jsonCodec<{ email: string }>() });
 * await users.put("alice", { email: "alice@example.org" });
 * assert.deepEqual(await users.get("alice"), { email: "alice@example.org" });
 * assert.deepEqual(await store.keys().toArray(), ["users/alice"]);
 * ```
 */
export interface AsyncView<T, K = Key, P = K> extends AsyncViewReader<T, K, P> {
  /** Sets `key` to `value`. */
  put(key: K, value: T, options?: PutOptions): Promise<void>;
  /** Removes `key`. Returns whether it existed. */
  delete(key: K, options?: WriteOptions): Promise<boolean>;
  /** Applies all operations or none. */
  batch(operations: readonly ViewOperation<T, K>[], options?: WriteOptions): Promise<void>;
  /** Applies all operations if all checks are true: see {@linkcode AsyncStore.commit}. */
  commit(operations: readonly ViewOperation<T, K>[], options?: CommitOptions<K>): Promise<number | undefined>;
  /** Sets `key` to `value` if its present value has that version: see {@linkcode AsyncStore.compareAndSet}. */
  compareAndSet(key: K, expectedVersion: number | undefined, value: T, options?: PutOptions): Promise<boolean>;
  /** Removes `key` if its present value has that version. Returns whether it did. */
  compareAndDelete(key: K, expectedVersion: number, options?: WriteOptions): Promise<boolean>;
  /** Sets when the value of `key` expires: see {@linkcode AsyncStore.touch}. */
  touch(key: K, ttl: number, options?: WriteOptions): Promise<boolean>;
  /** Sets `key` to what `update` makes of its value: see {@linkcode AsyncStore.update}. */
  update(key: K, update: (value: T | undefined) => T | undefined, options?: PutOptions): Promise<T | undefined>;
  /** Removes the entries of a range. Returns their number. */
  deleteRange(range: KeyRange<P>, options?: LongOptions): Promise<number>;
  /** About how many bytes of files the entries of a range take: see {@linkcode AsyncStore.approximateSize}. */
  approximateSize(range?: KeyRange<P>, options?: LongOptions): Promise<number>;
  /** The changes of a range, past and future: see {@linkcode AsyncStore.watch}. An error of a codec ends the watch. */
  watch(
    range?: KeyRange<P> | Pick<WatchedRanges<KeyEncoding, P>, "ranges">,
    options?: WatchOptions,
  ): AsyncIterable<Change<ViewKey<K>, T>>;
  /** A view of a part of this view. Its prefix is a string or bytes. */
  view<U, L = Key, Q = L>(options: ViewOptions<U, L, Q>): AsyncView<U, L, Q>;
}

/**
 * A view of a store in this process: an {@linkcode AsyncView} with `Sync` forms.
 *
 * @example
 * ```ts
 * import { jsonCodec, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const users = store.view({ prefix: "users/", value: jsonCodec<{ email: string }>() });
 * await users.put("alice", { email: "alice@example.org" });
 * assert.deepEqual(await users.get("alice"), { email: "alice@example.org" });
 * assert.deepEqual([...store.keys()], ["users/alice"]);
 * ```
 */
export interface View<T, K = Key, P = K> extends ViewReader<T, K, P>, AsyncView<T, K, P> {
  /** As {@linkcode AsyncViewReader.entries}. */
  entries(range?: KeyRange<P>): RangeIterable<[ViewKey<K>, T], P>;
  /** As {@linkcode AsyncViewReader.keys}. */
  keys(range?: KeyRange<P>): RangeIterable<ViewKey<K>, P>;
  /** As {@linkcode AsyncViewReader.values}. */
  values(range?: KeyRange<P>): RangeIterable<T, P>;
  /** As {@linkcode AsyncViewReader.records}. */
  records(range?: KeyRange<P>): RangeIterable<StoreRecord<ViewKey<K>, T>, P>;

  /** As {@linkcode AsyncView.put}. */
  putSync(key: K, value: T, options?: PutOptions): void;
  /** As {@linkcode AsyncView.delete}. */
  deleteSync(key: K, options?: WriteOptions): boolean;
  /** As {@linkcode AsyncView.batch}. */
  batchSync(operations: readonly ViewOperation<T, K>[], options?: WriteOptions): void;
  /** As {@linkcode AsyncView.commit}. */
  commitSync(operations: readonly ViewOperation<T, K>[], options?: CommitOptions<K>): number | undefined;
  /** As {@linkcode AsyncView.compareAndSet}. */
  compareAndSetSync(key: K, expectedVersion: number | undefined, value: T, options?: PutOptions): boolean;
  /** As {@linkcode AsyncView.compareAndDelete}. */
  compareAndDeleteSync(key: K, expectedVersion: number, options?: WriteOptions): boolean;
  /** As {@linkcode AsyncView.touch}. */
  touchSync(key: K, ttl: number, options?: WriteOptions): boolean;
  /** As {@linkcode AsyncView.update}. */
  updateSync(key: K, update: (value: T | undefined) => T | undefined, options?: PutOptions): T | undefined;
  /** As {@linkcode AsyncView.deleteRange}. */
  deleteRangeSync(range: KeyRange<P>): number;
  /** As {@linkcode AsyncView.view}. */
  view<U, L = Key, Q = L>(options: ViewOptions<U, L, Q>): View<U, L, Q>;
}
