/**
 * Rows as pages.
 *
 * @module
 */

import type { StoredValue } from "../../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../../byte_range.ts";
import { StoreError } from "../../errors.ts";
import { guard, mayShare } from "../../wasm/owned_bytes.ts";
import type { ChangedPage, ScannedEntry, ScannedPage, ScannedRange } from "../backend.ts";
import type { Row } from "./connection.ts";
import { PAGE_VISITS } from "./sql.ts";
import { fromHex, fromHexTexts } from "./values.ts";

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

/** The page of the rows of `plainScan`. */
export function plainPage(rows: readonly Row[], range: ScannedRange, visits: number, nowMs: number): PlainPage {
  const { limit, version, reverse } = range;
  const [head, ...rest] = inOrder(rows, reverse === true);
  if (version !== undefined) checkKept(head?.expires, version);
  const at = version ?? Number(head?.version);
  const entries: ScannedEntry[] = [];
  const { bytes, isShared } = bytesOf(rest);
  let visited = 0;
  for (const { version: written, expires } of rest) {
    const [key, value] = [bytes[2 * visited] as Bytes, bytes[2 * visited + 1]];
    const entry = { key, value, version: Number(written), expiresMs: Number(expires) };
    if (entry.version > at) return { page: undefined, hasLarge: false, isNewer: true };
    if (entry.expiresMs < 0) break;
    visited += 1;
    const hasExpired = entry.expiresMs > 0 && entry.expiresMs <= nowMs;
    if (value && !hasExpired) entries.push(entry);
  }
  const last = visited === 0 ? undefined : bytes[2 * visited - 2];
  const hasLarge = visited < rest.length;
  if (hasLarge && last === undefined) return { page: undefined, hasLarge, isNewer: false };
  const isWhole = rest.length < visits && !hasLarge;
  const isEnough = limit !== undefined && entries.length >= limit;
  const page = { version: at, entries, last: isWhole || isEnough ? undefined : last, isShared };
  return { page, hasLarge, isNewer: false };
}

/** The key and the value of each row, one after the other. */
function bytesOf(rows: readonly Row[]): { bytes: readonly (Bytes | undefined)[]; isShared: boolean } {
  const isShared = mayShare();
  if (!isShared) {
    const keys = fromHexTexts(rows.map(({ hex }) => hex as string));
    const own = (value: unknown) => (value === null ? undefined : fromHex(value as string));
    return { bytes: rows.flatMap(({ value }, i) => [keys[i], own(value)]), isShared };
  }
  const bytes = fromHexTexts(rows.flatMap(({ hex, value }) => [hex as string, value as string | null]));
  const [first] = bytes;
  if (first) guard(first.buffer);
  return { bytes, isShared };
}

/**
 * The row without a key first, and the others in the order of the keys: a server need not keep it in a union. The order
 * of hexadecimal texts is that of their bytes.
 */
function inOrder(rows: readonly Row[], isReverse: boolean): readonly Row[] {
  const isBefore = (a: unknown, b: unknown) => {
    if (a === null || b === null) return a === null;
    return isReverse ? (a as string) > (b as string) : (a as string) < (b as string);
  };
  const isSorted = rows.every((row, i) => i === 0 || isBefore(rows[i - 1]?.hex, row.hex));
  return isSorted ? rows : rows.toSorted((a, b) => (isBefore(a.hex, b.hex) ? -1 : 1));
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
