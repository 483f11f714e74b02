/**
 * The type codes of tuple parts. They are those of FoundationDB's tuple layer (`design/tuple.md` in its repository).
 *
 * | code | type | bytes after it |
 * |---|---|---|
 * | 00 | null | none; within a nested tuple FF |
 * | 01 | bytes | the bytes, each 00 as 00 FF; 00 |
 * | 02 | string | its UTF-8, each 00 as 00 FF; 00 |
 * | 05 | nested tuple | its parts; 00 |
 * | 0A | bigint below -(2^2040 - 1) | length in two bytes, bytes of its absolute value; all bits flipped |
 * | 0B | bigint of 9 to 255 bytes, negative | the same with the length in one byte |
 * | 0C to 13 | bigint of 8 to 1 bytes, negative | bytes of its absolute value, all bits flipped |
 * | 14 | 0n | none |
 * | 15 to 1C | bigint of 1 to 8 bytes | its bytes |
 * | 1D | bigint of 9 to 255 bytes | length in one byte, its bytes |
 * | 1E | bigint above 2^2040 - 1 | length in two bytes, its bytes |
 * | 21 | number | 8 bytes of the double, changed so that they sort as the numbers do |
 * | 26, 27 | false, true | none |
 * | 40 | date | its milliseconds since 1970, encoded as a number |
 *
 * FoundationDB reserves 0A and 1E for large integers, but defines no encoding. 40 is its first code for user types.
 *
 * @module
 */

/** The code of each type. Integers have several codes: this has the limits of their ranges. */
export const Code = {
  NULL: 0x00,
  BYTES: 0x01,
  STRING: 0x02,
  NESTED: 0x05,
  HUGE_NEGATIVE: 0x0a,
  LARGE_NEGATIVE: 0x0b,
  ZERO: 0x14,
  LARGE: 0x1d,
  HUGE: 0x1e,
  DOUBLE: 0x21,
  FALSE: 0x26,
  TRUE: 0x27,
  DATE: 0x40,
} as const;

/** The end of bytes, of text and of a nested tuple. */
export const END = 0x00;
/** Follows a 00 that is not an end. Every code is lower, so a value that ends sorts before one that continues with 00. */
export const ESCAPE = 0xff;

/** The largest size of an integer whose code contains its length, in bytes. */
export const SMALL_BYTES = 8;
/** The largest size of an integer whose length takes one byte, in bytes. */
export const LARGE_BYTES = 255;

/** The largest number of nested levels, including the outermost tuple. */
export const MAX_DEPTH = 100;

/** The largest distance of a `Date` from 1970, in milliseconds. */
export const MAX_DATE_MS = 8.64e15;
