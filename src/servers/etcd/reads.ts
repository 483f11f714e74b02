/**
 * Reads of a store over etcd.
 *
 * @module
 */

import type { StoredValue, StoredVersion } from "../../backend.ts";
import { ofBase64 } from "../../base64.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../../byte_range.ts";
import { compareBytes, NOTHING } from "../../bytes.ts";
import type { ScannedEntry, ScannedPage, ScannedRange, SummedPage } from "../backend.ts";
import { etcdRange } from "./etcd_range.ts";
import { EtcdFailure } from "./failure.ts";
import { GatheredReads, type RawFound } from "./gathered_reads.ts";
import { joined } from "./layout.ts";
import type { KeyValue, RangeRequest, RangeResponse } from "./messages.ts";
import type { PieceStore } from "./pieces.ts";
import type { Space } from "./space.ts";
import { bytesOf, type FoundEntry, foundEntry, isLive, lengthOf, storedValue, storedVersion } from "./values.ts";

/** How many keys one request reads at most: each answer may have 256 KiB. */
const KEYS_A_READ = 32;
/** The most entries of a page, and of a page of keys alone. */
const PAGE_ENTRIES = 1000;
const PAGE_KEYS = 5000;
/** How many entries the first page of a range asks for. Pages grow while entries are small. */
const FIRST_PAGE = 100;
/** The most bytes of an answer with a page. If it has more, luge asks for fewer entries. */
const ANSWER_BYTES: number = 8 * 1024 * 1024;
/** Base64 and names of fields: bytes of an answer for a byte of an entry, and for an entry. */
const ENTRY_OVERHEAD = 64;
/** How many versions of a key are listed: each takes a round trip. */
export const MOST_VERSIONS = 100;

/** A page as etcd has it. */
interface RawPage {
  readonly version: number;
  /** The revision at which it was read. */
  readonly revision: number;
  readonly entries: readonly { readonly key: Uint8Array; readonly entry: FoundEntry }[];
  readonly isLast: boolean;
}

/** The reads of one client. */
export class Reads {
  readonly #space: Space;
  readonly #pieces: PieceStore;
  readonly #now: () => number;
  readonly #gathered: GatheredReads = new GatheredReads((keys) => this.#find(keys), KEYS_A_READ);
  /** Bytes of an entry in the last page, for the size of the next one. */
  #entryBytes = LARGEST_PAGE_BYTES / FIRST_PAGE;

  constructor(space: Space, pieces: PieceStore, now: () => number) {
    this.#space = space;
    this.#pieces = pieces;
    this.#now = now;
  }

