/**
 * A backend of plain JavaScript maps.
 *
 * @module
 */

import {
  type Backend,
  type ChangePage,
  type ChangePlace,
  type ChangeWindow,
  type Counted,
  NEWEST,
  type NewestPage,
  PAGE_VISITS,
  type Page,
  type StoredChange,
  type StoredNewest,
  type StoredOperation,
  type StoredValue,
  type StoredVersion,
  type VerifyStep,
  type VersionPage,
} from "../backend.ts";
import { type ByteRange, isInRange, LARGEST_PAGE_BYTES } from "../byte_range.ts";
import { keyOf, nameOf, withZero } from "../bytes.ts";
import { clock } from "../clock.ts";
import { formatKey, type KeyEncoding, type KeyFormat, type KeyIn } from "../key_format.ts";
import { type StoreMetrics, toMetrics } from "../metrics.ts";
import { DroppedKeys, Expiries, type Expiring } from "./expiries.ts";
import { RecentChanges } from "./recent.ts";
import { SortedKeys } from "./sorted_keys.ts";
import {
  type HistoryLeft,
  isGone,
  type Retention,
  removeExpired,
  removeGone,
  removeOld,
  type Versions,
  versionAt,
  WHOLE,
} from "./versions.ts";

/** Entries of a page, and keys of a step. */
const PAGE_ENTRIES = 1000;
/** What an entry of a page that has few of them counts. */
const BYTES_AN_ENTRY = 64;
/** Expired values that a write drops: more than it can bring. */
const DROPPED_A_WRITE = 2;
/** Expired values that a step drops. */
const DROPPED_A_STEP = 1000;
/** Reads of ranges drop as many as they had to pass by, once these are so many, up to a limit. */
const MANY_PASSED = 128;
const DROPPED_A_READ = 10_000;
/** Bytes of values that end a page of newest versions. */
const PAGE_BYTES = 1024 * 1024;
const NOTHING = new Uint8Array(0);

/** Keys are held as strings of one character a byte: JavaScript orders those as their bytes. */
export class MemoryBackend implements Backend {
  readonly #kept: number;
  readonly #versions: Map<string, Versions> = new Map();
  readonly #keys = new SortedKeys();
  #recent = new RecentChanges(0);
  /** Since when each is open, by version. */
  readonly #snapshots: Map<number, number[]> = new Map();
  readonly #counters = { commits: 0, puts: 0, deletes: 0, put_bytes: 0, gets: 0, table_misses: 0, entries_visited: 0 };
  #version = 0;
  /** Deletions of keys of which nothing else is left. */
  #forgotten = new RecentChanges(0);
  readonly #expiries = new Expiries();
  /** Keys of which everything had expired. */
  #dropped = new DroppedKeys();
  #wholeFrom = 0;
  #changesFrom = 0;
  /** Compaction forgets deletions for good. */
  #newestFrom = 0;
  /** Since which versions what is gone is kept, one for each hold. */
  readonly #held: number[] = [];
  #restoring = 0;
  /** Expired values that reads of ranges passed by. */
  #passed = 0;
  #bytes = 0;
  #compacting: string | undefined;

  readonly disk = undefined;

  constructor(kept: number) {
    this.#kept = kept;
  }

  get version(): number {
    return this.#version;
  }

