/**
 * Pages of entries, read by the public methods of a store.
 *
 * @module
 */

import type { StoreRecord } from "../api/entries.ts";
import type { KeyRange } from "../api/range.ts";
import type { Reader } from "../api/reader.ts";
import type { Page } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";

/** What of the entries is asked for. */
type Wanted = Pick<ByteRange, "keysOnly" | "withVersions">;

/** What an entry takes beside its key and value. */
const ENTRY_BYTES = 24;

type Bytes = Uint8Array<ArrayBuffer>;
/** An entry with what was asked for. */
export type AnyRecord = Partial<StoreRecord<Uint8Array>> & { readonly key: Uint8Array };

/** The entries of a range, with what `wanted` asks for. */
export function recordsOf(source: Reader, { keysOnly, withVersions }: Wanted, range: KeyRange): Iterator<AnyRecord> {
  const inBytes = { ...range, keyEncoding: "bytes" } as const;
  if (withVersions) return source.records(inBytes)[Symbol.iterator]();
  if (keysOnly)
    return source
      .keys(inBytes)
      .map((key) => ({ key }))
      [Symbol.iterator]();
  return source
    .entries(inBytes)
    .map(([key, value]) => ({ key, value }))
    [Symbol.iterator]();
}

/** The next page: entries until they have about `most` bytes. */
export function pageOf(
  walk: Iterator<AnyRecord>,
  { keysOnly, withVersions }: Wanted,
  most: number,
): { page: Page<"bytes">; isOver: boolean } {
  const [keys, values, versions, expiries]: [Bytes[], Bytes[], number[], number[]] = [[], [], [], []];
  let [bytes, isOver] = [0, false];
  while (bytes < most) {
    const { done, value: record } = walk.next();
    isOver = done === true;
    if (done) break;
    keys.push(record.key as Bytes);
    bytes += ENTRY_BYTES + record.key.length + (record.value?.length ?? 0);
    if (!keysOnly) values.push(record.value as Bytes);
    if (!withVersions) continue;
    versions.push(record.version as number);
    expiries.push(record.expiresAt ?? 0);
  }
  const last = isOver ? undefined : keys.at(-1);
  return { page: { keys, values, last, ...(withVersions ? { versions, expiries } : {}) }, isOver };
}
