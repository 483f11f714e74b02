/**
 * Ranges of keys, as callers pass them.
 *
 * @module
 */

import type { Key } from "./keys.ts";

/**
 * Keys between two bounds, in the byte order of keys. Without any bound: all keys. Give at most one of `gt` and `gte`,
 * and one of `lt` and `lte`. With `prefix` a key must fulfil both.
 *
 * @example
 * ```ts
 * import { type KeyRange, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * for (const key of ["a", "b", "c", "d"]) store.putSync(key, "");
 * const range: KeyRange = { gt: "a", lte: "d", reverse: true, limit: 2 };
 * assert.deepEqual([...store.keys(range)], ["d", "c"]);
 * ```
 */
export interface KeyRange<K = Key> {
  /** Only keys that start with this; `""` for all. */
  readonly prefix?: K | undefined;
  /** Only keys above this one; `""` for all. */
  readonly gt?: K | undefined;
  /** Only keys at or above this one; `""` for all. */
  readonly gte?: K | undefined;
  /** Only keys below this one. */
  readonly lt?: K | undefined;
  /** Only keys at or below this one. */
  readonly lte?: K | undefined;
  /** From the last key to the first. Default: `false`. */
  readonly reverse?: boolean | undefined;
  /** At most this many entries, the first ones in the order of the range. Default: all. */
  readonly limit?: number | undefined;
}

/**
 * The entries, keys or values of a range, for `for await`. You may iterate over it several times, and leave an iterator
 * early. Each iterator sees one version of the store: that of its first step, which may wait for its turn. `P` is the
 * type of keys to seek.
 *
 * @example
 * ```ts
 * import { type AsyncRangeIterable, type AsyncStore, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store: AsyncStore = new MemoryStore();
 * await store.batch(["a", "b", "c"].map((key) => ({ type: "put", key, value: "" })));
 * const keys: AsyncRangeIterable<string> = store.keys({ gt: "a" });
 * assert.deepEqual(await keys.toArray(), ["b", "c"]);
 * ```
 */
export interface AsyncRangeIterable<T, P = Key> extends AsyncIterable<T> {
  /** A new iterator, which lets the event loop turn. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
  /** What `change` makes of each entry. If it throws, the iterator throws that error and ends. */
  map<U>(change: (entry: T) => U): AsyncRangeIterable<U, P>;
  /** The entries for which `isWanted` returns a true value. */
  filter<U extends T>(isWanted: (entry: T) => entry is U): AsyncRangeIterable<U, P>;
  /** The entries for which `isWanted` returns a true value. */
  filter(isWanted: (entry: T) => boolean): AsyncRangeIterable<T, P>;
  /** The first entries, `count` at most: an integer of at least 0. */
  take(count: number): AsyncRangeIterable<T, P>;
  /** All entries, in memory. The event loop turns in between. */
  toArray(): Promise<T[]>;
  /** A cursor over the range. It sees the store as it is now. */
  cursor(): AsyncRangeCursor<T, P>;
}

/**
 * As {@linkcode AsyncRangeIterable}, and also for `for`, whose steps block. With `for await` the event loop turns in
 * between.
 *
 * On Node 22 or newer and on Deno the values of one iterator share buffers with each other. Such a buffer cannot be
 * transferred: an error says so. `value.buffer` has other values, too. `slice()` makes a copy with its own buffer.
 *
 * @example
 * ```ts
 * import { MemoryStore, type RangeIterable } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.batch(["a", "b", "c", "d"].map((key) => ({ type: "put", key, value: key.repeat(2) })));
 * const keys: RangeIterable<string> = store.keys({ gt: "a" });
 * assert.deepEqual([...keys], ["b", "c", "d"]);
 * assert.deepEqual(await keys.filter((key) => key !== "c").map((key) => key.toUpperCase()).toArray(), ["B", "D"]);
 * assert.deepEqual(keys.take(1).toArraySync(), ["b"]);
 * ```
 */
export interface RangeIterable<T, P = Key> extends AsyncRangeIterable<T, P>, Iterable<T> {
  /** A new iterator, whose steps block. */
  [Symbol.iterator](): IterableIterator<T>;
  /** As {@linkcode AsyncRangeIterable.map}. */
  map<U>(change: (entry: T) => U): RangeIterable<U, P>;
  /** As {@linkcode AsyncRangeIterable.filter}. */
  filter<U extends T>(isWanted: (entry: T) => entry is U): RangeIterable<U, P>;
  /** As {@linkcode AsyncRangeIterable.filter}. */
  filter(isWanted: (entry: T) => boolean): RangeIterable<T, P>;
  /** As {@linkcode AsyncRangeIterable.take}. */
  take(count: number): RangeIterable<T, P>;
  /** As {@linkcode RangeIterable.toArray}. */
  toArraySync(): T[];
  /** As {@linkcode AsyncRangeIterable.cursor}. */
  cursor(): RangeCursor<T, P>;
}

/**
 * A place in a range. It reads as many entries as you ask for, and seeks any key. It holds a snapshot: dispose of it
 * as soon as you need it no more. After that, and after an error, its methods throw `STORE_CLOSED`.
 *
 * @example
 * ```ts
 * import { type AsyncRangeCursor, type AsyncStore, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store: AsyncStore = new MemoryStore();
 * await store.batch(["a", "b", "c", "d"].map((key) => ({ type: "put", key, value: "" })));
 * using cursor: AsyncRangeCursor<string> = store.keys().cursor();
 * assert.deepEqual(await cursor.nextMany(2), ["a", "b"]);
 * cursor.seek("cc");
 * assert.deepEqual(await cursor.nextMany(100), ["d"]);
 * ```
 */
export interface AsyncRangeCursor<T, P = Key> extends Disposable {
  /** The next entries, `count` at most: an integer of at least 1. Fewer come only at the end of the range. */
  nextMany(count: number): Promise<T[]>;
  /**
   * Continues at the first entry at or after `key`. In a range with `reverse`: at or before it. Entries outside of the
   * range never come. A `limit` counts the entries before and after a seek together.
   */
  seek(key: P): void;
  /** Releases the snapshot. You may call it twice. */
  dispose(): void;
}

/**
 * As {@linkcode AsyncRangeCursor}, and also reads without a promise.
 *
 * @example
 * ```ts
 * import { MemoryStore, type RangeCursor } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.batch(["a", "b", "c", "d"].map((key) => ({ type: "put", key, value: "" })));
 * using cursor: RangeCursor<string> = store.keys().cursor();
 * assert.deepEqual(await cursor.nextMany(2), ["a", "b"]);
 * assert.deepEqual(await cursor.nextMany(100), ["c", "d"]);
 * assert.deepEqual(await cursor.nextMany(100), []);
 * cursor.seek("bb");
 * assert.deepEqual(cursor.nextManySync(1), ["c"]);
 * ```
 */
export interface RangeCursor<T, P = Key> extends AsyncRangeCursor<T, P> {
  /** As {@linkcode RangeCursor.nextMany}. */
  nextManySync(count: number): T[];
}
