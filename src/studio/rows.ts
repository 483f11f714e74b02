/**
 * Rows of a list: keys, and the first bytes of their values.
 *
 * @module
 */

import type { KeyRange } from "../api/range.ts";
import type { AsyncReader } from "../api/reader.ts";
import { toBase64 } from "../base64.ts";
import type { Bytes } from "./byte_keys.ts";
import type { WireRow, WireRows } from "./wire.ts";

/** The first bytes of a value that a row shows. */
export const START_BYTES = 200;
/** The most bytes of keys in an answer, before its last key. */
const KEY_BYTES = 1024 * 1024;
/** The most bytes of values that are read for the rows of an answer, before its last group. */
const VALUE_BYTES = 4 * 1024 * 1024;
/** The most values that are read at a time. */
const MOST_IN_GROUP = 64;

/** Which rows. */
export interface RowsWanted {
  readonly range: KeyRange<Bytes>;
  /** Begins at the first entry at or after this key; with `reverse`, at or before it. */
  readonly from: Bytes | undefined;
  readonly limit: number;
  readonly reverse: boolean;
}

/** Reads rows. Rows whose values would take too long to read have no size. */
export async function readRows(
  reader: AsyncReader,
  { range, from, limit, reverse }: RowsWanted,
  signal: AbortSignal,
): Promise<WireRows> {
  const { keys, atEnd } = await readKeys(reader, { range, from, limit, reverse });
  const rows: WireRow[] = [];
  let bytes = 0;
  // Small groups first: each value may have 64 MiB.
  for (let [at, group] = [0, 1]; at < keys.length; group = Math.min(group * 2, MOST_IN_GROUP)) {
    const some = keys.slice(at, at + group);
    at += some.length;
    if (bytes > VALUE_BYTES) {
      rows.push(...some.map((key) => ({ key: toBase64(key) })));
      continue;
    }
    const entries = await reader.getEntries(some, { signal });
    for (const [i, key] of some.entries()) {
      const entry = entries[i];
      // The value may have expired since its key was read.
      if (!entry) continue;
      const { value, version, expiresAt } = entry;
      bytes += value.length;
      rows.push({
        key: toBase64(key),
        size: value.length,
        version,
        start: toBase64(value.subarray(0, START_BYTES)),
        ...(expiresAt !== undefined && { expiresAt }),
      });
    }
  }
  return { rows, atEnd };
}

async function readKeys(
  reader: AsyncReader,
  { range, from, limit, reverse }: RowsWanted,
): Promise<{ keys: Bytes[]; atEnd: boolean }> {
  using cursor = reader.keys({ ...range, reverse, keyEncoding: "bytes" }).cursor();
  if (from !== undefined) cursor.seek(from);
  const keys: Bytes[] = [];
  let bytes = 0;
  // Few at first, because a key may have 65,000 bytes.
  for (let step = 16; keys.length < limit && bytes < KEY_BYTES; step = Math.min(step * 2, 256)) {
    const wanted = Math.min(step, limit - keys.length);
    const some = await cursor.nextMany(wanted);
    keys.push(...(some as Bytes[]));
    bytes += some.reduce((sum, { length }) => sum + length, 0);
    if (some.length < wanted) return { keys, atEnd: true };
  }
  return { keys, atEnd: (await cursor.nextMany(1)).length === 0 };
}
