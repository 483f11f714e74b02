/**
 * Keys as callers want them: strings or bytes.
 *
 * @module
 */

import type { KeyEncoding, KeyIn } from "./api/keys.ts";
import { decodeKey, decoder } from "./encoding.ts";

/** How keys are handed out: without so many bytes of a prefix that the caller knows. */
export interface KeyFormat<E extends KeyEncoding> {
  readonly encoding: E;
  readonly strip: number;
  /** Makes a key of the bytes that are left, which it may keep; in place of the encoding. */
  readonly decode?: ((bytes: Uint8Array) => unknown) | undefined;
}

/** One key. */
export function formatKey<E extends KeyEncoding>(key: Uint8Array, { encoding, strip, decode }: KeyFormat<E>): KeyIn<E> {
  const rest = strip === 0 ? key : key.subarray(strip);
  return (decode ? decode(rest.slice()) : encoding === "bytes" ? rest.slice() : decodeKey(rest)) as KeyIn<E>;
}

/** Many keys that stand back to back in `bytes`, which the caller gives away; `ends` says where each one ends. */
export function formatKeys<E extends KeyEncoding>(
  bytes: Uint8Array,
  ends: ArrayLike<number>,
  format: KeyFormat<E>,
): KeyIn<E>[] {
  const text = format.encoding === "utf8" && !format.decode ? asciiOf(bytes) : undefined;
  const keys = new Array<unknown>(ends.length);
  const { decode, strip } = format;
  let start = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i] as number;
    if (decode) keys[i] = decode(bytes.subarray(start + strip, end));
    else keys[i] = text === undefined ? formatKey(bytes.subarray(start, end), format) : text.slice(start + strip, end);
    start = end;
  }
  return keys as KeyIn<E>[];
}

/** The text of bytes that are all ASCII: one call decodes the keys of a whole page. */
function asciiOf(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return text.length === bytes.length ? text : undefined;
  } catch {
    // Which key is not UTF-8, if not two halves of a character have met, is found one by one.
    return undefined;
  }
}
