/**
 * Keys in the form that callers want: strings or bytes.
 *
 * @module
 */

import type { KeyEncoding, KeyIn } from "./api/keys.ts";
import { decodeKey, decoder } from "./encoding.ts";

/** How callers get keys: in an encoding, without the first `strip` bytes. */
export interface KeyFormat<E extends KeyEncoding> {
  readonly encoding: E;
  readonly strip: number;
  /** Whether many keys in bytes may share one buffer. Default: `false`. */
  readonly isShared?: boolean;
}

/** One key. */
export function formatKey<E extends KeyEncoding>(key: Uint8Array, { encoding, strip }: KeyFormat<E>): KeyIn<E> {
  const rest = strip === 0 ? key : key.subarray(strip);
  return (encoding === "bytes" ? rest.slice() : decodeKey(rest)) as KeyIn<E>;
}

/**
 * Formats many keys that are stored one after the other in `bytes`. The caller must not use `bytes` any more. `ends`
 * has the end of each key.
 */
export function formatKeys<E extends KeyEncoding>(
  bytes: Uint8Array,
  ends: ArrayLike<number>,
  format: KeyFormat<E>,
): KeyIn<E>[] {
  const { encoding, isShared, strip } = format;
  const text = encoding === "utf8" ? asciiOf(bytes) : undefined;
  const keys = new Array<unknown>(ends.length);
  let start = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i] as number;
    if (text !== undefined) keys[i] = text.slice(start + strip, end);
    else if (isShared && encoding === "bytes") keys[i] = bytes.subarray(start + strip, end);
    else keys[i] = formatKey(bytes.subarray(start, end), format);
    start = end;
  }
  return keys as KeyIn<E>[];
}

/** The text of the bytes if they are all ASCII: one call decodes the keys of a whole page. */
function asciiOf(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return text.length === bytes.length ? text : undefined;
  } catch {
    // A key is not UTF-8, or a character lies across two keys. The caller then decodes the keys one by one.
    return undefined;
  }
}
