/**
 * Inputs of the fuzz target `record`.
 *
 * @module
 */

import { joined } from "../../lib/backup_anatomy.ts";
import { golden, RECORD_HEADER_BYTES, recordsOf, SEGMENT_HEADER_BYTES } from "./golden.ts";

/** Tells the fuzz target to compute the records' checksums: see `engine/fuzz/checks/record.rs`. */
const SEAL = 1;

/** An input of the target `record`. */
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

/** The inputs by name. */
export function records(): Record<string, Uint8Array> {
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
    "made-packed": atPosition(
      SEAL,
      3,
      SEGMENT_HEADER_BYTES,
      unsealed(11, [1, 3, 3, 20], "key", value, logged),
      unsealed(12, [1, 0x83, 3, 0x80, 0x80, 0x40, 20], "key", value, logged),
      unsealed(13, [5, 3, 0xac, 2, 20], "key", value, logged),
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
