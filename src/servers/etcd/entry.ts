/**
 * The value of an entry, as etcd keeps it: a header, and the bytes of the value.
 *
 * ```text
 * 1 byte    flags: DELETED, EXPIRES, RESTORED, PIECES, WRITTEN
 * 8 bytes   expiry in milliseconds since 1970, if EXPIRES
 * 8 bytes   version, if RESTORED; else the version is that of the revision
 * 8 bytes   when its commit began, in milliseconds since 1970, if WRITTEN
 * 8 bytes   identity of the pieces, if PIECES; then 8 bytes: length of the value
 * the rest  the value; nothing, if DELETED or PIECES
 * ```
 *
 * Numbers are doubles, big-endian: no integer of luge needs more.
 *
 * @module
 */

import { fromHex, hexOf } from "../../bytes.ts";
import { StoreError } from "../../errors.ts";

const DELETED = 1;
const EXPIRES = 2;
const RESTORED = 4;
const PIECES = 8;
const WRITTEN = 16;
const ALL_FLAGS = 31;
const NUMBER_BYTES = 8;

/** The most bytes of a header. */
export const MAX_HEADER_BYTES: number = 1 + 5 * NUMBER_BYTES;

/** A value in pieces. */
export interface Pieces {
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** Bytes of the value. */
  readonly length: number;
}

/** What is in the header of an entry. */
export interface EntryFields {
  /** In milliseconds since 1970; 0 for never. */
  readonly expiresMs: number;
  /** The version that a restore gave to it. */
  readonly version?: number | undefined;
  /** When its commit began, in milliseconds since 1970; not of what a restore wrote. */
  readonly writtenMs?: number | undefined;
}

/** What etcd keeps under the key of an entry. */
export interface RawEntry extends EntryFields {
  /** `undefined` for a deletion. */
  readonly value: Uint8Array<ArrayBuffer> | Pieces | undefined;
}

/** Whether a value is in pieces. */
export function isPieces(value: RawEntry["value"]): value is Pieces {
  return value !== undefined && "id" in value;
}

/** The bytes of an entry. */
export function encodeEntry(
  value: Uint8Array | Pieces | undefined,
  { expiresMs, version, writtenMs }: EntryFields,
): Uint8Array<ArrayBuffer> {
  const pieces = value !== undefined && "id" in value ? value : undefined;
  const bytes = value !== undefined && !("id" in value) ? value : undefined;
  const flags =
    (value === undefined ? DELETED : 0) |
    (expiresMs > 0 ? EXPIRES : 0) |
    (version !== undefined ? RESTORED : 0) |
    (pieces ? PIECES : 0) |
    (writtenMs !== undefined ? WRITTEN : 0);
  const result = new Uint8Array(MAX_HEADER_BYTES + (bytes?.length ?? 0));
  const view = new DataView(result.buffer);
  result[0] = flags;
  let at = 1;
  const number = (value: number) => {
    view.setFloat64(at, value);
    at += NUMBER_BYTES;
  };
  if (expiresMs > 0) number(expiresMs);
  if (version !== undefined) number(version);
  if (writtenMs !== undefined) number(writtenMs);
  if (pieces) {
    result.set(fromHex(pieces.id), at);
    at += NUMBER_BYTES;
    number(pieces.length);
  }
  if (bytes) result.set(bytes, at);
  return result.subarray(0, at + (bytes?.length ?? 0));
}

/** Reads the bytes of an entry. Throws `STORE_CORRUPT` if they are none. */
export function decodeEntry(bytes: Uint8Array<ArrayBuffer>): RawEntry {
  const flags = bytes[0];
  if (flags === undefined || flags > ALL_FLAGS) throw foreign(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 1;
  const number = () => {
    if (at + NUMBER_BYTES > bytes.length) throw foreign(bytes);
    at += NUMBER_BYTES;
    return view.getFloat64(at - NUMBER_BYTES);
  };
  const expiresMs = flags & EXPIRES ? number() : 0;
  const version = flags & RESTORED ? { version: number() } : {};
  const fields = { expiresMs, ...version, ...(flags & WRITTEN ? { writtenMs: number() } : {}) };
  if (flags & DELETED) return { ...fields, value: undefined };
  if ((flags & PIECES) === 0) return { ...fields, value: bytes.slice(at) };
  const id = hexOf(bytes.subarray(at, at + NUMBER_BYTES));
  at += NUMBER_BYTES;
  return { ...fields, value: { id, length: number() } };
}

function foreign(bytes: Uint8Array): StoreError {
  const start = hexOf(bytes.subarray(0, 16));
  return new StoreError("STORE_CORRUPT", `Cannot read an entry from etcd: luge did not write its value, ${start}…`);
}
