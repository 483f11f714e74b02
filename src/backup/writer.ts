/**
 * Writes a backup.
 *
 * @module
 */

import type { BackupHeader } from "../api/backup.ts";
import type { FramedEntries, StoredChange } from "../backend.ts";
import { MAX_KEY_BYTES } from "../limits.ts";
import {
  BACKUP_FORMAT,
  CHECKSUM_BYTES,
  DIGEST_BYTES,
  type DigestChain,
  EntryKind,
  encodeFields,
  FRAME_BYTES,
  FRAME_START_BYTES,
  FrameKind,
  HAS_EXPIRY,
  HEADER_START_BYTES,
  LARGEST_INLINE_BYTES,
  MAGIC,
  PIECE_BYTES,
} from "./format.ts";
import { MAX_VARINT_BYTES, writeVarint } from "./varint.ts";

/** The most bytes of an entry without its value. */
const MOST_ENTRY_BYTES = 1 + 4 * MAX_VARINT_BYTES + MAX_KEY_BYTES;

/** Encodes one backup: header, entries in the order of their keys, trailer. */
export class BackupWriter {
  readonly #chain: DigestChain;
  readonly #payload: Uint8Array = new Uint8Array(FRAME_BYTES + MOST_ENTRY_BYTES + LARGEST_INLINE_BYTES);
  #length = 0;
  #frames = 0;
  #entries = 0;
  #deletions = 0;
  #bytes = 0;

  /** `chain` must be empty. */
  constructor(chain: DigestChain) {
    this.#chain = chain;
  }

  /** The first bytes. */
  header(header: BackupHeader): Uint8Array<ArrayBuffer> {
    const fields = encodeFields(header);
    const end = HEADER_START_BYTES + fields.length;
    const bytes = new Uint8Array(end + CHECKSUM_BYTES);
    bytes.set(MAGIC);
    bytes[MAGIC.length] = BACKUP_FORMAT;
    new DataView(bytes.buffer).setUint16(MAGIC.length + 1, fields.length, true);
    bytes.set(fields, HEADER_START_BYTES);
    bytes.set(this.#chain.add(bytes.subarray(0, end)).subarray(0, CHECKSUM_BYTES), end);
    return bytes;
  }

  /** Adds an entry. Yields the frames that it completes. A change with an expiry and without a value has expired. */
  *add(change: StoredChange): Generator<Uint8Array<ArrayBuffer>> {
    const { value } = change;
    const inPieces = value !== undefined && value.length > LARGEST_INLINE_BYTES;
    this.#append(change, inPieces);
    if (inPieces || this.#length >= FRAME_BYTES) yield* this.#flush();
    for (let at = 0; inPieces && at < value.length; at += PIECE_BYTES) {
      yield this.#frame(FrameKind.Piece, value.subarray(at, at + PIECE_BYTES));
    }
  }

  /** As {@linkcode BackupWriter.add}, for entries that are already encoded as in a frame. */
  *addFramed({ bytes, values, gone, content }: FramedEntries): Generator<Uint8Array<ArrayBuffer>> {
    this.#entries += values;
    this.#deletions += gone;
    this.#bytes += content;
    if (this.#length + bytes.length > FRAME_BYTES) yield* this.#flush();
    if (bytes.length >= FRAME_BYTES) {
      yield this.#seal(FrameKind.Entries, new Uint8Array(bytes.buffer), CHECKSUM_BYTES);
    } else {
      this.#payload.set(bytes, this.#length);
      this.#length += bytes.length;
    }
  }

  /** The last bytes. */
  *end(): Generator<Uint8Array<ArrayBuffer>> {
    yield* this.#flush();
    const payload = new Uint8Array(4 * MAX_VARINT_BYTES);
    let at = 0;
    for (const count of [this.#entries, this.#deletions, this.#bytes, this.#frames])
      at = writeVarint(payload, at, count);
    yield this.#frame(FrameKind.Trailer, payload.subarray(0, at), DIGEST_BYTES);
  }

  #append({ key, value, version, expiresMs }: StoredChange, inPieces: boolean): void {
    const payload = this.#payload;
    const kind = kindOf(value, expiresMs, inPieces);
    payload[this.#length] = expiresMs > 0 ? kind | HAS_EXPIRY : kind;
    let at = writeVarint(payload, this.#length + 1, key.length);
    at = writeVarint(payload, at, version);
    if (expiresMs > 0) at = writeVarint(payload, at, expiresMs);
    if (value) at = writeVarint(payload, at, value.length);
    payload.set(key, at);
    at += key.length;
    if (value && !inPieces) payload.set(value, at);
    this.#length = at + (value && !inPieces ? value.length : 0);
    if (value) this.#entries += 1;
    else this.#deletions += 1;
    this.#bytes += key.length + (value?.length ?? 0);
  }

  *#flush(): Generator<Uint8Array<ArrayBuffer>> {
    if (this.#length === 0) return;
    yield this.#frame(FrameKind.Entries, this.#payload.subarray(0, this.#length));
    this.#length = 0;
  }

  #frame(kind: number, payload: Uint8Array, checksumBytes: number = CHECKSUM_BYTES): Uint8Array<ArrayBuffer> {
    const frame = new Uint8Array(FRAME_START_BYTES + payload.length + checksumBytes);
    frame.set(payload, FRAME_START_BYTES);
    return this.#seal(kind, frame, checksumBytes);
  }

  /** Writes the bytes before and after the payload of a frame. */
  #seal(kind: number, frame: Uint8Array<ArrayBuffer>, checksumBytes: number): Uint8Array<ArrayBuffer> {
    const end = frame.length - checksumBytes;
    new DataView(frame.buffer).setUint32(0, end - FRAME_START_BYTES, true);
    frame[4] = kind;
    frame.set(this.#chain.add(frame.subarray(0, end)).subarray(0, checksumBytes), end);
    this.#frames += 1;
    return frame;
  }
}

function kindOf(value: Uint8Array | undefined, expiresMs: number, inPieces: boolean): number {
  if (inPieces) return EntryKind.InPieces;
  if (value) return EntryKind.Value;
  return expiresMs > 0 ? EntryKind.Expired : EntryKind.Deleted;
}
