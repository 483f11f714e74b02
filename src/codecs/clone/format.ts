/**
 * The format of cloned values, version 1: the same bytes on every runtime.
 *
 * | bytes | |
 * |---|---|
 * | C1 | the first byte of every value; no UTF-8 and no MessagePack starts with it |
 * | 01 | the version |
 * | a value | one tag, and the bytes that the tag requires |
 *
 * A length or number is a varint: 7 bits per byte, low bits first, the top bit set in all bytes but the last. Entries are keys
 * (text or numbers) and values in turn. Items are values. Both end with END. Bytes are a length and that many bytes. Text is a
 * value with one of the tags of text. Doubles and typed arrays are little-endian.
 *
 * Objects are the values with the tags DATE to ERROR. They are numbered from 0, in the order in which they begin. REF refers to an
 * earlier object by its number. Text keys are numbered from 0 when each is first written. KEY refers to an earlier key.
 *
 * @module
 */

/** The first byte of every value. */
export const MAGIC = 0xc1;
/** The second byte. */
export const CLONE_VERSION = 1;

/** The tag of each type of value. The comment says what follows the tag. */
export const Tag = {
  END: 0x00,
  UNDEFINED: 0x01,
  NULL: 0x02,
  FALSE: 0x03,
  TRUE: 0x04,
  /** The number; a safe integer. */
  INTEGER: 0x05,
  /** -1 minus the number; a safe integer. */
  NEGATIVE: 0x06,
  /** 8 bytes. */
  DOUBLE: 0x07,
  /** Bytes, the most significant first. */
  BIGINT: 0x08,
  /** The same for its absolute value. */
  NEGATIVE_BIGINT: 0x09,
  /** Bytes of UTF-8. */
  TEXT: 0x0a,
  /** Bytes of UTF-16: text with lone surrogates. */
  WIDE_TEXT: 0x0b,
  /** The number of an object. */
  REF: 0x0c,
  /** The number of a key. */
  KEY: 0x0d,
  /** 8 bytes of a double: milliseconds since 1970, or NaN. */
  DATE: 0x10,
  /** Text of the source, text of the flags. */
  REGEXP: 0x11,
  /** The boxed boolean, number, bigint or text. */
  BOX: 0x12,
  /** Entries. */
  OBJECT: 0x13,
  /** The length, then that many values. */
  ARRAY: 0x14,
  /** The length, then entries. A hole has no entry. */
  SPARSE_ARRAY: 0x15,
  /** Keys (any values) and values in turn, then END. */
  MAP: 0x16,
  /** Items. */
  SET: 0x17,
  /** Bytes. */
  BUFFER: 0x18,
  /** The index of its class in VIEWS, then bytes. */
  VIEW: 0x19,
  /** The index of its class in ERRORS, then entries of `name`, `message`, `stack`, `cause` and `errors`. */
  ERROR: 0x1a,
  /** 0x40 to 0x7f: text. The tag minus 0x40 is its length in bytes of UTF-8. */
  SHORT_TEXT: 0x40,
  /** 0x80 to 0xff: an integer. It is the tag minus 0x80. */
  SMALL_INTEGER: 0x80,
} as const;

/** The largest length of text that fits in its tag. */
export const SHORT_TEXT_BYTES = 63;

/** Classes of views of a buffer. Add new ones at the end. */
export const VIEWS = [
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
] as const;

/** Classes of errors. Add new ones at the end. */
export const ERRORS = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
] as const;

/** The largest number of nested levels. */
export const MAX_CLONE_DEPTH = 1000;
