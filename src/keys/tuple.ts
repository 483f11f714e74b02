/**
 * Tuples as keys.
 *
 * @module
 */

import type { KeyCodec } from "../api/view.ts";
import { concat } from "../bytes.ts";
import { describe } from "../encoding.ts";
import { isUint8Array } from "../realm.ts";
import { ESCAPE } from "./codes.ts";
import { TupleReader } from "./reader.ts";
import type { Tuple, TuplePart, TupleStart } from "./types.ts";
import { TupleWriter } from "./writer.ts";

/**
 * Ends the range of a tuple: no part begins with FF. A byte prefix alone would be wrong: the bytes of `["a\0b"]` also start
 * with those of `["a"]`.
 */
const END_OF_RANGE = Uint8Array.of(ESCAPE);

let idle: TupleWriter | undefined;

/**
 * Encodes a tuple. The order of the bytes is the order of {@linkcode Tuple}s. The bytes of `["a", 1]` start with those of `["a"]`.
 *
 * Throws `TypeError` for a part of another type, text with a lone surrogate, and a value that is not an array. Throws `RangeError`
 * for more than 65,000 bytes, more than 100 levels and an invalid date.
 *
 * @example
 * ```ts
 * import { encodeTuple } from "@luge/luge/keys";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(encodeTuple(["user", 7n]), Uint8Array.of(2, 117, 115, 101, 114, 0, 0x15, 7));
 * ```
 */
export function encodeTuple(tuple: Tuple): Uint8Array<ArrayBuffer> {
  // A getter or a proxy in the tuple may call this again.
  const writer = idle ?? new TupleWriter();
  idle = undefined;
  try {
    return writer.write(tuple);
  } finally {
    idle = writer;
  }
}

/**
 * Decodes the bytes that {@linkcode encodeTuple} made. The tuple does not share memory with them. Throws `SyntaxError` for all
 * other bytes: each tuple has one encoding.
 *
 * @example
 * ```ts
 * import { decodeTuple, encodeTuple } from "@luge/luge/keys";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(decodeTuple(encodeTuple(["user", 7, null])), ["user", 7, null]);
 * assert.throws(() => decodeTuple(Uint8Array.of(2, 97)), SyntaxError);
 * ```
 */
export function decodeTuple(bytes: Uint8Array): TuplePart[] {
  if (!isUint8Array(bytes)) throw new TypeError(`Cannot use ${describe(bytes)} as a key: expected a Uint8Array`);
  return new TupleReader(bytes).read();
}

/**
 * The range of all keys below a tuple: the keys that begin with its parts and have more parts. Use it with a store, whose keys are
 * bytes. The ranges of a view with {@linkcode tupleKey} take tuples. All tuples are below the empty tuple.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { encodeTuple, tupleRange } from "@luge/luge/keys";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * for (const tuple of [["a"], ["a", 1], ["a", 2], ["b"]]) await store.put(encodeTuple(tuple), "");
 * assert.equal(await store.count(tupleRange(["a"])), 2);
 * ```
 */
export function tupleRange(tuple: Tuple): { gt: Uint8Array; lt: Uint8Array } {
  const bytes = encodeTuple(tuple);
  return { gt: bytes, lt: concat(bytes, END_OF_RANGE) };
}

/**
 * Makes tuples the keys of a view. It throws the errors of {@linkcode encodeTuple} and {@linkcode decodeTuple}.
 *
 * @example
 * ```ts
 * import { jsonCodec, MemoryStore } from "@luge/luge";
 * import { tupleKey } from "@luge/luge/keys";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const visits = store.view({ prefix: "visits/", key: tupleKey, value: jsonCodec<number>() });
 * await visits.put(["ada", new Date("1843-09-01")], 3);
 * await visits.put(["ada", new Date("1842-10-01")], 1);
 * assert.deepEqual([...visits.keys({ prefix: ["ada"], limit: 1 })], [["ada", new Date("1842-10-01")]]);
 * ```
 */
export const tupleKey: KeyCodec<Tuple> = { encode: encodeTuple, decode: decodeTuple, end: END_OF_RANGE };

/**
 * {@linkcode tupleKey} for tuples of one type. luge does not check the type. Ranges take tuples of that type, and starts of them.
 *
 * @example
 * ```ts
 * import { jsonCodec, MemoryStore } from "@luge/luge";
 * import { tupleKeyOf } from "@luge/luge/keys";
 * import assert from "node:assert/strict";
 *
 * const key = tupleKeyOf<[city: string, year: number]>();
 * const people = new MemoryStore().view({ prefix: "people/", key, value: jsonCodec<number>() });
 * await people.put(["Bern", 2020], 134_794);
 * for (const [city, year] of people.keys({ prefix: ["Bern"] })) assert.equal(`${city} ${year + 1}`, "Bern 2021");
 * ```
 */
export function tupleKeyOf<K extends Tuple>(): KeyCodec<K, TupleStart<K>> {
  return tupleKey as unknown as KeyCodec<K, TupleStart<K>>;
}
