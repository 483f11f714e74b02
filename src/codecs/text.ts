/**
 * The codecs that come with the module.
 *
 * @module
 */

import type { Codec } from "../api/view.ts";
import { decoder, describe } from "../encoding.ts";

/**
 * Values as JSON text in UTF-8. A value that JSON has nothing for (`undefined`, a function) is a `TypeError`; bytes that are
 * no JSON are a `SyntaxError` or, when they are not even UTF-8, a `TypeError`. The type is not checked.
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
      const text = asciiOf(values);
      let at = 0;
      return values.map((value) => {
        const start = at;
        at += value.length;
        return JSON.parse(text === undefined ? decoder.decode(value) : text.slice(start, at)) as T;
      });
    },
  };
}

/** The text of values that stand back to back in one buffer, and are all ASCII: one call decodes a whole page. */
function asciiOf(values: readonly Uint8Array[]): string | undefined {
  const buffer = values[0]?.buffer;
  const start = values[0]?.byteOffset ?? 0;
  let end = start;
  for (const value of values) {
    if (value.buffer !== buffer || value.byteOffset !== end) return undefined;
    end += value.length;
  }
  if (values.length < 2) return undefined;
  const text = decoder.decode(new Uint8Array(buffer as ArrayBuffer, start, end - start));
  return text.length === end - start ? text : undefined;
}

/**
 * Values as text in UTF-8. Bytes that are not UTF-8 are a `TypeError`.
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
