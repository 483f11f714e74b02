/**
 * Ranges of keys, as callers give them.
 *
 * @module
 */

import type { Key } from "./keys.ts";

/**
 * Keys between two ends, in the byte order of keys. Without any end: all keys. At most one of `gt` and `gte`, and one of
 * `lt` and `lte`; with `prefix` the keys that fulfil both.
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
export interface KeyRange {
  /** Only keys that start with this; `""` for all. */
  readonly prefix?: Key;
  /** Only keys above this one; `""` for all. */
  readonly gt?: Key;
  /** Only keys at or above this one; `""` for all. */
  readonly gte?: Key;
  /** Only keys below this one. */
  readonly lt?: Key;
  /** Only keys at or below this one. */
  readonly lte?: Key;
  /** From the last key to the first. Default: `false`. */
  readonly reverse?: boolean;
  /** At most so many entries, the first ones in the order of the range. Default: all. */
  readonly limit?: number;
}

/**
 * What a range holds, to be walked over with `for` or with `for await`, as often as you like. Each walk sees one version of
 * the store, that of its first step, whatever is written meanwhile; it may be left early. With `for await` the event loop
 * turns in between. On Node 22 or newer and on Deno values of one walk share buffers with each other, with nothing else. Such a buffer cannot be transferred
 * (an error says so), and `value.buffer` holds its neighbours, too: `slice()` makes a copy with a buffer of its own.
 */
export interface RangeIterable<T> extends Iterable<T>, AsyncIterable<T> {
  /** A new walk, whose steps block. */
  [Symbol.iterator](): IterableIterator<T>;
  /** A new walk, which lets the event loop turn. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
}
