/**
 * The codec of structured clones.
 *
 * @module
 */

import type { Codec } from "../../api/view.ts";
import { CloneReader } from "./reader.ts";
import { CloneWriter } from "./writer.ts";

let idle: CloneWriter | undefined;

/**
 * Stores the values that `structuredClone` copies: objects, arrays with holes and other properties, `Map`, `Set`, `Date`, `RegExp`,
 * bigints, `undefined`, -0, typed arrays, `DataView`, `ArrayBuffer`, boxed primitives, and errors with their stack and cause.
 * Values may contain cycles. An object that occurs twice comes back as one object. The same value has the same bytes on every
 * runtime and in every release that writes version 1 of the format.
 *
 * As with `structuredClone`, objects of a class come back as plain objects with their own enumerable properties. A `Buffer` comes
 * back as a `Uint8Array`. Regular expressions lose their `lastIndex`. There are differences from `structuredClone`:
 * - A typed array is stored without the rest of its buffer. Two views of one buffer come back with a buffer each.
 * - An error keeps its own name. A subclass comes back as the built-in class that it extends.
 * - A resizable buffer comes back with a fixed size.
 * - `encode` refuses objects of the runtime, such as `Blob` or `URL`.
 *
 * `encode` throws a `CloneError` with the path to a value that cannot be cloned: a function, a symbol, a promise, a `WeakMap`, a
 * `SharedArrayBuffer`. It throws a `RangeError` for more than 1,000 levels or more than 64 MiB. `decode` throws a `SyntaxError` for
 * bytes of another form. It runs no code, sets no prototype, and takes memory in proportion to the bytes. The codec does not check
 * the type.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { cloneCodec } from "@luge/luge/codecs";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const games = store.view({ prefix: "games/", value: cloneCodec<{ started: Date; players: Set<string> }>() });
 * await games.put("chess", { started: new Date(0), players: new Set(["Ada", "Grace"]) });
 * assert.ok((await games.get("chess"))?.players.has("Ada"));
 * ```
 */
export function cloneCodec<T>(): Codec<T> {
  return { encode, decode: (bytes) => new CloneReader(bytes).read() as T };
}

function encode(value: unknown): Uint8Array {
  // A getter of the value may call `encode` again.
  const writer = idle ?? new CloneWriter();
  idle = undefined;
  try {
    return writer.write(value);
  } finally {
    idle = writer;
  }
}
