/**
 * Values as bytes: a byte for the encoding, then the data. The numbers are those of the KV Connect protocol, but for
 * luge's own encoding.
 *
 * @module
 */

import { cloneCodec } from "../../codecs/clone/codec.ts";
import { isUint8Array } from "../../realm.ts";
import { KvU64, u64Of } from "./u64.ts";
import { fromV8 } from "./v8.ts";

/** How a value is encoded. */
export const Encoding = {
  /** A structured clone in V8's format, as a client of the KV Connect protocol wrote it. */
  V8: 1,
  /** An integer of 64 bits, its lowest byte first: a {@linkcode KvU64}. */
  U64: 2,
  /** The bytes of a `Uint8Array`. */
  BYTES: 3,
  /** A structured clone in luge's format. */
  CLONE: 4,
} as const;

const clones = cloneCodec<unknown>();

/** The bytes of a value. Throws `CloneError` for a value that cannot be cloned. */
export function encodeValue(value: unknown): Uint8Array {
  if (isUint8Array(value)) return join(Encoding.BYTES, value);
  const integer = u64Of(value);
  return integer === undefined ? join(Encoding.CLONE, clones.encode(value) as Uint8Array) : encodeU64(integer);
}

/** The value of bytes that {@linkcode encodeValue} made. It shares no memory with them. */
export function decodeValue(bytes: Uint8Array): unknown {
  switch (bytes[0]) {
    case Encoding.V8:
      return fromV8(bytes.subarray(1));
    case Encoding.U64:
      return new KvU64(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(1, true));
    case Encoding.BYTES:
      return new Uint8Array(bytes.subarray(1));
    case Encoding.CLONE:
      return clones.decode(bytes.subarray(1));
    default:
      throw new TypeError(`Cannot read a value with the encoding ${bytes[0]}: expected one that @luge/luge/kv wrote`);
  }
}

/** The bytes of an integer, of which the lowest 64 bits count. */
export function encodeU64(integer: bigint): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = Encoding.U64;
  new DataView(bytes.buffer).setBigUint64(1, integer, true);
  return bytes;
}

/** The bytes of a value with its encoding before it. */
export function join(encoding: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 1);
  bytes[0] = encoding;
  bytes.set(data, 1);
  return bytes;
}
