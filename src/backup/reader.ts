/**
 * Reads a backup, and refuses one that is not as it was written.
 *
 * @module
 */

import type { BackupHeader, BackupInfo } from "../api/backup.ts";
import type { StoredChange } from "../backend.ts";
import { compareBytes, concat, NOTHING } from "../bytes.ts";
import { StoreError } from "../errors.ts";
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from "../limits.ts";
import {
  BACKUP_FORMAT,
  CHECKSUM_BYTES,
  DIGEST_BYTES,
  DigestChain,
  decodeFields,
  EntryKind,
  FRAME_START_BYTES,
  FrameKind,
  HAS_EXPIRY,
  HEADER_START_BYTES,
  LARGEST_INLINE_BYTES,
  MAGIC,
  MAX_FIELDS_BYTES,
  MAX_PAYLOAD_BYTES,
  PIECE_BYTES,
} from "./format.ts";
import { type ByteSource, Bytes } from "./source.ts";
import { FieldReader } from "./varint.ts";

/** An entry of which the value comes in pieces. */
interface InPieces {
  readonly change: StoredChange;
  readonly length: number;
  /** `undefined` where nobody wants it. */
  readonly value: Uint8Array | undefined;
  filled: number;
}

/** Reads header, entries and trailer, each checked before it is handed on. */
export class BackupReader {
  readonly #bytes: Bytes;
  readonly #withValues: boolean;
  readonly #chain = DigestChain.begin();
  #header: BackupHeader | undefined;
  #frames = 0;
  /** Where the frame begins that is being read. */
  #frameAt = 0;
  #key: Uint8Array = NOTHING;
  #pieces: InPieces | undefined;
  #info: BackupInfo | undefined;
  #entries = 0;
  #deletions = 0;
  #entryBytes = 0;

  /** Without values, those of the entries are empty. */
  constructor(source: ByteSource, options: { readonly withValues: boolean }) {
    this.#bytes = new Bytes(source);
    this.#withValues = options.withValues;
  }

  /** The header. All methods throw `BACKUP_INVALID`, with position and reason, for what is no backup or is damaged. */
  async header(): Promise<BackupHeader> {
    this.#header ??= await this.#readHeader();
    return this.#header;
  }

