/**
 * Ranges in the form of the engine's exports.
 *
 * @module
 */

import type { ByteRange } from "../byte_range.ts";
import { RangeFlag } from "./interface.ts";

/** The flags of a range. */
export function flagsOf(range: ByteRange): number {
  let flags = (range.reverse ? RangeFlag.REVERSE : 0) | (range.keysOnly ? RangeFlag.KEYS_ONLY : 0);
  if (range.withVersions) flags |= RangeFlag.WITH_VERSIONS;
  if (range.lower) flags |= range.lowerIncluded === false ? RangeFlag.LOWER_EXCLUDED : RangeFlag.LOWER_INCLUDED;
  if (range.upper) flags |= range.upperIncluded ? RangeFlag.UPPER_INCLUDED : RangeFlag.UPPER_EXCLUDED;
  return flags;
}