  get changesFrom(): number {
    return Math.min(this.#changesFrom, this.#recent.from);
  }

  /** Whether something has expired that can be dropped. */
  get hasWork(): boolean {
    return this.#held.length === 0 && this.#expiries.due(clock.now()) !== undefined;
  }

  get(key: Uint8Array, version: number): Uint8Array | undefined {
    return this.entry(key, version)?.value;
  }

  entry(key: Uint8Array, version: number): StoredValue | undefined {
    this.#counters.gets += 1;
    const found = this.#find(nameOf(key), version);
    if (!found) this.#counters.table_misses += 1;
    return found && { ...found, value: found.value.slice() };
  }

  versionOf(key: Uint8Array, version: number): number | undefined {
    return this.#find(nameOf(key), version)?.version;
  }

  page<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E> {
    this.#dropPassed();
    const { pageBytes = LARGEST_PAGE_BYTES } = range;
    const most = Math.min(PAGE_ENTRIES, pageBytes / BYTES_AN_ENTRY);
    const limit = Math.min(range.limit ?? most, most);
    const [keys, values]: [KeyIn<E>[], Uint8Array[]] = [[], []];
    for (const [name, value] of this.#visited(range)) {
      const key = keyOf(name);
      if (value) keys.push(formatKey(key, format));
      if (value && !range.keysOnly) values.push(value.slice());
      if (keys.length === range.limit) break;
      if (keys.length === limit || !value) return { keys, values, last: key };
    }
    return { keys, values, last: undefined };
  }

  count(range: ByteRange): Counted {
    this.#dropPassed();
    let count = 0;
    for (const [name, value] of this.#visited(range)) {
      if (!value) return { count, last: keyOf(name) };
      count += 1;
      if (count === range.limit) break;
    }
    return { count, last: undefined };
  }

  versions(key: Uint8Array): VersionPage {
    const now = clock.now();
    const found = this.#versions.get(nameOf(key)) ?? [];
    const versions = found.map((each) => ({ ...each, value: isGone(each, now) ? undefined : each.value?.slice() }));
    return { versions, next: undefined };
  }

  put(key: Uint8Array, value: Uint8Array, expiresMs: number): number {
    return this.batch([{ key, value, expiresMs }]);
  }

  delete(key: Uint8Array): number {
    return this.batch([{ key, value: undefined, expiresMs: 0 }]);
  }

  batch(operations: readonly StoredOperation[]): number {
    const last = new Map(operations.map((operation) => [nameOf(operation.key), operation]));
    this.#version += 1;
    this.#counters.commits += 1;
    const names = last.size > 1 ? [...last.keys()].sort() : [...last.keys()];
    for (const name of names) this.#write(name, last.get(name) as StoredOperation);
    return this.#version;
  }

  openSnapshot(version: number): boolean {
    const isOpen = this.#snapshots.has(version);
    if (version < this.#wholeFrom && !isOpen) return false;
    this.#snapshots.set(version, [...(this.#snapshots.get(version) ?? []), clock.now()]);
    return true;
  }

  closeSnapshot(version: number): void {
    const opened = this.#snapshots.get(version)?.slice(0, -1) ?? [];
    if (opened.length > 0) this.#snapshots.set(version, opened);
    else this.#snapshots.delete(version);
  }

  changed(range: ByteRange, since: number): boolean {
    if (since >= this.#recent.from) {
      for (const { key } of this.#recent.after(since)) if (isInRange(range, key)) return true;
      return false;
    }
    for (const [, versions] of this.#inRange(range)) if ((versions[0]?.version ?? 0) > since) return true;
    return false;
  }

  commits(range: ByteRange, from: ChangePlace, until: number): ChangePage | undefined {
    if (from.version <= this.#recent.from) return undefined;
    const changes: StoredChange[] = [];
    const now = clock.now();
    let [visits, bytes] = [0, 0];
    for (const change of this.#recent.since(from)) {
      if (change.version > until) break;
      const isWanted = isInRange(range, change.key);
      const isFull = bytes > PAGE_BYTES || changes.length === PAGE_ENTRIES;
      if (visits === PAGE_VISITS || (isFull && isWanted)) return { changes, next: change };
      visits += 1;
      if (!isWanted) continue;
      changes.push(copyOf(change, now));
      bytes += change.value?.length ?? 0;
    }
    return { changes, next: undefined };
  }

  changes(range: ByteRange, { since, until }: ChangeWindow, from?: ChangePlace): ChangePage {
    const changes: StoredChange[] = [];
    const now = clock.now();
    let visits = 0;
    const first = from && nameOf(from.key);
    for (const [name, versions] of this.#inRange(from ? { ...range, lower: from.key, lowerIncluded: true } : range)) {
      const ceiling = name === first ? (from?.version ?? NEWEST) : NEWEST;
      visits += 1;
      for (const { version, expiresMs, value } of versions) {
        if (version <= since || version > until || version > ceiling) continue;
        const change = { key: keyOf(name), version, expiresMs, value: value && NOTHING };
        if (changes.length === PAGE_ENTRIES || visits > PAGE_VISITS) return { changes, next: change };
        changes.push(copyOf(change, now));
      }
      if (visits > PAGE_VISITS) return { changes, next: { key: withZero(keyOf(name)), version: NEWEST } };
    }
    return { changes, next: undefined };
  }

  get versionsToKeep(): number {
    return this.#kept;
  }

  get newestFrom(): number {
    return Math.max(this.#newestFrom, this.#forgotten.from, this.#dropped.from);
  }

  /** What was forgotten or dropped, and is not long ago, comes back until it is compacted away, or dropped again. */
  holdGone(since: number): void {
    this.#held.push(since);
    if (since < this.newestFrom) return;
    const gone = [...this.#forgotten.after(since), ...this.#dropped.after(since)].sort((a, b) => a.version - b.version);
    const last = new Map(gone.map((change) => [nameOf(change.key), change]));
    for (const [name, { value, version, expiresMs }] of last) {
      if (this.#versions.has(name)) continue;
      const held = { value, version, expiresMs };
      this.#versionsOf(name).push(held);
      this.#expiries.add(name, held);
      this.#bytes += sizeOf(name, [held]);
    }
  }

  releaseGone(since: number): void {
    const index = this.#held.indexOf(since);
    if (index >= 0) this.#held.splice(index, 1);
  }

  newest(from: ChangePlace | undefined, { since, until }: ChangeWindow): NewestPage {
    const entries: StoredNewest[] = [];
    const range = from ? { lower: from.key } : {};
    const now = clock.now();
    let [bytes, visits] = [0, 0];
    for (const [name, versions] of this.#inRange(range)) {
      const isFull = entries.length === PAGE_ENTRIES || bytes > PAGE_BYTES;
      if (isFull || visits === PAGE_VISITS) return { entries, next: { key: keyOf(name), version: NEWEST } };
      visits += 1;
      const found = versionAt(versions, until);
      if (!found || found.version <= since) continue;
      const value = isGone(found, now) ? undefined : found.value;
      if (!value && since === 0) continue;
      bytes += value?.length ?? 0;
      entries.push({ ...found, key: keyOf(name), value, isLarge: false });
    }
    return { entries, next: undefined };
  }

  beginRestore(version: number): void {
    this.#recent = new RecentChanges(version);
    this.#forgotten = new RecentChanges(version);
    this.#dropped = new DroppedKeys();
    this.#restoring = version;
    this.#lose({ wholeFrom: version, changesFrom: version });
    this.#newestFrom = version;
  }

  restore(entries: readonly StoredChange[]): void {
    for (const { key, value, version, expiresMs } of entries) {
      const name = nameOf(key);
      const versions = this.#versionsOf(name);
      const before = sizeOf(name, versions);
      const restored = { version, expiresMs, value: value && Uint8Array.from(value) };
      versions.unshift(restored);
      this.#expiries.add(name, restored);
      this.#removeOld(name, versions);
      this.#bytes += sizeOf(name, versions) - before;
    }
  }

  endRestore(): void {
    this.#version = this.#restoring;
  }

  step(): boolean {
    this.#drop(DROPPED_A_STEP);
    return this.hasWork;
  }

  compactStep(): boolean {
    const names: string[] = [];
    for (const name of this.#keys.from(this.#compacting ?? "")) {
      if (names.push(name) > PAGE_ENTRIES) break;
    }
    this.#compacting = names[PAGE_ENTRIES];
    for (const name of names.slice(0, PAGE_ENTRIES)) {
      const versions = this.#versions.get(name) ?? [];
      const before = sizeOf(name, versions);
      const newest = versions[0]?.version ?? 0;
      this.#lose(this.#removeOld(name, versions));
      this.#lose(this.#removeGone(name, versions));
      removeExpired(versions);
      this.#bytes -= before - sizeOf(name, versions);
      if (versions.length > 0) continue;
      this.#newestFrom = Math.max(this.#newestFrom, newest);
      this.#forget(name);
    }
    return this.#compacting !== undefined;
  }

  verifyStep(): VerifyStep {
    let entries = 0;
    for (const versions of this.#versions.values()) entries += versions.length;
    return { more: false, entries, damages: [] };
  }

  sizeBytes(): number {
    return this.#bytes;
  }

  metrics(): StoreMetrics {
    const opened = [...this.#snapshots.values()].flat();
    const figures = {
      ...this.#counters,
      memtable_hits: this.#counters.gets - this.#counters.table_misses,
      write_buffer_entries: this.#versions.size,
      write_buffer_bytes: this.#bytes,
      version: this.#version,
      open_snapshots: opened.length,
      oldest_snapshot_ms: opened.length === 0 ? 0 : Math.max(0, clock.now() - Math.min(...opened)),
    };
    return toMetrics(new Map(Object.entries(figures)), this.#bytes, 0);
  }

  abandon(): void {
    this.#versions.clear();
    this.#keys.clear();
    this.#expiries.clear();
    this.#snapshots.clear();
  }

  #write(name: string, { key, value, expiresMs }: StoredOperation): void {
    this.#drop(DROPPED_A_WRITE);
    const copy = value && Uint8Array.from(value);
    const version = { version: this.#version, expiresMs, value: copy };
    const versions = this.#versionsOf(name);
    const before = sizeOf(name, versions);
    versions.unshift(version);
    this.#expiries.add(name, version);
    this.#lose(this.#removeOld(name, versions));
    this.#bytes += sizeOf(name, versions) - before;
    this.#recent.add({ ...version, key: key.slice() });
    if (value) {
      this.#counters.puts += 1;
      this.#counters.put_bytes += key.length + value.length;
      return;
    }
    this.#counters.deletes += 1;
    // With more versions to keep, a deletion is history.
    if (versions.length === 1 && this.#kept === 1 && this.#held.length === 0) {
      this.#lose({ wholeFrom: 0, changesFrom: this.#version });
      this.#bytes -= sizeOf(name, versions);
      this.#forgotten.add({ ...version, key: key.slice() });
      this.#forget(name);
    }
  }

  #versionsOf(name: string): Versions {
    let versions = this.#versions.get(name);
    if (!versions) {
      versions = [];
      this.#versions.set(name, versions);
      this.#keys.add(name);
    }
    return versions;
  }

  #removeOld(name: string, versions: Versions): HistoryLeft {
    if (versions.length <= this.#kept) return WHOLE;
    return removeOld(versions, this.#retention(), (gone) => this.#expiries.delete(name, gone));
  }

  #removeGone(name: string, versions: Versions): HistoryLeft {
    return removeGone(versions, this.#retention(), (gone) => this.#expiries.delete(name, gone));
  }

  #retention(): Retention {
    return { kept: this.#kept, snapshots: [...this.#snapshots.keys()], held: Math.min(NEWEST, ...this.#held) };
  }

  /** Drops some of what has expired, the oldest first. An increment that is going on needs to see it. */
  #drop(most: number): void {
    if (this.#held.length > 0) return;
    const now = clock.now();
    for (let i = 0; i < most; i++) {
      const due = this.#expiries.due(now);
      if (!due) return;
      this.#expiries.delete(due.name, { ...due, value: undefined });
      this.#expire(due);
    }
  }

  #dropPassed(): void {
    if (this.#passed < MANY_PASSED) return;
    this.#drop(Math.min(this.#passed, DROPPED_A_READ));
    this.#passed = 0;
  }

  /**
   * Drops a value that has expired. Where an older version is left below it, something stays that says that the value is gone. As no read
   * finds the value from its time on, it does not matter to snapshots.
   */
  #expire({ name, version }: Expiring): void {
    const versions = this.#versions.get(name) ?? [];
    const [newest] = versions;
    const index = versions.findIndex((each) => each.version === version);
    const expired = versions[index];
    if (!newest || !expired) return;
    const before = sizeOf(name, versions);
    versions[index] = { ...expired, value: undefined };
    this.#lose(this.#removeGone(name, versions));
    this.#bytes -= before - sizeOf(name, versions);
    if (versions.length > 0) return;
    this.#dropped.add({ ...newest, value: undefined, key: keyOf(name) });
    this.#forget(name);
  }

  /** The history is whole from a version on. */
  #lose({ wholeFrom, changesFrom }: HistoryLeft): void {
    this.#wholeFrom = Math.max(this.#wholeFrom, wholeFrom);
    this.#changesFrom = Math.max(this.#changesFrom, changesFrom);
  }

  #forget(name: string): void {
    this.#versions.delete(name);
    this.#keys.delete(name);
  }

  #find(name: string, version: number): (StoredVersion & { value: Uint8Array }) | undefined {
    const found = versionAt(this.#versions.get(name) ?? [], version);
    return found?.value && !isGone(found, clock.now()) ? { ...found, value: found.value } : undefined;
  }

  /** The entries of a range; and without a value the last key that was looked at, where these were as many as may be. */
  *#visited(range: ByteRange): Generator<[string, Uint8Array | undefined]> {
    const version = range.version ?? this.#version;
    const now = clock.now();
    let visits = 0;
    for (const [name, versions] of this.#inRange(range)) {
      visits += 1;
      this.#counters.entries_visited += 1;
      const found = versionAt(versions, version);
      if (found?.value && isGone(found, now)) this.#passed += 1;
      else if (found?.value) yield [name, found.value];
      if (visits === PAGE_VISITS) yield [name, undefined];
    }
  }

  *#inRange(range: ByteRange): Generator<[string, Versions]> {
    const { lower, lowerIncluded, upper, upperIncluded, reverse } = range;
    const [low, high] = [lower && nameOf(lower), upper && nameOf(upper)];
    for (const name of reverse ? this.#keys.backFrom(high) : this.#keys.from(low ?? "")) {
      const isBelow = low !== undefined && (name < low || (name === low && lowerIncluded === false));
      const isAbove = high !== undefined && (name > high || (name === high && !upperIncluded));
      if (reverse ? isBelow : isAbove) return;
      if (!isBelow && !isAbove) yield [name, this.#versions.get(name) ?? []];
    }
  }
}

function copyOf(change: StoredChange, nowMs: number): StoredChange {
  return { ...change, value: isGone(change, nowMs) ? undefined : change.value?.slice() };
}

function sizeOf(name: string, versions: Versions): number {
  return versions.reduce((bytes, { value }) => bytes + name.length + (value?.length ?? 0), 0);
}
