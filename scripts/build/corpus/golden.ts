/**
 * The golden stores, and the records in their segments.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../lib/runtimes.ts";

const GOLDEN = join(ROOT, "tests", "golden", "format-4");

/** Bytes before the first record. */
export const SEGMENT_HEADER_BYTES = 32;
/** Bytes of a record before its payload. */
export const RECORD_HEADER_BYTES = 24;

/** A record in a segment, with its header and its padding. */
export interface Placed {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

/** The bytes of a file. */
export function golden(...path: string[]): Uint8Array {
  return readFileSync(join(GOLDEN, ...path));
}

/** The records of a segment, up to the first bytes that are not a record. */
export function recordsOf(segment: Uint8Array): Placed[] {
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
