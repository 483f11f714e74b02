/**
 * V8's own format of structured clones, which Deno sends and receives over the KV Connect protocol.
 *
 * @module
 */

import type { Deserializer, Serializer } from "node:v8";
import { isErrorLike } from "../../realm.ts";

interface V8 {
  readonly Serializer: new () => Serializer;
  readonly Deserializer: new (bytes: Uint8Array) => Deserializer;
}

/** The first byte. The version follows. */
const HEADER = 0xff;
/**
 * Deno 2.9 writes version 16, and Node 26 reads up to version 15. A test shows that Node reads every type of value that
 * Deno stores.
 */
const [NEW_VERSION, OLD_VERSION] = [16, 15];

/** The value of bytes in V8's format. Throws `TypeError` if they are damaged, and on Bun. */
export function fromV8(bytes: Uint8Array): unknown {
  return named("read", ({ Deserializer }) => {
    // The reader may return views of its input.
    const copy = new Uint8Array(bytes);
    if (copy[0] === HEADER && copy[1] === NEW_VERSION) copy[1] = OLD_VERSION;
    const deserializer = new Deserializer(copy);
    deserializer.readHeader();
    return deserializer.readValue();
  });
}

/** The bytes of a value in V8's format. Throws `TypeError` for a value that V8 cannot clone, and on Bun. */
export function toV8(value: unknown): Uint8Array {
  return named("write", ({ Serializer }) => {
    const serializer = new Serializer();
    serializer.writeHeader();
    serializer.writeValue(value);
    return new Uint8Array(serializer.releaseBuffer());
  });
}

function named<T>(what: string, use: (v8: V8) => T): T {
  try {
    const v8 = globalThis.process.getBuiltinModule?.("node:v8");
    if (!v8) throw new TypeError("Node 20.16 or newer is needed");
    return use(v8 as unknown as V8);
  } catch (cause) {
    const message = isErrorLike(cause) ? cause.message : String(cause);
    throw new TypeError(`Cannot ${what} a value in V8's format: ${message}`, { cause });
  }
}
