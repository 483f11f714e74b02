/**
 * Takes backups apart and puts them together again, with matching digests. Random damage never has matching digests.
 *
 * @module
 */

import {
  BACKUP_FORMAT,
  CHECKSUM_BYTES,
  DIGEST_BYTES,
  DigestChain,
  EntryKind,
  FrameKind,
  HAS_EXPIRY,
  HEADER_START_BYTES,
  MAGIC,
} from "../../src/backup/format.ts";
import { FieldReader, MAX_VARINT_BYTES, writeVarint } from "../../src/backup/varint.ts";

/** The place of a part of a backup: the header or a frame. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** The header and the frames of a backup. */
export function framesOf(backup: Uint8Array): Part[] {
  const view = new DataView(backup.buffer, backup.byteOffset, backup.length);
  const parts: Part[] = [{ start: 0, end: 11 + view.getUint16(9, true) + 8 }];
  for (let start = parts[0]?.end ?? 0; start < backup.length; ) {
    const checksum = checksumBytes(backup[start + 4] ?? 0);
    const end = start + 5 + view.getUint32(start, true) + checksum;
    parts.push({ start, end });
    start = end;
  }
  return parts;
}

/** A frame without its checksum. */
export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** A backup without digests. */
export interface Anatomy {
  /** The numbers of the header: flags, from, to, created, versions to keep. */
  readonly fields: readonly number[];
  readonly frames: readonly Frame[];
}

/** An entry in the form of a frame. */
export interface RawEntry {
  /** May include {@linkcode HAS_EXPIRY}. */
  readonly kind: number;
  readonly key: Uint8Array;
  readonly version: number;
  /** Written only if the kind has an expiry. */
  readonly expiresMs: number;
  /** The length of the value; written only if the kind has a value. */
  readonly length: number;
  /** The bytes of the value; written only if the kind says that they are part of the entry. */
  readonly value: Uint8Array;
}

/** Takes an undamaged backup apart. */
export function takeApart(backup: Uint8Array): Anatomy {
  const [header, ...frames] = framesOf(backup);
  const reader = new FieldReader(backup.subarray(HEADER_START_BYTES, (header?.end ?? 0) - CHECKSUM_BYTES));
  const fields: number[] = [];
  while (!reader.isDone) fields.push(reader.varint() ?? 0);
  return {
    fields,
    frames: frames.map(({ start, end }) => {
      const kind = backup[start + 4] ?? 0;
      return { kind, payload: backup.slice(start + 5, end - checksumBytes(kind)) };
    }),
  };
}

/** Puts a backup together with matching digests, whatever its parts say. */
export async function putTogether({ fields, frames }: Anatomy): Promise<Uint8Array> {
  const chain = await DigestChain.begin();
  const written = varints(fields);
  const start = joined(MAGIC, Uint8Array.of(BACKUP_FORMAT, written.length & 0xff, written.length >> 8), written);
  const parts = [start, chain.add(start).subarray(0, CHECKSUM_BYTES)];
  for (const { kind, payload } of frames) {
    const frame = new Uint8Array(5 + payload.length);
    new DataView(frame.buffer).setUint32(0, payload.length, true);
    frame[4] = kind;
    frame.set(payload, 5);
    parts.push(frame, chain.add(frame).subarray(0, checksumBytes(kind)));
  }
  return joined(...parts);
}

/** The entries of a frame; `undefined` if an encoder would never write such entries. */
export function entriesOf(payload: Uint8Array): RawEntry[] | undefined {
  const reader = new FieldReader(payload);
  const entries: RawEntry[] = [];
  while (!reader.isDone) {
    const kind = reader.byte() ?? 0;
    const [keyLength, version] = [reader.varint(), reader.varint()];
    const expiresMs = kind & HAS_EXPIRY ? reader.varint() : 0;
    const length = hasValue(kind) ? reader.varint() : 0;
    if (keyLength === undefined || version === undefined || expiresMs === undefined || length === undefined) return;
    const keyAt = reader.at;
    if (!reader.skip(keyLength)) return;
    const valueAt = reader.at;
    if (plain(kind) === EntryKind.Value && !reader.skip(length)) return;
    const [key, value] = [payload.subarray(keyAt, valueAt), payload.subarray(valueAt, reader.at)];
    entries.push({ kind, key, version, expiresMs, length, value });
  }
  return entries;
}

/** The payload of a frame with these entries. */
export function payloadOf(entries: readonly RawEntry[]): Uint8Array {
  return joined(
    ...entries.flatMap(({ kind, key, version, expiresMs, length, value }) => [
      Uint8Array.of(kind),
      varints([key.length, version, ...(kind & HAS_EXPIRY ? [expiresMs] : []), ...(hasValue(kind) ? [length] : [])]),
      key,
      plain(kind) === EntryKind.Value ? value : new Uint8Array(0),
    ]),
  );
}

/** The same backup with one trailer, at its end, that counts the entries correctly. */
export function counted({ fields, frames }: Anatomy): Anatomy {
  const others = frames.filter(({ kind }) => kind !== FrameKind.Trailer);
  const entries = others.flatMap(({ kind, payload }) => (kind === FrameKind.Entries ? (entriesOf(payload) ?? []) : []));
  const values = entries.filter(({ kind }) => hasValue(kind)).length;
  const bytes = entries.reduce((sum, { key, length }) => sum + key.length + length, 0);
  const payload = varints([values, entries.length - values, bytes, others.length]);
  return { fields, frames: [...others, { kind: FrameKind.Trailer, payload }] };
}

/** The kind without the flag for expiry. */
export function plain(kind: number): number {
  return kind & ~HAS_EXPIRY;
}

/** Numbers in the format of a backup. */
export function varints(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * (MAX_VARINT_BYTES + 2));
  return bytes.slice(
    0,
    numbers.reduce((at, number) => writeVarint(bytes, at, number), 0),
  );
}

/** All parts, one after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function hasValue(kind: number): boolean {
  return plain(kind) === EntryKind.Value || plain(kind) === EntryKind.InPieces;
}

function checksumBytes(kind: number): number {
  return kind === FrameKind.Trailer ? DIGEST_BYTES : CHECKSUM_BYTES;
}
