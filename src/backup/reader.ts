/**
 * Reads a backup. Refuses a damaged one.
 *
 * @module
 */

import type { BackupHeader, BackupInfo } from "../api/backup.ts";
import type { RestoredChange } from "../backend.ts";
import { NOTHING } from "../bytes.ts";
import { StoreError } from "../errors.ts";
import { EntryCursor } from "./entries.ts";
import {
  BACKUP_FORMAT,
  CHECKSUM_BYTES,
  DIGEST_BYTES,
  DigestChain,
  decodeFields,
  FRAME_START_BYTES,
  FrameKind,
  HEADER_START_BYTES,
  MAGIC,
  MAX_FIELDS_BYTES,
  MAX_PAYLOAD_BYTES,
  PIECE_BYTES,
} from "./format.ts";
import { type ByteSource, Bytes } from "./source.ts";
import { FieldReader } from "./varint.ts";

/** An entry whose value comes in pieces. */
interface InPieces {
  readonly change: RestoredChange;
  readonly length: number;
  /** `undefined` if the caller does not need it. */
  readonly value: Uint8Array | undefined;
  filled: number;
}

/** Some entries, as changes or as the bytes of a frame. */
export type BackupPart = { readonly changes: RestoredChange[] } | { readonly entries: Uint8Array };

/** Reads header, entries and trailer. Checks each part before it returns it. */
export class BackupReader {
  readonly #bytes: Bytes;
  readonly #as: "changes" | "frames" | "nothing";
  readonly #chain = DigestChain.begin();
  #header: BackupHeader | undefined;
  #frames = 0;
  /** The position of the frame that is being read. */
  #frameAt = 0;
  /** The bytes that contain the last key, from `#lastAt` to `#lastEnd`. */
  #last: Uint8Array = NOTHING;
  #lastAt = 0;
  #lastEnd = 0;
  #pieces: InPieces | undefined;
  #info: BackupInfo | undefined;
  #entries = 0;
  #deletions = 0;
  #entryBytes = 0;

  /**
   * Returns entries `as` changes, as the bytes of their frames (except values in pieces), or only checks them and
   * returns nothing.
   */
  constructor(source: ByteSource, { as }: { readonly as: "changes" | "frames" | "nothing" }) {
    this.#bytes = new Bytes(source);
    this.#as = as;
  }

  /** The header. All methods throw `BACKUP_INVALID`, with position and reason, if the stream is damaged or is not a backup. */
  async header(): Promise<BackupHeader> {
    this.#header ??= await this.#readHeader();
    return this.#header;
  }

