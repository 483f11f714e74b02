/**
 * The format of cloned values, version 1: the same bytes on every runtime.
 *
 * | bytes | |
 * |---|---|
 * | C1 | begins every value; no UTF-8 and no MessagePack begins so |
 * | 01 | the version |
 * | a value | one tag, and what the tag says |
 *
 * A length or number is a varint: 7 bits a byte, the low ones first, the top bit set in all but the last. `entries` are keys (text or
 * numbers) and values in turns, `items` are values; END is behind both. `bytes` is a length and so many bytes; `text` is a value with
 * one of the tags of text. Doubles and typed arrays are little-endian.
 *
 * Objects are counted as they begin, from 0: everything from DATE to ERROR. REF names one again. Keys are counted the first time each
 * is written; KEY names one again.
 *
 * @module
 */

/** The first byte of every value. */
export const MAGIC = 0xc1;
/** The second byte. */
export const CLONE_VERSION = 1;

/** What a value is, and what follows. */
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
  /** Bytes, the high ones first. */
  BIGINT: 0x08,
  /** The same of its amount. */
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
  /** The boolean, number, bigint or text that is boxed. */
  BOX: 0x12,
  /** Entries. */
  OBJECT: 0x13,
  /** The length, so many values. */
  ARRAY: 0x14,
  /** The length, entries. Holes have none. */
  SPARSE_ARRAY: 0x15,
  /** Keys, which are any values, and values in turns; END. */
  MAP: 0x16,
  /** Items. */
  SET: 0x17,
  /** Bytes. */
  BUFFER: 0x18,
  /** The number of its class in VIEWS, bytes. */
  VIEW: 0x19,
  /** The number of its class in ERRORS, entries of `name`, `message`, `stack`, `cause` and `errors`. */
  ERROR: 0x1a,
  /** And up to 63 more: text with so many bytes of UTF-8. */
  SHORT_TEXT: 0x40,
  /** And up to 127 more: the number. */
  SMALL_INTEGER: 0x80,
} as const;

/** The longest text whose tag has its length. */
export const SHORT_TEXT_BYTES = 63;

/** What shows the bytes of a buffer. New ones come at the end. */
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

/** Classes of errors. New ones come at the end. */
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

/** Values within each other. */
export const MAX_CLONE_DEPTH = 1000;
