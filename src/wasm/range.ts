/**
 * Ranges as the engine's exports take them.
 *
 * @module
 */

import type { ByteRange } from "../byte_range.ts";

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
