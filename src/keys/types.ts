/**
 * Tuples as callers give and get them.
 *
 * @module
 */

/** A part of a tuple. */
export type TuplePart = null | Uint8Array | string | readonly TuplePart[] | bigint | number | boolean | Date;

/**
 * A key of several parts. Tuples are ordered by their first parts, then by their second ones, and so on; a tuple comes before all
 * that go on where it ends.
 *
 * Parts of different types are ordered by type: null, bytes, strings, nested tuples, bigints, numbers, `false`, `true`, dates.
 * Parts of one type are ordered as follows.
 * - Bytes by their values, strings by their code points (the order of their UTF-8), nested tuples as tuples.
 * - Numbers and bigints by their amounts. All bigints come before all numbers: `[2n]` is before `[1]`, and they are two keys.
 * - -0 is the same part as 0. `NaN` comes after `Infinity`. In short, two numbers are one part if a `Map` takes them for one key.
 * - Dates by their time. An invalid date is refused.
 *
 * A tuple has up to 65,000 bytes as a key, and tuples in tuples up to 100 levels.
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
