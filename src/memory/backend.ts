/**
 * A backend of plain JavaScript maps.
 *
 * @module
 */

import type { KeyEncoding, KeyIn } from "../api/keys.ts";
import type { StoreMetrics } from "../api/metrics.ts";
import {
  type Backend,
  type ChangePage,
  type ChangePlace,
  type ChangeWindow,
  type Counted,
  exactly,
  NEWEST,
  type NewestPage,
  type Operations,
  PAGE_VISITS,
  type Page,
  type RestoredChange,
  type StoredChange,
  type StoredNewest,
  type StoredOperation,
  type StoredValue,
  type VerifyStep,
  type VersionPage,
} from "../backend.ts";
import { type ByteRange, isInRange, LARGEST_PAGE_BYTES } from "../byte_range.ts";
import { keyOf, NOTHING, nameOf, withZero } from "../bytes.ts";
import { clock } from "../clock.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import { toMetrics } from "../metrics.ts";
import { merged } from "./merges.ts";
import { RecentChanges } from "./recent.ts";
import { MemoryTable } from "./table.ts";
import { copyOf, isGone, versionAt } from "./versions.ts";

/** The most entries of a page. */
const PAGE_ENTRIES = 1000;
/** An entry counts as this many bytes in the limit of a small page. */
const BYTES_AN_ENTRY = 64;
/** A write drops at most this many expired values. It adds fewer. */
const DROPPED_A_WRITE = 2;
/** A step drops at most this many expired values. */
const DROPPED_A_STEP = 1000;
/** Once range reads have skipped this many expired values, the next one drops as many, up to `DROPPED_A_READ`. */
const MANY_PASSED = 128;
const DROPPED_A_READ = 10_000;
/** A page of newest versions ends after this many bytes of values. */
const PAGE_BYTES = 1024 * 1024;

/** The reads and writes of a table. */
export class MemoryBackend extends MemoryTable implements Backend {
  readonly disk = undefined;
  #recent = new RecentChanges(0);
  readonly #counters = { commits: 0, puts: 0, deletes: 0, put_bytes: 0, gets: 0, table_misses: 0, entries_visited: 0 };
  #version = 0;
  #restoring = 0;
  /** The time of the newest commit. All commits of a millisecond have the same object. */
  #written = exactly(0);
  /** How many expired values range reads have skipped. */
  #passed = 0;

  get version(): number {
    return this.#version;
  }

