/**
 * The codecs for JSON and text.
 *
 * @module
 */

import type { Codec } from "../api/view.ts";
import { decoder, describe } from "../encoding.ts";

/**
 * Stores values as JSON text in UTF-8. `encode` throws a `TypeError` for a value without a JSON form (`undefined`, a function).
 * `decode` throws a `TypeError` for bytes that are not UTF-8, and a `SyntaxError` for text that is not JSON. The codec does not
 * check the type.
 *
 * @example
 * ```ts
 * import { jsonCodec, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const settings = new MemoryStore().view({ prefix: "settings/", codec: jsonCodec<{ size: number }>() });
 * settings.putSync("editor", { size: 12 });
 * assert.equal(settings.getSync("editor")?.size, 12);
 * ```
 */
export function jsonCodec<T>(): Codec<T> {
  return {
    encode(value) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new TypeError(`Cannot encode ${describe(value)} as JSON`);
      return text;
    },
    decode: (bytes) => JSON.parse(decoder.decode(bytes)) as T,
    decodeMany(values) {
      // If a whole page is ASCII in one buffer, one call decodes its text.
      const { buffer, byteOffset } = values[0] as Uint8Array<ArrayBuffer>;
      let length = 0;
      for (const value of values) {
        if (value.buffer !== buffer || value.byteOffset !== byteOffset + length) return [];
        length += value.length;
      }
      const text = decoder.decode(new Uint8Array(buffer, byteOffset, length));
      if (text.length !== length) return [];
      return values.map((value) => {
        const start = value.byteOffset - byteOffset;
        return JSON.parse(text.slice(start, start + value.length)) as T;
      });
    },
  };
}

/**
 * Stores strings as UTF-8. `decode` throws a `TypeError` for bytes that are not UTF-8.
 *
 * @example
 * ```ts
 * import { MemoryStore, utf8Codec } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const notes = new MemoryStore().view({ prefix: "notes/", codec: utf8Codec });
 * notes.putSync("today", "Straße");
 * assert.equal(notes.getSync("today"), "Straße");
 * ```
 */
export const utf8Codec: Codec<string> = {
  encode(value) {
    if (typeof value !== "string") throw new TypeError(`Cannot encode ${describe(value)} as text: expected a string`);
    return value;
  },
  decode: (bytes) => decoder.decode(bytes),
};