  /** See {@linkcode AsyncBackend.newest}. */
  async newest(): Promise<number> {
    return (await this.#space.atNewest(() => [])).version;
  }

  /** See {@linkcode AsyncBackend.read}. */
  async read(keys: readonly Uint8Array[], version?: number): Promise<readonly (StoredValue | undefined)[]> {
    const { kvs, revision } = await (version === undefined ? this.#gathered.ask(keys) : this.#find(keys, version));
    const values: (StoredValue | undefined)[] = [];
    // All are decoded before any piece is awaited: meanwhile another generation may come to count.
    for (const entry of this.#entriesOf(kvs)) {
      values.push(await storedValue(this.#pieces, entry, revision, this.#now()));
    }
    return values;
  }

  /** The entries of keys as etcd has them now, with deletions and what has expired. */
  async find(
    keys: readonly Uint8Array[],
  ): Promise<{ readonly version: number; readonly revision: number; readonly entries: (FoundEntry | undefined)[] }> {
    const { kvs, ...at } = await this.#find(keys);
    return { ...at, entries: this.#entriesOf(kvs) };
  }

  #entriesOf(kvs: RawFound["kvs"]): (FoundEntry | undefined)[] {
    return kvs.map((kv) => foundEntry(this.#space, kv));
  }

  async #find(keys: readonly Uint8Array[], version?: number): Promise<RawFound> {
    if (version === 0) return { version, revision: 0, kvs: keys.map(() => undefined) };
    const kvs: (KeyValue | undefined)[] = [];
    let at = version === undefined ? undefined : { version, revision: this.#space.generation.revisionOf(version) };
    for (let start = 0; start < keys.length || !at; start += KEYS_A_READ) {
      const part = keys.slice(start, start + KEYS_A_READ);
      const requests = () => part.map((key) => ({ key: joined(this.#space.entries, key) }));
      let ranges: readonly RangeResponse[];
      if (at) ranges = await this.#at(requests(), at.revision);
      else ({ ranges, ...at } = await this.#space.atNewest(requests));
      kvs.push(...ranges.map((range) => range.kvs?.[0]));
    }
    return { ...at, kvs };
  }

  /** See {@linkcode AsyncBackend.scan}. */
  async scan(range: ScannedRange): Promise<ScannedPage> {
    const { pageBytes = LARGEST_PAGE_BYTES, keysOnly = false, changedSince } = range;
    const page = await this.#page(range, pageBytes, keysOnly && changedSince === undefined);
    const now = this.#now();
    const entries: ScannedEntry[] = [];
    let bytes = 0;
    let cut: Uint8Array | undefined;
    for (const { key, entry } of page.entries) {
      const live = isLive(entry, now);
      const isWanted = changedSince === undefined ? live : entry.version > changedSince;
      if (!isWanted) continue;
      if (bytes > 0 && bytes + lengthOf(entry) > Math.max(pageBytes, LARGEST_PAGE_BYTES)) break;
      bytes += key.length + lengthOf(entry);
      const { version, expiresMs } = entry;
      const value = live ? (keysOnly ? NOTHING : await bytesOf(this.#pieces, entry, page.revision)) : undefined;
      entries.push({ key, version, expiresMs, value });
      cut = key;
      if (entries.length === range.limit) break;
    }
    const lastKey = page.entries.at(-1)?.key;
    const isWhole = cut === undefined || cut === lastKey || !this.#hasWanted(page, cut, changedSince, now);
    const isFull = entries.length === range.limit;
    const last = isFull ? undefined : isWhole ? (page.isLast ? undefined : lastKey) : cut;
    if (changedSince === undefined || changedSince === 0) return { version: page.version, entries, last };
    const removed = await this.#removed(range, page, last, changedSince);
    const all = [...entries, ...removed].sort((a, b) => compareBytes(a.key, b.key));
    return { version: page.version, entries: all, last };
  }

  /** See {@linkcode AsyncBackend.count}. */
  async count(range: ByteRange): Promise<SummedPage> {
    const page = await this.#page({ ...range, reverse: false }, LARGEST_PAGE_BYTES, true, PAGE_KEYS);
    const now = this.#now();
    let sum = 0;
    for (const { entry } of page.entries) if (isLive(entry, now)) sum += 1;
    if (range.limit !== undefined && sum >= range.limit) {
      return { version: page.version, sum: range.limit, last: undefined };
    }
    return { version: page.version, sum, last: page.isLast ? undefined : page.entries.at(-1)?.key };
  }

  /** See {@linkcode AsyncBackend.size}. */
  async size({ lower, lowerIncluded, upper, upperIncluded, version }: ByteRange): Promise<SummedPage> {
    const ends = {
      lower,
      upper,
      ...(lowerIncluded === false && { lowerIncluded }),
      ...(upperIncluded && { upperIncluded }),
    };
    const page = await this.#page({ ...ends, ...(version !== undefined && { version }) }, ANSWER_BYTES / 4, false);
    let sum = 0;
    for (const { key, entry } of page.entries) sum += key.length + lengthOf(entry);
    return { version: page.version, sum, last: page.isLast ? undefined : page.entries.at(-1)?.key };
  }

  /** See {@linkcode AsyncBackend.versions}. Reads one version after the other, until etcd has compacted the next. */
  async versions(key: Uint8Array): Promise<readonly StoredVersion[]> {
    const { entries, revision } = await this.find([key]);
    const versions: StoredVersion[] = [];
    const now = this.#now();
    let at = revision;
    for (let [entry] = entries; entry && versions.length < MOST_VERSIONS; ) {
      versions.push(await storedVersion(this.#pieces, entry, at, now));
      at = entry.modRevision - 1;
      entry = at > 0 ? await this.#before(key, at) : undefined;
    }
    return versions;
  }

  /** The entry of a key at a revision; `undefined` if there was none, or etcd has compacted it. */
  async #before(key: Uint8Array, revision: number): Promise<FoundEntry | undefined> {
    try {
      const request = { key: joined(this.#space.entries, key), revision: String(revision) };
      return foundEntry(this.#space, (await this.#space.range(request)).kvs?.[0]);
    } catch (failure) {
      if (failure instanceof EtcdFailure && failure.kind === "compacted") return undefined;
      throw failure;
    }
  }

  /** Single keys at a revision. */
  async #at(requests: readonly RangeRequest[], revision: number): Promise<RangeResponse[]> {
    const [only] = requests;
    if (only && requests.length === 1) return [await this.#space.range({ ...only, revision: String(revision) })];
    const success = requests.map((request) => ({ request_range: { ...request, revision: String(revision) } }));
    const { responses = [] } = await this.#space.txn({ success });
    return responses.map(({ response_range = {} }) => response_range);
  }

  /** A page. Asks for fewer entries if the answer is too large. */
  async #page(range: ByteRange, pageBytes: number, keysOnly: boolean, most = PAGE_ENTRIES): Promise<RawPage> {
    const { version, limit = Number.POSITIVE_INFINITY } = range;
    if (version === 0) return { version, revision: 0, entries: [], isLast: true };
    // Keys alone do not tell which version a restore gave to an entry.
    const withoutValues = keysOnly && !this.#space.generation.isRestored;
    const fitting = withoutValues ? most : Math.min(PAGE_ENTRIES, Math.ceil(pageBytes / this.#entryBytes));
    for (let asked = Math.max(1, Math.min(limit, fitting)); ; asked = Math.max(1, Math.floor(asked / 8))) {
      try {
        const page = await this.#pageOf(range, asked, withoutValues);
        const { entries } = page;
        if (!withoutValues && entries.length > 0) {
          const bytes = entries.reduce((sum, { key, entry }) => sum + key.length + lengthOf(entry), 0);
          this.#entryBytes = Math.max(ENTRY_OVERHEAD, bytes / entries.length);
        }
        return page;
      } catch (failure) {
        const isTooLarge = failure instanceof EtcdFailure && failure.kind === "tooLarge";
        if (!isTooLarge || asked === 1) throw failure;
      }
    }
  }

  async #pageOf(range: ByteRange, asked: number, withoutValues: boolean): Promise<RawPage> {
    const space = this.#space;
    const request = (): RangeRequest[] => {
      const ends = etcdRange(space.entries, range);
      if (!ends) return [];
      return [
        {
          ...ends,
          limit: String(asked),
          ...(range.reverse && { sort_order: "DESCEND", sort_target: "KEY" }),
          ...(withoutValues && { keys_only: true }),
        },
      ];
    };
    const options = { maxBytes: ANSWER_BYTES };
    let at: { readonly version: number; readonly revision: number };
    let response: RangeResponse = {};
    if (range.version === undefined) {
      const { ranges, ...read } = await space.atNewest(request, options);
      at = read;
      response = ranges[0] ?? {};
    } else {
      at = { version: range.version, revision: space.generation.revisionOf(range.version) };
      const [only] = request();
      if (only) response = await space.range({ ...only, revision: String(at.revision) }, options);
    }
    const { kvs = [], more = false } = response;
    const prefix = space.entries.length;
    const keys = kvs.map((kv) => ofBase64(kv.key).subarray(prefix));
    const found = withoutValues ? await this.#withoutValues(kvs, at.revision) : kvs.map((kv) => foundEntry(space, kv));
    const entries = keys.map((key, i) => ({ key, entry: found[i] as FoundEntry }));
    return { ...at, entries, isLast: !more };
  }

  /** Entries of keys alone. Without a lease an entry has a value for ever; the others are read. */
  async #withoutValues(kvs: NonNullable<RangeResponse["kvs"]>, revision: number): Promise<(FoundEntry | undefined)[]> {
    const space = this.#space;
    const found = kvs.map(({ lease, mod_revision }): FoundEntry | undefined => {
      if (lease !== undefined && lease !== "0") return undefined;
      const modRevision = Number(mod_revision);
      return { value: NOTHING, expiresMs: 0, modRevision, version: space.generation.versionOf(modRevision) };
    });
    const leased = kvs.flatMap(({ key }, i) => (found[i] ? [] : [{ key, i }]));
    for (let start = 0; start < leased.length; start += KEYS_A_READ) {
      const part = leased.slice(start, start + KEYS_A_READ);
      const read = await this.#at(
        part.map(({ key }) => ({ key })),
        revision,
      );
      for (const [n, { i }] of part.entries()) found[i] = foundEntry(space, read[n]?.kvs?.[0]);
    }
    return found;
  }

  /** Whether a page has an entry after `key` that the range wants. */
  #hasWanted({ entries }: RawPage, key: Uint8Array, changedSince: number | undefined, now: number): boolean {
    const after = entries.slice(entries.findIndex((each) => each.key === key) + 1);
    return after.some(({ entry }) => (changedSince === undefined ? isLive(entry, now) : entry.version > changedSince));
  }

  /** The keys of a part of a range that an old version had, and etcd has removed since. */
  async #removed(
    range: ScannedRange,
    page: RawPage,
    last: Uint8Array | undefined,
    since: number,
  ): Promise<ScannedEntry[]> {
    const present = new Set(page.entries.map(({ key }) => String(key)));
    const { version: _, limit: __, ...ends } = range;
    let part: ByteRange = { ...ends, version: since, ...(last && { upper: last, upperIncluded: true }) };
    const removed: ScannedEntry[] = [];
    for (;;) {
      const old = await this.#page(part, LARGEST_PAGE_BYTES, false);
      for (const { key, entry } of old.entries) {
        if (entry.value === undefined || present.has(String(key))) continue;
        removed.push({ key, version: page.version, expiresMs: entry.expiresMs, value: undefined });
      }
      const end = old.entries.at(-1)?.key;
      if (old.isLast || !end) return removed;
      part = { ...part, lower: end, lowerIncluded: false };
    }
  }
}
