/**
 * Ranges as the engine's exports take them.
 *
 * @module
 */

/** What a scan or a count walks over: keys in bytes, with the ends that are given. */
export interface ByteRange {
  readonly lower?: Uint8Array | undefined;
  /** Whether the range holds `lower` itself. Default: `true`. */
  readonly lowerIncluded?: boolean;
  readonly upper?: Uint8Array | undefined;
  /** Whether the range holds `upper` itself. Default: `false`. */
  readonly upperIncluded?: boolean;
  /** From the last to the first. */
  readonly reverse?: boolean;
  /** At most so many entries. */
  readonly limit?: number;
  readonly keysOnly?: boolean;
  /** Only commits up to this version count. Default: all. */
  readonly version?: number;
}

/** The bits of `request::flags` in the engine (a test compares the two). */
export const RangeFlag = {
  REVERSE: 1,
  KEYS_ONLY: 2,
  WITH_VERSIONS: 4,
  LOWER_INCLUDED: 8,
  LOWER_EXCLUDED: 16,
  UPPER_INCLUDED: 32,
  UPPER_EXCLUDED: 64,
} as const;

/** The flags of a range. */
export function flagsOf(range: ByteRange): number {
  let flags = (range.reverse ? RangeFlag.REVERSE : 0) | (range.keysOnly ? RangeFlag.KEYS_ONLY : 0);
  if (range.lower) flags |= range.lowerIncluded === false ? RangeFlag.LOWER_EXCLUDED : RangeFlag.LOWER_INCLUDED;
  if (range.upper) flags |= range.upperIncluded ? RangeFlag.UPPER_INCLUDED : RangeFlag.UPPER_EXCLUDED;
  return flags;
}

/** The keys that start with `prefix`; all of them for an empty one. */
export function prefixRange(prefix: Uint8Array): ByteRange {
  return { lower: prefix, upper: successor(prefix) };
}

/** The first key behind all that start with `prefix`; `undefined` when there is none. */
function successor(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return undefined;
  const next = prefix.slice(0, length);
  next[length - 1] = (next[length - 1] ?? 0) + 1;
  return next;
}

/** What is left of a range behind `key`, the last one that was seen, and `seen` entries. */
export function restOf(range: ByteRange, key: Uint8Array, seen: number): ByteRange {
  const limit = range.limit === undefined ? {} : { limit: range.limit - seen };
  return range.reverse
    ? { ...range, ...limit, upper: key, upperIncluded: false }
    : { ...range, ...limit, lower: key, lowerIncluded: false };
}
