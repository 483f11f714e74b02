/**
 * Codecs for numbers of eight bytes.
 *
 * @module
 */

import type { Codec } from "../api/view.ts";
import { describe, WrongBytesError } from "../encoding.ts";

const BYTES = 8;
// A view of each value would take longer than all else: V8 gives small bytes a buffer only when somebody asks for it.
const NUMBER: Uint8Array<ArrayBuffer> = new Uint8Array(BYTES);
const VIEW = new DataView(NUMBER.buffer);

/**
 * Stores numbers as IEEE 754 doubles, little endian: what `increment` of a store adds numbers to. `encode` throws a
 * `TypeError` for anything but a number. `decode` throws a `TypeError` for bytes that are not 8.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { float64Codec } from "@luge/luge/codecs";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.increment("visits/home");
 * assert.equal(await store.view({ prefix: "visits/", value: float64Codec }).get("home"), 1);
 * ```
 */
export const float64Codec: Codec<number> = {
  encode(value) {
    if (typeof value !== "number") throw new TypeError(`Cannot encode ${describe(value)}: expected a number`);
    VIEW.setFloat64(0, value, true);
    return NUMBER.slice();
  },
  decode: (bytes) => viewOf(bytes).getFloat64(0, true),
};

/**
 * Stores integers from 0 to 2^64 - 1, little endian: what `increment` of a store adds bigints to. `encode` throws a
 * `TypeError` for anything but a bigint, and a `RangeError` for one out of these bounds. `decode` throws a `TypeError`
 * for bytes that are not 8.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { uint64Codec } from "@luge/luge/codecs";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.increment("bytes/sent", 1_000_000_007n);
 * assert.equal(await store.view({ prefix: "bytes/", value: uint64Codec }).get("sent"), 1_000_000_007n);
 * ```
 */
export const uint64Codec: Codec<bigint> = {
  encode(value) {
    if (typeof value !== "bigint") throw new TypeError(`Cannot encode ${describe(value)}: expected a bigint`);
    if (BigInt.asUintN(64, value) !== value) throw new RangeError(`Cannot encode ${value}: expected 0 to 2^64 - 1`);
    VIEW.setBigUint64(0, value, true);
    return NUMBER.slice();
  },
  decode: (bytes) => viewOf(bytes).getBigUint64(0, true),
};

function viewOf(bytes: Uint8Array): DataView {
  if (bytes.length !== BYTES)
    throw new WrongBytesError(`Cannot decode ${bytes.length} bytes as a number: expected ${BYTES}`);
  NUMBER.set(bytes);
  return VIEW;
}
