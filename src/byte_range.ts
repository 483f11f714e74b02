/**
 * Ranges of keys in bytes.
 *
 * @module
 */

import { compareBytes } from "./bytes.ts";

/** A range of keys in bytes, for a scan or a count. An end that is absent is open. */
export interface ByteRange {
  readonly lower?: Uint8Array | undefined;
  /** Whether the range includes `lower` itself. Default: `true`. */
  readonly lowerIncluded?: boolean;
  readonly upper?: Uint8Array | undefined;
  /** Whether the range includes `upper` itself. Default: `false`. */
  readonly upperIncluded?: boolean;
  /** From the last key to the first. */
  readonly reverse?: boolean;
  /** At most this many entries. */
  readonly limit?: number;
  readonly keysOnly?: boolean;
  /** Whether pages have versions and expiries. */
  readonly withVersions?: boolean;
  /** About how many bytes of entries one page has at most. Default: {@linkcode LARGEST_PAGE_BYTES}. */
  readonly pageBytes?: number;
  /** Only commits up to this version count. Default: all. */
  readonly version?: number;
}

/** How many bytes of entries one page has at most. */
export const LARGEST_PAGE_BYTES: number = 128 * 1024;

/** The keys that start with `prefix`; all keys if it is empty. */
export function prefixRange(prefix: Uint8Array): ByteRange {
  return { lower: prefix.slice(), upper: successor(prefix) };
}

/** The first key after all keys that start with `prefix`; `undefined` if there is none. */
export function successor(prefix: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return undefined;
  const next = prefix.slice(0, length);
  next[length - 1] = (next[length - 1] ?? 0) + 1;
  return next;
}

/** The rest of a range after `seen` entries. The last one has the key `key`. */
export function restOf(range: ByteRange, key: Uint8Array, seen: number): ByteRange {
  const limit = range.limit === undefined ? {} : { limit: range.limit - seen };
  return range.reverse
    ? { ...range, ...limit, upper: key, upperIncluded: false }
    : { ...range, ...limit, lower: key, lowerIncluded: false };
}

/** The part of a range that is not before `key`, in the direction of the range. */
export function restFrom(range: ByteRange, key: Uint8Array): ByteRange {
  const { lower, upper, reverse } = range;
  if (reverse) return upper && compareBytes(key, upper) >= 0 ? range : { ...range, upper: key, upperIncluded: true };
  return lower && compareBytes(key, lower) <= 0 ? range : { ...range, lower: key, lowerIncluded: true };
}

/** The range of one key. */
export function keyRange(key: Uint8Array): ByteRange {
  return { lower: key, upper: key, upperIncluded: true };
}

/** Whether `key` is in the range, by its ends alone. */
export function isInRange(range: ByteRange, key: Uint8Array): boolean {
  const low = range.lower ? compareBytes(key, range.lower) : 1;
  const high = range.upper ? compareBytes(key, range.upper) : -1;
  return (
    (low > 0 || (low === 0 && range.lowerIncluded !== false)) && (high < 0 || (high === 0 && !!range.upperIncluded))
  );
}
