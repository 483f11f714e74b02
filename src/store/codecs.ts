/**
 * The codecs that come with the module.
 *
 * @module
 */

import type { Codec } from "../api/view.ts";
import { decoder, describe } from "../encoding.ts";

/**
 * Values as JSON text in UTF-8. A value without a JSON form (`undefined`, a function) is a `TypeError`. Bytes that are
 * not JSON are a `SyntaxError`; bytes that are not even UTF-8 are a `TypeError`. The type is not checked.
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
  };
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
