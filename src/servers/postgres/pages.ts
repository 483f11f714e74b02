/**
 * Rows as pages.
 *
 * @module
 */

import type { StoredValue } from "../../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../../byte_range.ts";
import { compareBytes, NOTHING } from "../../bytes.ts";
import { StoreError } from "../../errors.ts";
import { guard, mayShare } from "../../wasm/owned_bytes.ts";
import type { ChangedPage, ScannedEntry, ScannedPage, ScannedRange } from "../backend.ts";
import type { Row } from "./connection.ts";
import { PAGE_VISITS } from "./sql.ts";

/** Codes of the characters of a list of numbers. */
const [ZERO, COMMA, MINUS] = [0x30, 0x2c, 0x2d];

/** An entry counts as at least this many bytes, when a page is as small as its caller asks for. */
const BYTES_AN_ENTRY = 64;
const LEAST_VISITS = 16;

type Bytes = Uint8Array<ArrayBuffer>;

/** The value of a row at a time; `undefined` if it is deleted or has expired. */
export function entryOf({ value, version, expires }: Row, nowMs: number): StoredValue | undefined {
  const expiresMs = Number(expires ?? 0);
  if (!value || (expiresMs > 0 && expiresMs <= nowMs)) return undefined;
  return { value: value as Bytes, version: Number(version), expiresMs };
}

/** Throws `VERSION_GONE` if the history begins after a version. */
export function checkKept(kept: unknown, version: number, action = `read at version ${version}`): void {
  const from = Number(kept);
  if (from <= version) return;
  throw new StoreError(
    "VERSION_GONE",
    `Cannot ${action}: the store removed some of what it had; it has all from version ${from} on`,
    { version: from },
  );
}

/** How many entries a page looks at. */
export function visitsOf({ limit = PAGE_VISITS, pageBytes = LARGEST_PAGE_BYTES }: ByteRange): number {
  return Math.min(PAGE_VISITS, limit, Math.max(LEAST_VISITS, Math.ceil(pageBytes / BYTES_AN_ENTRY)));
}

/** The page of the rows of `scan`. */
export function scannedPage(rows: readonly Row[], range: ScannedRange, visits: number): ScannedPage {
  const { limit, version, changedSince } = range;
  const [head = {}, ...rest] = rows;
  if (version !== undefined) checkKept(head.kept, version);
  if (changedSince !== undefined) checkKept(head.kept, changedSince, `read the changes after version ${changedSince}`);
  const entries = rest.map(scannedEntry);
  const wanted = entries.filter((entry) =>
    changedSince === undefined ? entry.value !== undefined : entry.version > changedSince,
  );
  const visited = Number(head.expires);
  const isWhole = visited < visits && rest.length === visited;
  const isEnough = limit !== undefined && wanted.length >= limit;
  return {
    version: version ?? Number(head.version),
    entries: wanted,
    last: isWhole || isEnough ? undefined : entries.at(-1)?.key,
  };
}

/** What the rows of `plainScan` show. */
export interface PlainPage {
  /** Up to the first large value; `undefined` if that is the first row, or if a row is newer than the page. */
  readonly page: ScannedPage | undefined;
  readonly hasLarge: boolean;
  readonly isNewer: boolean;
}

/** The page of the row of `plainScan`. */
export function plainPage([row = {}]: readonly Row[], range: ScannedRange, visits: number, nowMs: number): PlainPage {
  const { limit, version, reverse } = range;
  if (version !== undefined) checkKept(row.kept, version);
  const at = version ?? Number(row.version);
  const isShared = mayShare();
  const found = entriesOfRow(row, isShared, reverse === true);
  if (found.some((entry) => entry.version > at)) return { page: undefined, hasLarge: false, isNewer: true };
  const firstLarge = found.findIndex(({ expiresMs }) => expiresMs < 0);
  const hasLarge = firstLarge >= 0;
  const small = hasLarge ? found.slice(0, firstLarge) : found;
  const last = small.at(-1)?.key;
  if (hasLarge && !last) return { page: undefined, hasLarge, isNewer: false };
  const entries = small.filter(({ value, expiresMs }) => value && (expiresMs === 0 || expiresMs > nowMs));
  const isWhole = found.length < visits && !hasLarge;
  const isEnough = limit !== undefined && entries.length >= limit;
  const page = { version: at, entries, last: isWhole || isEnough ? undefined : last, isShared };
  return { page, hasLarge, isNewer: false };
}

/** The entries of a row of `plainScan`. With `isShared` values are views of one buffer. */
function entriesOfRow(row: Row, isShared: boolean, isReverse: boolean): readonly ScannedEntry[] {
  const keys = (row.keys ?? NOTHING) as Bytes;
  const values = (row.values ?? NOTHING) as Bytes;
  if (isShared && values !== NOTHING) guard(values.buffer);
  const [keyLengths, valueLengths, versions, expiries] = [
    row.key_lengths,
    row.value_lengths,
    row.versions,
    row.expiries,
  ].map(numbersIn) as [number[], number[], number[], number[]];
  let [keyAt, valueAt] = [0, 0];
  const entries = keyLengths.map((keyLength, i): ScannedEntry => {
    const key = keys.subarray(keyAt, keyAt + keyLength);
    keyAt += keyLength;
    const length = valueLengths[i] as number;
    let value: Bytes | undefined;
    if (length >= 0) {
      const end = valueAt + length;
      value = isShared ? values.subarray(valueAt, end) : values.slice(valueAt, end);
      valueAt = end;
    }
    return { key, value, version: versions[i] as number, expiresMs: expiries[i] ?? 0 };
  });
  // A server need not keep the order when it makes one row of many.
  const sign = isReverse ? -1 : 1;
  const compare = (a: ScannedEntry, b: ScannedEntry) => sign * compareBytes(a.key, b.key);
  const isSorted = entries.every((entry, i) => i === 0 || compare(entries[i - 1] as ScannedEntry, entry) < 0);
  return isSorted ? entries : entries.toSorted(compare);
}

/** The integers of a list with commas. Read digit by digit: a text for each of them would cost more than its number. */
function numbersIn(list: unknown): number[] {
  const numbers: number[] = [];
  if (list === null || list === undefined) return numbers;
  const text = list as string;
  let [number, isNegative] = [0, false];
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? COMMA : text.charCodeAt(i);
    if (code === MINUS) isNegative = true;
    else if (code !== COMMA) number = number * 10 + (code - ZERO);
    else {
      numbers.push(isNegative ? -number : number);
      [number, isNegative] = [0, false];
    }
  }
  return numbers;
}

/** The page of the rows of `changes`. */
export function changedPage(rows: readonly Row[], since: number, visits: number): ChangedPage {
  const [head = {}, place = {}, ...rest] = rows;
  checkKept(head.expires, since, `watch the changes after version ${since}`);
  const changes = rest.map(scannedEntry);
  const newest = Number(head.version);
  if (since > newest) {
    throw new RangeError(`Wrong option 'since': expected a version from 0 to ${newest}, got ${since}`);
  }
  if (changes.length < Number(head.wanted)) {
    const last = changes.at(-1) as ScannedEntry;
    return { changes, seen: last.version - 1, last: last.key };
  }
  if (Number(head.visited) < visits) return { changes, seen: Math.max(newest, since), last: undefined };
  return { changes, seen: Number(place.version) - 1, last: head.key as Bytes };
}

function scannedEntry({ key, value, version, expires }: Row): ScannedEntry {
  return {
    key: key as Bytes,
    value: (value ?? undefined) as Bytes | undefined,
    version: Number(version),
    expiresMs: Number(expires),
  };
}
