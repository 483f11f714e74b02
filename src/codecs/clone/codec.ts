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
 * Values as `structuredClone` takes them: objects, arrays with holes and other properties, `Map`, `Set`, `Date`, `RegExp`, bigints,
 * `undefined`, -0, typed arrays, `DataView`, `ArrayBuffer`, boxed primitives, errors with their stack and cause, in any circle. What
 * is there twice comes back as one object. The same value has the same bytes on every runtime and in every release that writes
 * version 1 of the format.
 *
 * As with `structuredClone`, objects of a class come back as plain ones with their own enumerable properties, `Buffer` as
 * `Uint8Array`, and expressions without their `lastIndex`. Unlike there:
 * - A typed array brings the bytes that it shows, and not the rest of its buffer. Two views of one buffer come back with one each.
 * - An error keeps a name of its own. A subclass comes back as the class of the language that it extends.
 * - A resizable buffer comes back with a fixed size.
 * - Objects of the runtime, such as `Blob` or `URL`, are refused.
 *
 * What cannot be cloned (a function, a symbol, a promise, a `WeakMap`, a `SharedArrayBuffer`) is a `CloneError`, which names the path
 * to it. More than 1,000 levels and more than 64 MiB are a `RangeError`. Bytes of another form are a `SyntaxError`: reading them runs
 * no code, sets no prototype, and takes memory in proportion to them. The type is not checked.
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
  // A getter of the value may call this again.
  const writer = idle ?? new CloneWriter();
  idle = undefined;
  try {
    return writer.write(value);
  } finally {
    idle = writer;
  }
}
