/**
 * Converts keys and values to bytes. Checks the caller's input before anything is written.
 *
 * @module
 */

import type { Key, Value } from "./api/keys.ts";
import { hexOf, plainView } from "./bytes.ts";
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from "./limits.ts";
import { isUint8Array } from "./realm.ts";

/** Up to this many characters, a loop is faster than a TextEncoder. */
export const SHORT_LENGTH = 64;

const encoder = new TextEncoder();
/** The real length of a typed array, whatever its properties say. Throws for anything else. */
export const trueLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")
  ?.get as (this: Uint8Array) => number;
/** Decodes text that must be UTF-8. */
export const decoder: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of `key`. Throws `TypeError` or `RangeError` if the key is invalid. */
export function encodeKey(key: Key): Uint8Array {
  const bytes = encode(key, "key");
  if (bytes.length === 0) throw new RangeError("Cannot use an empty key: a key has at least 1 byte");
  checkKeyLength(bytes.length);
  return bytes;
}

/**
 * As {@linkcode encodeKey}, but the bytes are valid only until the next call. For callers that pass them on at once to
 * a function that copies what it keeps. A new buffer for each key would cost V8 more than the read.
 */
export function borrowKey(key: Key): Uint8Array {
  return (typeof key === "string" ? borrowAscii(key) : undefined) ?? encodeKey(key);
}

/** The bytes of `prefix`. An empty prefix is valid: every key starts with it. */
export function encodePrefix(prefix: Key): Uint8Array {
  const bytes = encode(prefix, "prefix");
  checkKeyLength(bytes.length);
  return bytes;
}

/** The bytes of a range's bound. An empty bound is valid: it is below every key. Messages use `name`. */
export function encodeBound(key: Key, name: string): Uint8Array {
  const bytes = encode(key, `bound '${name}'`);
  checkKeyLength(bytes.length);
  return bytes;
}

/** The bytes of `value`. Throws `TypeError` or `RangeError` if the value is invalid. */
export function encodeValue(value: Value): Uint8Array {
  const bytes = encode(value, "value");
  if (bytes.length > MAX_VALUE_BYTES) {
    throw new TooLongError(`Cannot store a value of ${bytes.length} bytes: the limit is ${MAX_VALUE_BYTES}`);
  }
  return bytes;
}

/** The store has bytes that are not what the caller wants: no UTF-8, or no number. The store is not at fault. */
export class WrongBytesError extends TypeError {}

/** A value is too long. The store is not at fault. */
export class TooLongError extends RangeError {}

/** The string of `key`. Throws {@linkcode WrongBytesError} if the key is not UTF-8. */
export function decodeKey(key: Uint8Array): string {
  try {
    return decoder.decode(key);
  } catch (cause) {
    const hex = hexOf(key.subarray(0, 32));
    const shown = key.length > 32 ? `${hex}… (${key.length} bytes)` : hex;
    throw new WrongBytesError(`Cannot return the key ${shown} as a string: it is not UTF-8`, { cause });
  }
}

/** Throws `RangeError` if a key cannot have that many bytes. */
export function checkKeyLength(bytes: number): void {
  if (bytes > MAX_KEY_BYTES) throw new RangeError(`Cannot use a key of ${bytes} bytes: the limit is ${MAX_KEY_BYTES}`);
}

function encode(data: Value, name: string): Uint8Array {
  if (typeof data === "string") {
    const ascii = data.length <= SHORT_LENGTH ? encodeAscii(data) : undefined;
    if (ascii) return ascii;
    if (!data.isWellFormed()) {
      throw new TypeError(`Cannot encode the ${name} ${JSON.stringify(data.slice(0, 40))}: it holds a lone surrogate`);
    }
    return encoder.encode(data);
  }
  if (!isUint8Array(data)) {
    throw new TypeError(`Cannot use ${describe(data)} as a ${name}: expected a string or a Uint8Array`);
  }
  const bytes = plainOf(data) ?? copyOf(data, name);
  if (bytes.length === 0) copyOf(bytes, name);
  return bytes;
}

/**
 * The same bytes as an array whose length can be trusted, and whose `slice` copies: that of a `Buffer` does not.
 * `undefined` for an array of another class, or with properties of its own, which may lie.
 */
function plainOf(data: Uint8Array): Uint8Array | undefined {
  const prototype: unknown = Object.getPrototypeOf(data);
  const isBuffer = prototype === globalThis.Buffer?.prototype;
  if (prototype !== Uint8Array.prototype && !isBuffer) return undefined;
  if (trueLength.call(data) !== data.length) return undefined;
  return isBuffer && data.length > 0 ? plainView(data) : data;
}

/** A copy of the array's real bytes. Throws `TypeError` for a proxy, and if the buffer is detached or too short. */
function copyOf(data: Uint8Array, name: string): Uint8Array {
  try {
    // Reads the length without a property of the array. Fails for a detached buffer and for objects that only look like
    // an array.
    trueLength.call(data);
    return new Uint8Array(data);
  } catch (cause) {
    throw new TypeError(`Cannot use the ${name}: it is not a real Uint8Array, or its buffer is detached`, { cause });
  }
}

const borrowed = new Uint8Array(SHORT_LENGTH);
/** Each buffer is created when its length is first needed: Bun takes 0.3 ms to create all of them. */
const borrowedOfLength = new Array<Uint8Array | undefined>(SHORT_LENGTH + 1);

/** The bytes of short ASCII text, valid until the next call; `undefined` for any other text. */
function borrowAscii(text: string): Uint8Array | undefined {
  const { length } = text;
  if (length === 0 || length > SHORT_LENGTH || !asciiInto(text, borrowed, 0)) return undefined;
  borrowedOfLength[length] ??= borrowed.subarray(0, length);
  return borrowedOfLength[length];
}

/** The bytes of ASCII text; `undefined` for any other text. Ten times as fast as a TextEncoder on some runtimes. */
function encodeAscii(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  return asciiInto(text, bytes, 0) ? bytes : undefined;
}

/** Writes ASCII text to `target`, from `at` on; `false` for any other, of which a part may be written. */
export function asciiInto(text: string, target: Uint8Array, at: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    target[at + i] = code;
  }
  return true;
}

/** The kind of a wrong argument, for a message. Never its content, which may be secret or huge. */
export function describe(data: unknown): string {
  if (data === null || data === undefined) return String(data);
  if (typeof data === "number" || typeof data === "boolean" || typeof data === "bigint")
    return `the ${typeof data} ${data}`;
  if (typeof data !== "object") return `a ${typeof data}`;
  return `an instance of ${data.constructor?.name ?? "an unnamed class"}`;
}
