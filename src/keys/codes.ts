/**
 * The bytes that say which type a part of a tuple has: those of FoundationDB's tuple layer (`design/tuple.md` in its repository).
 *
 * | code | type | bytes behind it |
 * |---|---|---|
 * | 00 | null | none; within a nested tuple FF |
 * | 01 | bytes | the bytes, each 00 as 00 FF; 00 |
 * | 02 | string | its UTF-8, each 00 as 00 FF; 00 |
 * | 05 | nested tuple | its parts; 00 |
 * | 0A | bigint below -(2^2040 - 1) | length in two bytes and bytes of its amount, all bits flipped |
 * | 0B | bigint of 9 to 255 bytes, negative | the same with a length of one byte |
 * | 0C to 13 | bigint of 8 to 1 bytes, negative | bytes of its amount, all bits flipped |
 * | 14 | 0n | none |
 * | 15 to 1C | bigint of 1 to 8 bytes | its bytes |
 * | 1D | bigint of 9 to 255 bytes | length in one byte, its bytes |
 * | 1E | bigint above 2^2040 - 1 | length in two bytes, its bytes |
 * | 21 | number | 8 bytes of the double, made comparable |
 * | 26, 27 | false, true | none |
 * | 40 | date | its milliseconds, as those of a number |
 *
 * 0A and 1E are reserved there for large integers, without an encoding. 40 is the first of the codes for users' own types.
 *
 * @module
 */

/** The code of each type, and the ends of the codes of integers. */
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
/** Behind a 00 that is no end. No code is as high: what begins with an end comes before what goes on. */
export const ESCAPE = 0xff;

/** Bytes of an integer whose code has its length. */
export const SMALL_BYTES = 8;
/** Bytes of an integer whose length has one byte. */
export const LARGE_BYTES = 255;

/** Tuples within each other. */
export const MAX_DEPTH = 100;

/** The farthest moment of a `Date` from 1970, in milliseconds. */
export const MAX_DATE_MS = 8.64e15;