  /** The next entries, in the order of their keys; `undefined` at the end, which was checked then. */
  async next(): Promise<StoredChange[] | undefined> {
    await this.header();
    for (;;) {
      if (this.#info) return undefined;
      const { kind, payload } = await this.#readFrame();
      if (kind === FrameKind.Trailer) {
        await this.#end(payload);
        return undefined;
      }
      const changes = kind === FrameKind.Entries ? this.#readEntries(payload) : this.#readPiece(payload);
      if (changes.length > 0) return changes;
    }
  }

  /** What the backup holds, once it was read to its end. */
  get info(): BackupInfo {
    if (!this.#info) throw new TypeError("the backup was not read to its end");
    return this.#info;
  }

  async #readHeader(): Promise<BackupHeader> {
    const start = await this.#bytes.take(HEADER_START_BYTES);
    if (MAGIC.some((byte, index) => start[index] !== byte)) {
      if (start.length === 0) throw invalid(0, "it is empty");
      const isGzip = start[0] === 0x1f && start[1] === 0x8b;
      throw invalid(0, isGzip ? "it is compressed with gzip: decompress it first" : "it is no backup of luge");
    }
    if (start.length < HEADER_START_BYTES) throw invalid(start.length, "it ends within its header");
    const [format = 0, low = 0, high = 0] = start.subarray(MAGIC.length);
    if (format !== BACKUP_FORMAT) {
      throw invalid(MAGIC.length, `it has format ${format}, this release reads format ${BACKUP_FORMAT}`);
    }
    const length = low + 256 * high;
    if (length > MAX_FIELDS_BYTES) throw invalid(MAGIC.length + 1, "its header is damaged");
    const rest = await this.#bytes.take(length + CHECKSUM_BYTES);
    if (rest.length < length + CHECKSUM_BYTES) throw invalid(this.#bytes.position, "it ends within its header");
    const fields = rest.subarray(0, length);
    const digest = (await this.#chain).add(concat(start, fields));
    const header = startsWith(digest, rest.subarray(length)) ? decodeFields(fields) : undefined;
    if (!header) throw invalid(HEADER_START_BYTES, "its header is damaged");
    return header;
  }

  /** A frame, with its checksum checked. */
  async #readFrame(): Promise<{ kind: number; payload: Uint8Array }> {
    this.#frameAt = this.#bytes.position;
    const start = Uint8Array.from(await this.#take(FRAME_START_BYTES));
    const [a = 0, b = 0, c = 0, d = 0, kind = 0] = start;
    const length = a + 0x100 * b + 0x10000 * c + 0x1000000 * d;
    if (length > MAX_PAYLOAD_BYTES || kind < FrameKind.Entries || kind > FrameKind.Trailer) this.#damaged();
    const checksumBytes = kind === FrameKind.Trailer ? DIGEST_BYTES : CHECKSUM_BYTES;
    const rest = await this.#take(length + checksumBytes);
    const payload = rest.subarray(0, length);
    const digest = (await this.#chain).add(concat(start, payload));
    if (!startsWith(digest, rest.subarray(length))) this.#damaged();
    this.#frames += 1;
    return { kind, payload };
  }

  async #take(length: number): Promise<Uint8Array> {
    const taken = await this.#bytes.take(length);
    if (taken.length < length) throw invalid(this.#bytes.position, "it ends before its trailer");
    return taken;
  }

  #readEntries(payload: Uint8Array): StoredChange[] {
    if (this.#pieces) this.#damaged("a piece of a value is missing");
    const reader = new FieldReader(payload);
    const changes: StoredChange[] = [];
    while (!reader.isDone) {
      if (this.#pieces) this.#damaged("an entry stands behind one that comes in pieces");
      const change = this.#readEntry(reader);
      if (change) changes.push(change);
    }
    return changes;
  }

  /** `undefined` for an entry that comes in pieces. */
  #readEntry(reader: FieldReader): StoredChange | undefined {
    const flagged = reader.byte() ?? 0;
    const kind = flagged & ~HAS_EXPIRY;
    const [keyLength = 0, version = 0] = [reader.varint(), reader.varint()];
    const expiresMs = flagged & HAS_EXPIRY ? (reader.varint() ?? 0) : 0;
    const hasValue = kind === EntryKind.Value || kind === EntryKind.InPieces;
    const length = hasValue ? (reader.varint() ?? Number.POSITIVE_INFINITY) : 0;
    const key = reader.bytes(keyLength);
    const value = key && kind === EntryKind.Value ? reader.bytes(length) : NOTHING;
    if (!key || !value || kind > EntryKind.InPieces) return this.#damaged("an entry is malformed");
    if ((flagged & HAS_EXPIRY) !== 0 ? expiresMs === 0 : kind === EntryKind.Expired)
      this.#damaged("an expiry is wrong");
    if (keyLength === 0 || keyLength > MAX_KEY_BYTES || length > MAX_VALUE_BYTES)
      this.#damaged("an entry is too large");
    this.#checkOrder(key, version);
    this.#key = key;
    if (hasValue) this.#entries += 1;
    else this.#deletions += 1;
    this.#entryBytes += key.length + length;
    if (kind !== EntryKind.InPieces) return { key, version, expiresMs, value: hasValue ? value : undefined };
    if (length <= LARGEST_INLINE_BYTES) this.#damaged("a small value comes in pieces");
    const whole = this.#withValues ? new Uint8Array(length) : undefined;
    this.#pieces = { change: { key, version, expiresMs, value: whole ?? NOTHING }, length, value: whole, filled: 0 };
    return undefined;
  }

  #checkOrder(key: Uint8Array, version: number): void {
    const { from = 0, to = 0 } = this.#header ?? {};
    if (compareBytes(this.#key, key) >= 0) this.#damaged("its keys are not in order");
    if (version <= from || version > to) this.#damaged(`version ${version} is not one from ${from + 1} to ${to}`);
  }

  #readPiece(payload: Uint8Array): StoredChange[] {
    const pieces = this.#pieces;
    if (!pieces) return this.#damaged("a piece belongs to no value");
    if (payload.length !== Math.min(PIECE_BYTES, pieces.length - pieces.filled))
      this.#damaged("a piece has a wrong size");
    pieces.value?.set(payload, pieces.filled);
    pieces.filled += payload.length;
    if (pieces.filled < pieces.length) return [];
    this.#pieces = undefined;
    return [pieces.change];
  }

  async #end(payload: Uint8Array): Promise<void> {
    const reader = new FieldReader(payload);
    const counts = [reader.varint(), reader.varint(), reader.varint(), reader.varint()];
    const expected = [this.#entries, this.#deletions, this.#entryBytes, this.#frames - 1];
    if (this.#pieces || !reader.isDone || counts.some((count, index) => count !== expected[index])) {
      this.#damaged("its trailer does not fit what came before");
    }
    const size = this.#bytes.position;
    if ((await this.#bytes.take(1)).length > 0) throw invalid(size, "something follows its trailer");
    const header = await this.header();
    const [entries, deletions, bytes] = [this.#entries, this.#deletions, this.#entryBytes];
    this.#info = { ...header, entries, deletions, bytes, size };
  }

  #damaged(reason = "what stands there is not what was written"): never {
    throw invalid(this.#frameAt, reason);
  }
}

function invalid(position: number, reason: string): StoreError {
  return new StoreError("BACKUP_INVALID", `Wrong backup, at byte ${position}: ${reason}`);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => byte === bytes[index]);
}
