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
  /** At most this many entries, the first ones in the order of the range. Default: all. */
  readonly limit?: number;
}

/**
 * The entries, keys or values of a range, for `for` and `for await`. You may iterate over it several times, and leave
 * an iterator early. Each iterator sees one version of the store: that of its first step. With `for await` the event
 * loop turns in between.
 *
 * On Node 22 or newer and on Deno the values of one iterator share buffers with each other. Such a buffer cannot be
 * transferred: an error says so. `value.buffer` has other values, too. `slice()` makes a copy with its own buffer.
 */
export interface RangeIterable<T> extends Iterable<T>, AsyncIterable<T> {
  /** A new iterator, whose steps block. */
  [Symbol.iterator](): IterableIterator<T>;
  /** A new iterator, which lets the event loop turn. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
}
