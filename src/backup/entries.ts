/**
 * Reads the entries of a frame in place. An object per entry would cost more than all other work on the entry.
 *
 * @module
 */

import type { RestoredChange } from "../backend.ts";
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from "../limits.ts";
import { EntryKind, HAS_EXPIRY, LARGEST_INLINE_BYTES } from "./format.ts";
import { FieldReader } from "./varint.ts";

/** A cursor over the entries of a payload. */
export class EntryCursor {
  readonly payload: Uint8Array;
  readonly #reader: FieldReader;
  /** The start of the entry. */
  start = 0;
  kind = 0;
  version = 0;
  /** The expiry; 0 for never. */
  expiresMs = 0;
  keyAt = 0;
  keyEnd = 0;
  /** Bytes of the value, inline or in pieces. */
  length = 0;

  constructor(payload: Uint8Array) {
    this.payload = payload;
    this.#reader = new FieldReader(payload);
  }

  /** Whether no entry is left. */
  get isDone(): boolean {
    return this.#reader.isDone;
  }

  /** Whether the entry has a value. */
  get hasValue(): boolean {
    return this.kind === EntryKind.Value || this.isInPieces;
  }

  /** Whether the value is in the next frames. */
  get isInPieces(): boolean {
    return this.kind === EntryKind.InPieces;
  }

  /** Moves to the next entry. Returns a reason if the entry is invalid, else `undefined`. */
  next(): string | undefined {
    const reader = this.#reader;
    this.start = reader.at;
    const flagged = reader.byte() ?? 0;
    const [keyLength, version] = [reader.varint(), reader.varint()];
    const hasExpiry = flagged >= HAS_EXPIRY;
    this.kind = hasExpiry ? flagged - HAS_EXPIRY : flagged;
    this.expiresMs = hasExpiry ? (reader.varint() ?? 0) : 0;
    const length = this.hasValue ? reader.varint() : 0;
    if (keyLength === undefined || version === undefined || length === undefined) return MALFORMED;
    this.keyAt = reader.at;
    this.keyEnd = this.keyAt + keyLength;
    const isWhole = reader.skip(keyLength) && (this.kind !== EntryKind.Value || reader.skip(length));
    if (!isWhole || this.kind > EntryKind.InPieces) return MALFORMED;
    if (hasExpiry ? this.expiresMs === 0 : this.kind === EntryKind.Expired) return "an expiry is wrong";
    if (keyLength === 0 || keyLength > MAX_KEY_BYTES || length > MAX_VALUE_BYTES) return "an entry is too large";
    if (this.isInPieces && length <= LARGEST_INLINE_BYTES) return "a small value comes in pieces";
    this.version = version;
    this.length = length;
    return undefined;
  }

  /** The entry with `value`, or with its inline value by default. */
  change(value?: Uint8Array): RestoredChange {
    const { payload, keyAt, keyEnd, version, expiresMs, length } = this;
    const own = this.kind === EntryKind.Value ? payload.subarray(keyEnd, keyEnd + length) : undefined;
    return { key: payload.subarray(keyAt, keyEnd), version, expiresMs, value: value ?? own };
  }
}

/** The entries of a payload that is known to be valid. */
export function* entriesOf(payload: Uint8Array): Generator<RestoredChange> {
  const cursor = new EntryCursor(payload);
  while (!cursor.isDone) {
    cursor.next();
    yield cursor.change();
  }
}

const MALFORMED = "an entry is malformed";
