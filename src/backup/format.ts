/**
 * The format of a backup; byte by byte in docs/format.md.
 *
 * @module
 */

import type { createHash } from "node:crypto";
import type { BackupHeader } from "../api/backup.ts";
import { FRAME_ROOM } from "../backend.ts";
import { NOTHING } from "../bytes.ts";
import { FieldReader, MAX_VARINT_BYTES, writeVarint } from "./varint.ts";

/** "lugeback" in ASCII. */
export const MAGIC: Uint8Array = new TextEncoder().encode("lugeback");
/** The format that this release writes and reads. */
export const BACKUP_FORMAT = 1;
/** Bytes of the header in front of its fields: magic, format, length of the fields. */
export const HEADER_START_BYTES: number = MAGIC.length + 3;
/** Bytes of the fields of a header at most. */
export const MAX_FIELDS_BYTES: number = 5 * MAX_VARINT_BYTES;
/** Bytes of a frame in front of its payload: the length of the payload, the kind. */
export const FRAME_START_BYTES: number = FRAME_ROOM.before;
/** Bytes of the checksum behind the header and behind each frame but the trailer. */
export const CHECKSUM_BYTES: number = FRAME_ROOM.after;
/** Bytes of the digest behind the trailer. */
export const DIGEST_BYTES = 32;

/** A frame gets no more entries once it has this many bytes. */
export const FRAME_BYTES: number = 128 * 1024;
/** Values above this size come in pieces. */
export const LARGEST_INLINE_BYTES: number = 64 * 1024;
/** The size of such a piece, but for the last one. */
export const PIECE_BYTES: number = 256 * 1024;
/** No payload is larger: a frame that is not full, and one entry more with the largest key. */
export const MAX_PAYLOAD_BYTES: number = 512 * 1024;

/** What a frame is. */
export const FrameKind = { Entries: 1, Piece: 2, Trailer: 3 } as const;

/** What an entry is; with {@linkcode HAS_EXPIRY} it has an expiry. */
export const EntryKind = { Deleted: 0, Value: 1, Expired: 2, InPieces: 3 } as const;
/** Added to the kind of an entry. */
export const HAS_EXPIRY = 0x80;

const IS_INCREMENT = 1;

/** Digests of digests: each is of the one before and of what came since, so that it tells order and position, too. */
export class DigestChain {
  readonly #createHash: typeof createHash;
  #digest: Uint8Array = new Uint8Array(0);

  private constructor(create: typeof createHash) {
    this.#createHash = create;
  }

  /** A chain of nothing. Loads the runtime's cryptography, some ten milliseconds on Node, which no other use of a store needs. */
  static async begin(): Promise<DigestChain> {
    return new DigestChain((await import("node:crypto")).createHash);
  }

  /** Adds bytes, and others behind them; returns the digest of everything so far. */
  add(bytes: Uint8Array, more: Uint8Array = NOTHING): Uint8Array {
    this.#digest = this.#createHash("sha256").update(this.#digest).update(bytes).update(more).digest();
    return this.#digest;
  }
}

/** The fields of a header. */
export function encodeFields(header: BackupHeader): Uint8Array {
  const { from, to, isIncrement, created, numVersionsToKeep } = header;
  const bytes = new Uint8Array(MAX_FIELDS_BYTES);
  let at = 0;
  for (const field of [isIncrement ? IS_INCREMENT : 0, from, to, created, numVersionsToKeep]) {
    at = writeVarint(bytes, at, field);
  }
  return bytes.subarray(0, at);
}

/** The header with these fields; `undefined` when they make no sense. */
export function decodeFields(bytes: Uint8Array): BackupHeader | undefined {
  const reader = new FieldReader(bytes);
  const [flags, from, to, created, numVersionsToKeep] = Array.from({ length: 5 }, () => reader.varint());
  if (flags === undefined || from === undefined || to === undefined || created === undefined) return undefined;
  if (numVersionsToKeep === undefined || !reader.isDone || flags > IS_INCREMENT || from > to) return undefined;
  if (flags === 0 && from > 0) return undefined;
  return { from, to, isIncrement: flags === IS_INCREMENT, created, numVersionsToKeep };
}
