/**
 * The types of tuples.
 *
 * @module
 */

/** A part of a tuple. */
export type TuplePart = null | Uint8Array | string | readonly TuplePart[] | bigint | number | boolean | Date;

/**
 * A key of several parts. Tuples are ordered by their first parts, then by their second parts, and so on. A tuple comes before all
 * tuples that continue it.
 *
 * Parts of different types are ordered by type: null, bytes, strings, nested tuples, bigints, numbers, `false`, `true`, dates.
 * Parts of one type are ordered as follows.
 * - Bytes by their values. Strings by their code points, which is the order of their UTF-8. Nested tuples as tuples.
 * - Numbers and bigints by amount. All bigints come before all numbers: `[2n]` is before `[1]`, and `[1n]` and `[1]` are two keys.
 * - -0 is the same part as 0. `NaN` comes after `Infinity`. Two numbers are the same part if a `Map` treats them as the same key.
 * - Dates by time. luge refuses an invalid date.
 *
 * As a key, a tuple has at most 65,000 bytes and 100 levels.
 *
 * @example
 * ```ts
 * import { decodeTuple, encodeTuple, type Tuple, type TuplePart } from "@luge/luge/keys";
 * import assert from "node:assert/strict";
 *
 * const part: TuplePart = ["nested", null];
 * const tuple: Tuple = ["user", 7, new Date(0), part];
 * assert.deepEqual(decodeTuple(encodeTuple(tuple)), tuple);
 * ```
 */
export type Tuple = readonly TuplePart[];

/**
 * A tuple, or the start of one.
 *
 * @example
 * ```ts
 * import type { TupleStart } from "@luge/luge/keys";
 *
 * const start: TupleStart<["user", number]> = ["user"];
 * console.log(start.length);
 * ```
 */
export type TupleStart<K extends Tuple> = K extends readonly [...infer Start extends Tuple, unknown]
  ? K | TupleStart<Start>
  : K;
