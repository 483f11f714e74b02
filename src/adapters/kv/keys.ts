/**
 * Keys as bytes. Deno KV's bytes are those of luge's tuples, but for -0, which is a key of its own.
 *
 * @module
 */

import { concat, NOTHING } from "../../bytes.ts";
import { describe } from "../../encoding.ts";
import { Code, END, ESCAPE } from "../../keys/codes.ts";
import { decodeTuple, encodeTuple } from "../../keys/tuple.ts";
import type { TuplePart } from "../../keys/types.ts";
import { MAX_KEY_BYTES } from "../../limits.ts";
import { isErrorLike, isUint8Array } from "../../realm.ts";
import type { KvKey, KvKeyPart } from "./types.ts";

/** The first byte of a store's key says what the entry is. */
export const Space: { readonly ENTRY: Uint8Array; readonly QUEUE: Uint8Array; readonly IDENTITY: Uint8Array } = {
  ENTRY: Uint8Array.of(0x6b),
  QUEUE: Uint8Array.of(0x71),
  /** The one entry that has the identity of the database. */
  IDENTITY: Uint8Array.of(0x69),
};

/** The largest key, in bytes: the store's key has one byte before it, and the bound of a range one after it. */
export const MAX_BYTES: number = MAX_KEY_BYTES - 2;

/** Stands at the end of a key for the versionstamp of the commit. */
export const commitVersionstamp: unique symbol = Symbol("KvCommitVersionstamp");

/** Above every bigint that can be a part of a key. */
const HUGE = 2n ** 2040n;
const NEGATIVE_ZERO = Uint8Array.of(Code.DOUBLE, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);

/**
 * The bytes of a key, which may be empty. Throws `TypeError` for anything that is no key, and for a key that leaves less
 * room than `reserved` bytes.
 */
export function encodeParts(key: KvKey, reserved = 0): Uint8Array {
  if (!Array.isArray(key)) throw new TypeError(`Invalid key: expected an array, got ${describe(key)}`);
  const bytes = encode(Array.from(key as readonly KvKeyPart[], toTuplePart));
  if (bytes.length + reserved > MAX_BYTES) throw tooLarge();
  return bytes;
}

/** As {@linkcode encodeParts}, for a key that is written or checked: it has at least one part. */
export function encodeWritten(key: KvKey, reserved = 0): Uint8Array {
  const bytes = encodeParts(key, reserved);
  if (bytes.length === 0) throw new TypeError("key cannot be empty");
  return bytes;
}

function encode(parts: readonly TuplePart[]): Uint8Array {
  if (parts.some((part) => typeof part === "bigint" && isHuge(part))) throw tooLarge("a bigint has at most 255 bytes");
  try {
    if (!parts.some((part) => Object.is(part, -0))) return encodeTuple(parts);
    const each = parts.map((part) => (Object.is(part, -0) ? NEGATIVE_ZERO : encodeTuple([part])));
    return each.reduce<Uint8Array>(concat, NOTHING);
  } catch (error) {
    throw isErrorLike(error) && error.name === "RangeError" ? tooLarge() : error;
  }
}

function isHuge(part: bigint): boolean {
  return part >= HUGE || -part >= HUGE;
}

function tooLarge(limit = `max ${MAX_BYTES} bytes`): TypeError {
  return new TypeError(`Key too large (${limit})`);
}

function toTuplePart(part: KvKeyPart, index: number): TuplePart {
  switch (typeof part) {
    case "string":
      return part.isWellFormed() ? part : part.toWellFormed();
    case "number":
    case "bigint":
    case "boolean":
      return part;
    case "object":
      if (isUint8Array(part)) return part;
      if (ArrayBuffer.isView(part)) {
        const { buffer, byteOffset, byteLength } = part as ArrayBufferView;
        return new Uint8Array(buffer, byteOffset, byteLength);
      }
  }
  throw new TypeError(
    `Invalid key part ${index}: expected string, number, bigint, ArrayBufferView, boolean, got ${describe(part)}`,
  );
}

/** The key of bytes that {@linkcode encodeParts} made. Throws `SyntaxError` for other bytes. */
export function decodeParts(bytes: Uint8Array): KvKey {
  try {
    return decodeTuple(bytes) as unknown as KvKey;
  } catch (error) {
    if (!isErrorLike(error) || error.name !== "SyntaxError") throw error;
    return decodeEach(bytes);
  }
}

/** Decodes part by part, since the reader of tuples refuses -0. */
function decodeEach(bytes: Uint8Array): KvKey {
  const key: KvKeyPart[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = endOfPart(bytes, at);
    const part = bytes.subarray(at, end);
    if (part.every((byte, i) => byte === NEGATIVE_ZERO[i])) key.push(-0);
    else key.push(...(decodeTuple(part) as unknown as KvKeyPart[]));
    at = end;
  }
  return key;
}

/** Where the part that begins at `at` ends. */
function endOfPart(bytes: Uint8Array, at: number): number {
  const code = bytes[at] as number;
  if (code === Code.BYTES || code === Code.STRING) {
    let end = at + 1;
    while (end < bytes.length && (bytes[end] !== END || bytes[end + 1] === ESCAPE)) end += bytes[end] === END ? 2 : 1;
    return end + 1;
  }
  if (code === Code.DOUBLE) return at + NEGATIVE_ZERO.length;
  if (code === Code.LARGE) return at + 2 + (bytes[at + 1] ?? 0);
  if (code === Code.LARGE_NEGATIVE) return at + 2 + ((bytes[at + 1] ?? 0) ^ 0xff);
  if (code > Code.LARGE_NEGATIVE && code < Code.LARGE) return at + 1 + Math.abs(code - Code.ZERO);
  return at + 1;
}

/** The key of the store for an entry with these bytes as its key. */
export function entryKey(bytes: Uint8Array): Uint8Array {
  return concat(Space.ENTRY, bytes);
}
