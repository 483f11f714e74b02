/**
 * The codec of MessagePack.
 *
 * @module
 */

import { Decoder, Encoder, ExtensionCodec, type ExtensionCodecType } from "@msgpack/msgpack";
import type { Codec } from "../../api/view.ts";
import { describe } from "../../encoding.ts";
import { isErrorLike, isUint8Array } from "../../realm.ts";
import { checkMessagePack } from "./check.ts";

/** The largest number of nested levels. */
const MAX_DEPTH = 1000;
/** The type of the extension for dates. */
const TIMESTAMP = -1;
const [LEAST_BIGINT, BIGINT_END] = [-(2n ** 63n), 2n ** 64n];

/** Refuses values that the library would silently write as something else. */
const extensions: ExtensionCodecType<undefined> = {
  tryToEncode(value) {
    if (Array.isArray(value) || isUint8Array(value)) return null;
    const tag = Object.prototype.toString.call(value);
    if (tag === "[object Date]") {
      // The library does not recognize a date of another realm.
      const time = Date.prototype.getTime.call(value);
      if (Number.isNaN(time)) throw new RangeError("Cannot encode an invalid date as MessagePack");
      return ExtensionCodec.defaultCodec.tryToEncode(new Date(time), undefined);
    }
    if (typeof value !== "object" || value === null || tag !== "[object Object]") {
      throw new TypeError(`Cannot encode ${describe(value)} as MessagePack: expected what messagePackCodec lists`);
    }
    if (Object.hasOwn(value, "__proto__")) throw new TypeError("Cannot encode the key '__proto__' as MessagePack");
    return null;
  },
  decode(data, type) {
    if (type === TIMESTAMP) return ExtensionCodec.defaultCodec.decode(data, type, undefined);
    throw new SyntaxError(`the extension ${type} is not known`);
  },
};

/** Private methods of the library. It cuts off large bigints, and writes invalid UTF-8 for lone surrogates. */
interface Steps {
  clone(): Encoder;
  encodeBigInt64(value: bigint): void;
  encodeString(value: string): void;
}

function strictEncoder(): Encoder {
  const encoder = new Encoder({
    extensionCodec: extensions,
    useBigInt64: true,
    ignoreUndefined: true,
    maxDepth: MAX_DEPTH,
  });
  const steps = encoder as unknown as Steps;
  const { encodeBigInt64, encodeString } = steps;
  steps.clone = strictEncoder;
  steps.encodeBigInt64 = (value) => {
    if (value < LEAST_BIGINT || value >= BIGINT_END) {
      throw new RangeError(`Cannot encode the bigint ${value} as MessagePack: it has more than 64 bits`);
    }
    encodeBigInt64.call(encoder, value);
  };
  steps.encodeString = (value) => {
    if (!value.isWellFormed()) throw new TypeError("Cannot encode text with a lone surrogate as MessagePack");
    encodeString.call(encoder, value);
  };
  return encoder;
}

/**
 * Stores values as [MessagePack](https://msgpack.org), which programs in other languages can read. It takes null, booleans,
 * numbers, strings, arrays, plain objects, `Uint8Array`, `Date` (as the timestamp extension) and bigints of up to 64 bits.
 *
 * - `decode` returns integers of 64 bits as bigints, and all other numbers as numbers. `encode` writes a whole number above 2^32 as
 *   a double, and -0 as 0.
 * - `encode` leaves out a property that is `undefined`. It writes `undefined` elsewhere as null, as JSON does.
 * - `encode` throws a `TypeError` for `Map`, `Set`, other typed arrays and all other values that MessagePack has no form for. It
 *   also throws one for lone surrogates and the key `__proto__`. It throws a `RangeError` for an invalid date, a bigint of more
 *   than 64 bits, and more than 1,000 levels.
 * - `decode` throws a `SyntaxError` for bytes that are not MessagePack. It runs no code, sets no prototype, and takes memory in
 *   proportion to the bytes. The codec does not check the type.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { messagePackCodec } from "@luge/luge/messagepack";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const readings = store.view({ prefix: "readings/", value: messagePackCodec<{ at: Date; celsius: number }>() });
 * await readings.put("roof", { at: new Date(0), celsius: -3.5 });
 * assert.deepEqual(await readings.get("roof"), { at: new Date(0), celsius: -3.5 });
 * ```
 */
export function messagePackCodec<T>(): Codec<T> {
  const encoder = strictEncoder();
  const decoder = new Decoder({ extensionCodec: extensions, useBigInt64: true });
  return {
    encode(value) {
      try {
        return encoder.encode(value);
      } catch (error) {
        if (isErrorLike(error) && error.message.startsWith("Too deep")) {
          throw new RangeError(`Cannot encode more than ${MAX_DEPTH} levels as MessagePack`, { cause: error });
        }
        throw error;
      }
    },
    decode(bytes) {
      checkMessagePack(bytes);
      try {
        return decoder.decode(bytes) as T;
      } catch (cause) {
        const why = isErrorLike(cause) ? cause.message : String(cause);
        throw new SyntaxError(`Cannot read ${bytes.length} bytes as MessagePack: ${why}`, { cause });
      }
    },
  };
}
