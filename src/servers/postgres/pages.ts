/**
 * Rows as pages.
 *
 * @module
 */

import type { StoredValue } from "../../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../../byte_range.ts";
import { StoreError } from "../../errors.ts";
import type { ChangedPage, ScannedEntry, ScannedPage, ScannedRange } from "../backend.ts";
import type { Row } from "./connection.ts";
import { PAGE_VISITS } from "./sql.ts";

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