  override get changesFrom(): number {
    return Math.min(super.changesFrom, this.#recent.from);
  }

  get(key: Uint8Array, version: number): Uint8Array<ArrayBuffer> | undefined {
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

  scan<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E> {
    this.#dropPassed();
    const { pageBytes = LARGEST_PAGE_BYTES } = range;
    const most = Math.min(PAGE_ENTRIES, pageBytes / BYTES_AN_ENTRY);
    const limit = Math.min(range.limit ?? most, most);
    const page = {
      keys: [] as KeyIn<E>[],
      values: [] as Uint8Array<ArrayBuffer>[],
      versions: [] as number[],
      expiries: [] as number[],
    };
    for (const [name, found] of this.#visited(range)) {
      const key = keyOf(name);
      if (found) {
        page.keys.push(formatKey(key, format));
        page.versions.push(found.version);
        page.expiries.push(found.expiresMs);
      }
      if (found && !range.keysOnly) page.values.push(found.value.slice());
      if (page.keys.length === range.limit) break;
      if (page.keys.length === limit || !found) return { ...page, last: key };
    }
    return { ...page, last: undefined };
  }

  count(range: ByteRange): Counted {
    this.#dropPassed();
    let count = 0;
    for (const [name, found] of this.#visited(range)) {
      if (!found) return { count, last: keyOf(name) };
      count += 1;
      if (count === range.limit) break;
    }
    return { count, last: undefined };
  }

  versions(key: Uint8Array): VersionPage {
    const now = clock.now();
    const found = this.of(nameOf(key));
    return { versions: found.map((each) => copyOf(each, now)), next: undefined };
  }

  put(key: Uint8Array, value: Uint8Array, expiresMs: number): number {
    return this.batch([{ key, value, expiresMs }]);
  }

  delete(key: Uint8Array): number {
    return this.batch([{ key, value: undefined, expiresMs: 0 }]);
  }

  batch(operations: Operations): number {
    const last = new Map<string, StoredOperation>();
    for (const operation of operations) {
      const name = nameOf(operation.key);
      last.set(name, operation.merge ? merged(operation, last.get(name) ?? this.#find(name, NEWEST)) : operation);
    }
    this.#version += 1;
    const now = clock.now();
    if (this.#written.writtenAt !== now) this.#written = exactly(now);
    this.#counters.commits += 1;
    const names = last.size > 1 ? [...last.keys()].sort() : [...last.keys()];
    for (const name of names) this.#write(name, last.get(name) as StoredOperation);
    return this.#version;
  }

  changed(range: ByteRange, since: number): boolean {
    if (since >= this.#recent.from) {
      for (const { key } of this.#recent.after(since)) if (isInRange(range, key)) return true;
      return false;
    }
    for (const [, versions] of this.inRange(range)) if ((versions[0]?.version ?? 0) > since) return true;
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
      const shown = range.keysOnly ? { ...change, value: change.value && NOTHING } : change;
      changes.push(copyOf(shown, now));
      bytes += shown.value?.length ?? 0;
    }
    return { changes, next: undefined };
  }

  changes(range: ByteRange, { since, until }: ChangeWindow, from?: ChangePlace): ChangePage {
    const changes: StoredChange[] = [];
    const now = clock.now();
    let visits = 0;
    const first = from && nameOf(from.key);
    for (const [name, versions] of this.inRange(from ? { ...range, lower: from.key, lowerIncluded: true } : range)) {
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

  newest(from: ChangePlace | undefined, { since, until }: ChangeWindow): NewestPage {
    const entries: StoredNewest[] = [];
    const range = from ? { lower: from.key } : {};
    const now = clock.now();
    let [bytes, visits] = [0, 0];
    for (const [name, versions] of this.inRange(range)) {
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
    this.begin(version);
    this.#restoring = version;
  }

  restore(entries: readonly RestoredChange[]): void {
    for (const { key, value, version, expiresMs } of entries) {
      this.restoreVersion(nameOf(key), { version, expiresMs, value: value && Uint8Array.from(value) });
    }
  }

  endRestore(): void {
    this.#version = this.#restoring;
  }

  step(): boolean {
    this.drop(DROPPED_A_STEP);
    return this.hasWork;
  }

  verifyStep(): VerifyStep {
    let entries = 0;
    for (const versions of this.all()) entries += versions.length;
    return { more: false, entries, damages: [] };
  }

  metrics(): StoreMetrics {
    const { size, opened } = this;
    const bytes = this.sizeBytes();
    const figures = {
      ...this.#counters,
      memtable_hits: this.#counters.gets - this.#counters.table_misses,
      write_buffer_entries: size,
      write_buffer_bytes: bytes,
      version: this.#version,
      open_snapshots: opened.length,
      oldest_snapshot_ms: opened.length === 0 ? 0 : Math.max(0, clock.now() - Math.min(...opened)),
    };
    return toMetrics(new Map(Object.entries(figures)), { memoryBytes: bytes, workerJobs: 0, workerFailures: 0 }, 0);
  }

  #write(name: string, { key, value, expiresMs }: StoredOperation): void {
    this.drop(DROPPED_A_WRITE);
    const written = this.#written;
    const version = { version: this.#version, expiresMs, value: value && Uint8Array.from(value), written };
    this.writeVersion(name, version);
    this.#recent.add({ ...version, key: key.slice() });
    if (!value) {
      this.#counters.deletes += 1;
      return;
    }
    this.#counters.puts += 1;
    this.#counters.put_bytes += key.length + value.length;
  }

  #dropPassed(): void {
    if (this.#passed < MANY_PASSED) return;
    this.drop(Math.min(this.#passed, DROPPED_A_READ));
    this.#passed = 0;
  }

  #find(name: string, version: number): StoredValue | undefined {
    const found = versionAt(this.of(name), version);
    return found?.value && !isGone(found, clock.now()) ? { ...found, value: found.value } : undefined;
  }

  /** The entries of a range. After `PAGE_VISITS` keys it also yields the last key that it looked at, without a value. */
  *#visited(range: ByteRange): Generator<[string, StoredValue | undefined]> {
    const version = range.version ?? this.#version;
    const now = clock.now();
    let visits = 0;
    for (const [name, versions] of this.inRange(range)) {
      visits += 1;
      this.#counters.entries_visited += 1;
      const found = versionAt(versions, version);
      if (found?.value && isGone(found, now)) this.#passed += 1;
      else if (found?.value) yield [name, { ...found, value: found.value }];
      if (visits === PAGE_VISITS) yield [name, undefined];
    }
  }
}