  /** The next entries, in the order of their keys; `undefined` at the end, after the trailer is checked. */
  async next(): Promise<BackupPart | undefined> {
    await this.header();
    for (;;) {
      if (this.#info) return undefined;
      const { kind, payload } = await this.#readFrame();
      if (kind === FrameKind.Trailer) {
        await this.#end(payload);
        return undefined;
      }
      const part = kind === FrameKind.Entries ? this.#readEntries(payload) : this.#readPiece(payload);
      if (part) return part;
    }
  }

  /** The content of the backup. Available once it was read to its end. */
  get info(): BackupInfo {
    if (!this.#info) throw new TypeError("the backup was not read to its end");
    return this.#info;
  }

  async #readHeader(): Promise<BackupHeader> {
    const start = Uint8Array.from(await this.#bytes.take(HEADER_START_BYTES));
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
    const digest = (await this.#chain).add(start, fields);
    const header = startsWith(digest, rest.subarray(length)) ? decodeFields(fields) : undefined;
    if (!header) throw invalid(HEADER_START_BYTES, "its header is damaged");
    return header;
  }

  /** Reads a frame and checks its checksum. */
  async #readFrame(): Promise<{ kind: number; payload: Uint8Array }> {
    this.#frameAt = this.#bytes.position;
    const start = Uint8Array.from(await this.#take(FRAME_START_BYTES));
    const [a = 0, b = 0, c = 0, d = 0, kind = 0] = start;
    const length = a + 0x100 * b + 0x10000 * c + 0x1000000 * d;
    if (length > MAX_PAYLOAD_BYTES || kind < FrameKind.Entries || kind > FrameKind.Trailer) this.#damaged();
    const checksumBytes = kind === FrameKind.Trailer ? DIGEST_BYTES : CHECKSUM_BYTES;
    const rest = await this.#take(length + checksumBytes);
    const payload = rest.subarray(0, length);
    const digest = (await this.#chain).add(start, payload);
    if (!startsWith(digest, rest.subarray(length))) this.#damaged();
    this.#frames += 1;
    return { kind, payload };
  }

  async #take(length: number): Promise<Uint8Array> {
    const taken = await this.#bytes.take(length);
    if (taken.length < length) throw invalid(this.#bytes.position, "it ends before its trailer");
    return taken;
  }

  /** Checks a frame of entries. Returns the part for the caller, if there is one. */
  #readEntries(payload: Uint8Array): BackupPart | undefined {
    if (this.#pieces) this.#damaged("a piece of a value is missing");
    const entry = new EntryCursor(payload);
    const changes: RestoredChange[] = [];
    let end = payload.length;
    while (!entry.isDone) {
      if (this.#pieces) this.#damaged("an entry stands behind one that comes in pieces");
      const wrong = entry.next();
      if (wrong !== undefined) this.#damaged(wrong);
      this.#count(entry);
      if (entry.isInPieces) {
        end = entry.start;
        this.#pieces = this.#beginPieces(entry);
      } else if (this.#as === "changes") {
        changes.push(entry.change());
      }
    }
    // The next frame overwrites the payload.
    this.#last = this.#last.slice(this.#lastAt, this.#lastEnd);
    this.#lastAt = 0;
    this.#lastEnd = this.#last.length;
    if (this.#as === "frames") return end > 0 ? { entries: payload.subarray(0, end) } : undefined;
    return changes.length > 0 ? { changes } : undefined;
  }

  #count(entry: EntryCursor): void {
    const { payload, keyAt, keyEnd, version, length } = entry;
    const { from = 0, to = 0 } = this.#header ?? {};
    if (!isBelow(this.#last, this.#lastAt, this.#lastEnd, entry)) this.#damaged("its keys are not in order");
    if (version <= from || version > to) this.#damaged(`version ${version} is not one from ${from + 1} to ${to}`);
    this.#last = payload;
    this.#lastAt = keyAt;
    this.#lastEnd = keyEnd;
    if (entry.hasValue) this.#entries += 1;
    else this.#deletions += 1;
    this.#entryBytes += keyEnd - keyAt + length;
  }

  #beginPieces(entry: EntryCursor): InPieces {
    const { length } = entry;
    const value = this.#as === "nothing" ? undefined : new Uint8Array(length);
    const change = entry.change(value);
    return { change: { ...change, key: change.key.slice() }, length, value, filled: 0 };
  }

  #readPiece(payload: Uint8Array): BackupPart | undefined {
    const pieces = this.#pieces;
    if (!pieces) return this.#damaged("a piece belongs to no value");
    if (payload.length !== Math.min(PIECE_BYTES, pieces.length - pieces.filled))
      this.#damaged("a piece has a wrong size");
    pieces.value?.set(payload, pieces.filled);
    pieces.filled += payload.length;
    if (pieces.filled < pieces.length) return undefined;
    this.#pieces = undefined;
    return pieces.value ? { changes: [pieces.change] } : undefined;
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

/** Whether the key in `bytes`, from `at` to `end`, is below the key of an entry. */
function isBelow(bytes: Uint8Array, at: number, end: number, { payload, keyAt, keyEnd }: EntryCursor): boolean {
  const [length, other] = [end - at, keyEnd - keyAt];
  const common = Math.min(length, other);
  for (let i = 0; i < common; i++) {
    const difference = (bytes[at + i] as number) - (payload[keyAt + i] as number);
    if (difference !== 0) return difference < 0;
  }
  return length < other;
}

function invalid(position: number, reason: string): StoreError {
  return new StoreError("BACKUP_INVALID", `Wrong backup, at byte ${position}: ${reason}`);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => byte === bytes[index]);
}
