/**
 * The format of a backup. docs/format.md describes it byte by byte.
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
/** Bytes of the header before its fields: magic, format, length of the fields. */
export const HEADER_START_BYTES: number = MAGIC.length + 3;
/** The most bytes of the fields of a header. */
export const MAX_FIELDS_BYTES: number = 5 * MAX_VARINT_BYTES;
/** Bytes of a frame before its payload: the length of the payload, the kind. */
export const FRAME_START_BYTES: number = FRAME_ROOM.before;
/** Bytes of the checksum after the header and after each frame except the trailer. */
export const CHECKSUM_BYTES: number = FRAME_ROOM.after;
/** Bytes of the digest after the trailer. */
export const DIGEST_BYTES = 32;

/** A frame with this many bytes or more gets no more entries. */
export const FRAME_BYTES: number = 128 * 1024;
/** Larger values are written in pieces. */
export const LARGEST_INLINE_BYTES: number = 64 * 1024;
/** The size of a piece, except the last one. */
export const PIECE_BYTES: number = 256 * 1024;
/** The largest payload: a frame that is almost full, and one more entry with the largest key. */
export const MAX_PAYLOAD_BYTES: number = 512 * 1024;

/** The kinds of frames. */
export const FrameKind = { Entries: 1, Piece: 2, Trailer: 3 } as const;

/** The kinds of entries. {@linkcode HAS_EXPIRY} is added if the entry has an expiry. */
export const EntryKind = { Deleted: 0, Value: 1, Expired: 2, InPieces: 3 } as const;
/** Added to the kind of an entry that has an expiry. */
export const HAS_EXPIRY = 0x80;

const IS_INCREMENT = 1;

/** A chain of digests. Each digest covers the digest before it and the bytes since, so it also covers order and position. */
export class DigestChain {
  readonly #createHash: typeof createHash;
  #digest: Uint8Array = new Uint8Array(0);

  private constructor(create: typeof createHash) {
    this.#createHash = create;
  }

  /** An empty chain. Loads the runtime's cryptography: about ten milliseconds on Node. Only backups need it. */
  static async begin(): Promise<DigestChain> {
    return new DigestChain((await import("node:crypto")).createHash);
  }

  /** Adds `bytes`, then `more`. Returns the digest of everything so far. */
  add(bytes: Uint8Array, more: Uint8Array = NOTHING): Uint8Array {
    this.#digest = this.#createHash("sha256").update(this.#digest).update(bytes).update(more).digest();
    return this.#digest;
  }
}

/** Encodes the fields of a header. */
export function encodeFields(header: BackupHeader): Uint8Array {
  const { from, to, isIncrement, created, numVersionsToKeep } = header;
  const bytes = new Uint8Array(MAX_FIELDS_BYTES);
  let at = 0;
  for (const field of [isIncrement ? IS_INCREMENT : 0, from, to, created, numVersionsToKeep]) {
    at = writeVarint(bytes, at, field);
  }
  return bytes.subarray(0, at);
}

/** Decodes the fields of a header; `undefined` if they are invalid. */
export function decodeFields(bytes: Uint8Array): BackupHeader | undefined {
  const reader = new FieldReader(bytes);
  const [flags, from, to, created, numVersionsToKeep] = Array.from({ length: 5 }, () => reader.varint());
  if (flags === undefined || from === undefined || to === undefined || created === undefined) return undefined;
  if (numVersionsToKeep === undefined || !reader.isDone || flags > IS_INCREMENT || from > to) return undefined;
  if (flags === 0 && from > 0) return undefined;
  return { from, to, isIncrement: flags === IS_INCREMENT, created, numVersionsToKeep };
}
