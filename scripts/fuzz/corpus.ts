/**
 * Writes the inputs that the fuzz targets begin with: cut from the golden stores, and made by the encoders. The same each
 * time. Files named `found-*` came out of a fuzzer, and stay.
 *
 * ```sh
 * node scripts/fuzz/corpus.ts        # writes engine/fuzz/corpus and tests/backup/corpus
 * ```
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MemoryStore } from "../../mod.ts";
import type { StoredChange } from "../../src/backend.ts";
import { EntryKind, FrameKind, HAS_EXPIRY } from "../../src/backup/format.ts";
import { operationsBytes, restoredBytes, writeOperations, writeRestored } from "../../src/wasm/batch.ts";
import {
  type Anatomy,
  counted,
  type Frame,
  payloadOf,
  putTogether,
  type RawEntry,
  takeApart,
} from "../../tests/backup/anatomy.ts";
import { bytesOf } from "../../tests/backup/support.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const GOLDEN = join(ROOT, "tests", "golden", "format-4");

const SEGMENT_HEADER_BYTES = 32;
const RECORD_HEADER_BYTES = 24;
/** The fuzz target gives the records their checksums: see `engine/fuzz/checks/record.rs`. */
const SEAL = 1;

/** A record in a segment, with its header and its padding. */
interface Placed {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

function golden(...path: string[]): Uint8Array {
  return readFileSync(join(GOLDEN, ...path));
}

function recordsOf(segment: Uint8Array): Placed[] {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
  const records: Placed[] = [];
  for (let offset = SEGMENT_HEADER_BYTES; offset + RECORD_HEADER_BYTES <= segment.length; ) {
    const [length, version] = [view.getUint32(offset + 4, true), view.getBigUint64(offset + 8, true)];
    if (version === 0n) break;
    const size = Math.ceil((RECORD_HEADER_BYTES + length) / 8) * 8;
    const payload = segment.subarray(offset + RECORD_HEADER_BYTES, offset + RECORD_HEADER_BYTES + length);
    records.push({ offset, bytes: segment.subarray(offset, offset + size), payload });
    offset += size;
  }
  return records;
}

/** The input of the target `record`. */
function atPosition(flags: number, segment: number, offset: number, ...parts: Uint8Array[]): Uint8Array {
  const head = new Uint8Array(9);
  head[0] = flags;
  new DataView(head.buffer).setBigUint64(1, (BigInt(segment) << 33n) | BigInt(offset), true);
  return joined(head, ...parts);
}

/** A record whose checksum the target fills in. */
function unsealed(version: number, ...payload: (string | number[] | Uint8Array)[]): Uint8Array {
  const bytes = joined(
    ...payload.map((part) => (typeof part === "string" ? Buffer.from(part) : Uint8Array.from(part))),
  );
  const record = new Uint8Array(Math.ceil((RECORD_HEADER_BYTES + bytes.length) / 8) * 8);
  const view = new DataView(record.buffer);
  view.setUint32(4, bytes.length, true);
  view.setBigUint64(8, BigInt(version), true);
  record.set(bytes, RECORD_HEADER_BYTES);
  return record;
}

function records(): Record<string, Uint8Array> {
  const segment = golden("killed", "store", "log", "0000000001.luge");
  const killed = recordsOf(segment);
  const found = (text: string) => {
    const record = killed.find(({ payload }) => Buffer.from(payload).includes(text));
    if (!record) throw new Error(`No record of the golden store has '${text}'`);
    return atPosition(0, 1, record.offset, record.bytes);
  };
  const start = killed.slice(0, 12).map(({ bytes }) => bytes);
  const torn = start.map((bytes, index) => (index === 6 ? bytes.with(30, 0xaa) : bytes));
  const last = recordsOf(golden("versions", "store", "log", "0000000002.luge")).at(-1);
  const logged = new Uint8Array(8);
  const value = "x".repeat(20);
  return {
    "log-start": atPosition(0, 1, SEGMENT_HEADER_BYTES, ...start),
    "log-torn": atPosition(0, 1, SEGMENT_HEADER_BYTES, ...torn),
    "log-batch": found("städte"),
    "log-expiring": found("expiring/2100"),
    "log-delete": atPosition(0, 2, last?.offset ?? 0, last?.bytes ?? new Uint8Array(0)),
    "segment-start": atPosition(0, 1, 0, segment.subarray(0, 256)),
    "table-record": atPosition(
      0,
      1,
      SEGMENT_HEADER_BYTES,
      golden("table", "store", "upper", "0000000001.luge").subarray(32),
    ),
    "versions-record": atPosition(
      0,
      1,
      SEGMENT_HEADER_BYTES,
      golden("versions", "store", "upper", "0000000001.luge").subarray(32),
    ),
    "made-kinds": atPosition(
      SEAL,
      3,
      SEGMENT_HEADER_BYTES,
      unsealed(1, [2, 9, 0, 0, 0, 0, 0, 0, 0]),
      unsealed(10, [1, 0, 1], "a", [1, 1, 1], "bv", [0x81, 1, 0x80, 1, 1], "cw", [0x80, 1, 5], "d"),
      unsealed(11, [1, 2, 3, 20], "key", value, logged),
      unsealed(12, [1, 0x82, 3, 0x80, 0x80, 0x40, 20], "key", value, logged),
    ),
    "made-moved": atPosition(SEAL, 3, SEGMENT_HEADER_BYTES, unsealed(13, [3, 3, 0xac, 2, 20], "key", value, logged)),
    "made-restored": atPosition(
      SEAL,
      3,
      SEGMENT_HEADER_BYTES,
      unsealed(300, [4, 0, 7, 1, 1, 1], "av", [0xac, 2, 0, 1], "b"),
      unsealed(300, [4, 1, 8, 2, 1, 20], "c", value, logged),
    ),
    "made-malformed": atPosition(
      SEAL,
      3,
      SEGMENT_HEADER_BYTES,
      unsealed(1, [1, 1, 9, 9], "too short"),
      unsealed(2, [7]),
    ),
  };
}

/** The blocks in a file of a table. A payload is level, length of the separator in one byte, separator, block. */
function blocksOf(...path: string[]): Uint8Array[] {
  return recordsOf(golden(...path)).map(({ payload }) => payload.subarray(2 + (payload[1] ?? 0)));
}

function blocks(): Record<string, Uint8Array> {
  const made = (entries: (string | number[])[], landmarks: number[] = [0, 0, 0, 0]) =>
    joined(
      ...[...entries, landmarks].map((part) => (typeof part === "string" ? Buffer.from(part) : Uint8Array.from(part))),
    );
  const [first, , , , last] = blocksOf("table", "store", "bottom", "0000000001.luge");
  const [versions] = blocksOf("versions", "store", "bottom", "0000000001.luge");
  const [upper] = blocksOf("table", "store", "upper", "0000000001.luge");
  const [upperVersions] = blocksOf("versions", "store", "upper", "0000000001.luge");
  if (!first || !last || !versions || !upper || !upperVersions) throw new Error("A golden store has no such block");
  return {
    "table-first": first,
    "table-last": last,
    "table-upper": upper,
    versions,
    "versions-upper": upperVersions,
    "made-empty": made([[2, 0]]),
    "made-kinds": made([
      [2, 5],
      [0, 1, 1, 3, 1],
      "av",
      [1, 0, 0, 2],
      [1, 1, 2, 0, 0x80, 1, 9],
      "b",
      [0, 1, 0x81, 0, 9, 1],
      "cw",
    ]),
    "made-empty-key": made([[2, 0], [0, 0, 0, 1], [0, 1, 0, 1], "a"]),
    "made-unordered": made([[2, 0], [0, 1, 0, 1], "b", [0, 1, 0, 1], "a"]),
    "made-landmark-outside": made([[2, 0], [0, 1, 0, 1], "b"], [99, 0, 0, 0, 1, 0, 0, 0]),
    "made-version-overflow": made([[2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], [0, 1, 0, 1], "b"]),
    "made-shares-too-much": made([[2, 0], [0, 1, 0, 1], "b", [2, 0, 0, 0]]),
  };
}

function requests(): Record<string, Uint8Array> {
  const change = (key: string, value: string | undefined, version: number, expiresMs = 0): StoredChange => ({
    key: Buffer.from(key),
    value: value === undefined ? undefined : Buffer.from(value),
    version,
    expiresMs,
  });
  const changes = [
    change("a", "value", 1),
    change("b", undefined, 2),
    change("städte/köln", "", 3, 4_102_444_800_000),
    change("c", undefined, Number.MAX_SAFE_INTEGER, 1),
  ];
  const operations = new Uint8Array(operationsBytes(changes));
  writeOperations(changes, operations, 0);
  const restored = new Uint8Array(restoredBytes(changes));
  writeRestored(changes, restored, 0);
  return {
    operations,
    restored,
    "operations-cut": operations.subarray(0, -1),
    "restored-cut": restored.subarray(0, 30),
    "value-too-long": operations.with(4, 0xfe).with(5, 0xff).with(6, 0xff).with(7, 0xff),
    "expiry-no-number": operations.with(14, 0xf8).with(15, 0xff),
    range: joined(Uint8Array.of(0x2b, 1), Buffer.from("abc")),
    "range-excluded": joined(Uint8Array.of(0x50, 1), Buffer.from("abc")),
  };
}

/** When the made backups were made: a backup has the time in it. */
const CREATED = 1_750_000_000_000;
const YEAR_2100 = 4_102_444_800_000;

async function backups(): Promise<Record<string, Uint8Array>> {
  await using store = new MemoryStore();
  await store.batch([
    { type: "put", key: "a", value: "value" },
    { type: "put", key: "städte/köln", value: "ÄÖÜ" },
    { type: "put", key: "z", value: new Uint8Array(0) },
  ]);
  const since = store.version;
  const written = async (options = {}): Promise<Anatomy> => {
    const { fields, frames } = takeApart(await bytesOf(store.backup(options)));
    return { fields: fields.with(3, CREATED), frames };
  };
  const full = await written();
  await store.delete("a");
  await store.put("b", "later");
  const increment = await written({ since });
  const [first = { kind: 0, payload: new Uint8Array(0) }, trailer = first] = full.frames;
  const made = (fields: number[], ...entries: Partial<RawEntry>[]): Anatomy =>
    counted({ fields: [...fields, CREATED, 1], frames: entries.length > 0 ? [frameOf(entries)] : [] });
  const anatomies: Record<string, Anatomy> = {
    full,
    increment,
    "made-empty": made([0, 0, 0]),
    "made-nothing-since": made([1, 7, 7]),
    "made-kinds": made(
      [1, 2, 2 ** 53 - 2],
      { key: Buffer.of(0), version: 3 },
      { key: Buffer.of(0, 0), version: 4, kind: EntryKind.Value | HAS_EXPIRY, expiresMs: YEAR_2100 },
      { key: Buffer.from("gone"), version: 5, kind: EntryKind.Value | HAS_EXPIRY, expiresMs: 1 },
      { key: Buffer.from("hidden"), version: 6, kind: EntryKind.Expired | HAS_EXPIRY, expiresMs: 1 },
      { key: Buffer.from("kept"), version: 2 ** 53 - 2, kind: EntryKind.Deleted },
    ),
    "made-two-frames": counted({
      fields: [0, 0, 9, CREATED, 3],
      frames: [frameOf([{ key: Buffer.from("a"), version: 9 }]), frameOf([{ key: Buffer.from("b"), version: 1 }])],
    }),
    "refused-order": made([0, 0, 9], { key: Buffer.from("b") }, { key: Buffer.from("a") }),
    "refused-same-key": made([0, 0, 9], { key: Buffer.from("b") }, { key: Buffer.from("b"), version: 2 }),
    "refused-empty-key": made([0, 0, 9], { key: Buffer.of() }),
    "refused-version-above": made([0, 0, 9], { version: 10 }),
    "refused-version-not-above": made([1, 5, 9], { version: 5 }),
    "refused-from-above-to": made([1, 9, 5]),
    "refused-full-from": made([0, 4, 5]),
    "refused-flags": made([2, 0, 5]),
    "refused-kind": made([0, 0, 9], { kind: 4 }),
    "refused-expiry-zero": made([0, 0, 9], { kind: EntryKind.Value | HAS_EXPIRY, expiresMs: 0 }),
    "refused-expired-without-expiry": made([0, 0, 9], { kind: EntryKind.Expired }),
    "refused-small-pieces": made([0, 0, 9], { kind: EntryKind.InPieces }),
    "refused-pieces-missing": made([0, 0, 9], { kind: EntryKind.InPieces, length: 64 * 1024 * 1024 }),
    "refused-number-unsafe": made([0, 0, 2 ** 53]),
    "refused-trailer": { ...full, frames: [first, { ...trailer, payload: trailer.payload.with(0, 9) }] },
    "refused-no-trailer": { ...full, frames: [first] },
    "refused-two-trailers": { ...full, frames: [first, trailer, trailer] },
    "refused-piece-alone": counted({ ...full, frames: [{ kind: FrameKind.Piece, payload: new Uint8Array(9) }] }),
  };
  const files = Object.entries(anatomies).map(async ([name, anatomy]) => [name, await putTogether(anatomy)] as const);
  return { "golden-increment": golden("backups", "increment.backup"), ...Object.fromEntries(await Promise.all(files)) };
}

/** A frame with entries that are put at version 1 where nothing else is said. */
function frameOf(entries: readonly Partial<RawEntry>[]): Frame {
  const value = Buffer.from("value");
  const usual = {
    kind: EntryKind.Value,
    key: Buffer.from("key"),
    version: 1,
    expiresMs: 0,
    length: value.length,
    value,
  };
  return { kind: FrameKind.Entries, payload: payloadOf(entries.map((entry) => ({ ...usual, ...entry }))) };
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function write(inputs: Record<string, Uint8Array>, ...path: string[]): void {
  const folder = join(ROOT, ...path);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(inputs)) writeFileSync(join(folder, name), bytes);
}

write(records(), "engine", "fuzz", "corpus", "record");
write(blocks(), "engine", "fuzz", "corpus", "block");
write(requests(), "engine", "fuzz", "corpus", "request");
write(await backups(), "tests", "backup", "corpus");
