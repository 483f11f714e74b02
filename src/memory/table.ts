/**
 * Holds the versions of all keys, and decides which versions stay.
 *
 * @module
 */

import { NEWEST, PAGE_VISITS, type Sized, type StoredVersion } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { keyOf, nameOf } from "../bytes.ts";
import { clock } from "../clock.ts";
import { DroppedKeys, Expiries, type Expiring } from "./expiries.ts";
import { RecentChanges } from "./recent.ts";
import { SortedKeys } from "./sorted_keys.ts";
import {
  type HistoryLeft,
  type Retention,
  removeExpired,
  removeGone,
  removeOld,
  type Versions,
  WHOLE,
} from "./versions.ts";

/** A step of a compaction looks at this many keys. */
const KEYS_A_STEP = 1000;

/** A sorted table. Holds each key as a name, a string. Names sort as keys do. */
export class MemoryTable {
  /** How many versions of a key the table keeps. */
  readonly versionsToKeep: number;
  readonly #versions: Map<string, Versions> = new Map();
  readonly #keys = new SortedKeys();
  readonly #expiries = new Expiries();
  /** The times at which the open snapshots were opened, by version. */
  readonly #snapshots: Map<number, number[]> = new Map();
  /** For each hold, the version after which records of deleted or expired keys are kept. */
  readonly #held: number[] = [];
  /** Deletions of keys that have no other version left. */
  #forgotten = new RecentChanges(0);
  /** Keys whose versions had all expired or been deleted. */
  #dropped = new DroppedKeys();
  #wholeFrom = 0;
  #changesFrom = 0;
  /** Raised by compaction, which forgets deletions for good. */
  #newestFrom = 0;
  #bytes = 0;
  #compacting: string | undefined;

  constructor(kept: number) {
    this.versionsToKeep = kept;
  }

  /** The number of keys. */
  get size(): number {
    return this.#versions.size;
  }

  /** Bytes of keys and values, for each version. */
  sizeBytes(): number {
    return this.#bytes;
  }

  /** No change after this version is missing. */
  get changesFrom(): number {
    return this.#changesFrom;
  }

  /** The newest change of each key is here if it is after this version. */
  get newestFrom(): number {
    return Math.max(this.#newestFrom, this.#forgotten.from, this.#dropped.from);
  }

  /** The times at which the open snapshots were opened. */
  get opened(): number[] {
    return [...this.#snapshots.values()].flat();
  }

  /** Whether there are expired values to drop. */
  get hasWork(): boolean {
    return this.#held.length === 0 && this.#expiries.due(clock.now()) !== undefined;
  }

  /** The versions of a key. */
  of(name: string): Versions {
    return this.#versions.get(name) ?? [];
  }

  /** The versions of all keys, in no particular order. */
  all(): Iterable<Versions> {
    return this.#versions.values();
  }

  /** The versions of the keys of a range, in its order. */
  *inRange(range: ByteRange): Generator<[string, Versions]> {
    const { lower, lowerIncluded, upper, upperIncluded, reverse } = range;
    const [low, high] = [lower && nameOf(lower), upper && nameOf(upper)];
    for (const name of reverse ? this.#keys.backFrom(high) : this.#keys.from(low ?? "")) {
      const isBelow = low !== undefined && (name < low || (name === low && lowerIncluded === false));
      const isAbove = high !== undefined && (name > high || (name === high && !upperIncluded));
      if (reverse ? isBelow : isAbove) return;
      if (!isBelow && !isAbove) yield [name, this.of(name)];
    }
  }

  sizeOf(range: ByteRange, from: Uint8Array): Sized {
    let [bytes, visits] = [0, 0];
    const rest = from.length > 0 ? { ...range, lower: from, lowerIncluded: true } : range;
    for (const [name, versions] of this.inRange({ ...rest, reverse: false })) {
      if (visits === PAGE_VISITS) return { bytes, next: keyOf(name) };
      visits += 1;
      bytes += sizeOf(name, versions);
    }
    return { bytes, next: undefined };
  }

  /** Keeps the versions that a reader at `version` sees. Returns `false` if some of them were removed. */
  openSnapshot(version: number): boolean {
    const opened = this.#snapshots.get(version);
    if (version < this.#wholeFrom && !opened) return false;
    this.#snapshots.set(version, [...(opened ?? []), clock.now()]);
    return true;
  }

  closeSnapshot(version: number): void {
    const opened = this.#snapshots.get(version)?.slice(0, -1) ?? [];
    if (opened.length > 0) this.#snapshots.set(version, opened);
    else this.#snapshots.delete(version);
  }

  /** Restores recently forgotten or dropped records after `since`. They stay until they are compacted away or dropped again. */
  holdGone(since: number): void {
    this.#held.push(since);
    if (since < this.newestFrom) return;
    const gone = [...this.#forgotten.after(since), ...this.#dropped.after(since)].sort((a, b) => a.version - b.version);
    const last = new Map(gone.map((change) => [nameOf(change.key), change]));
    for (const [name, { value, version, expiresMs }] of last) {
      if (!this.#versions.has(name))
        this.#change(name, (versions) => this.#add(name, versions, { value, version, expiresMs }));
    }
  }

  releaseGone(since: number): void {
    const index = this.#held.indexOf(since);
    if (index >= 0) this.#held.splice(index, 1);
  }

  /** Starts a new history at a version. Existing entries stay. */
  begin(version: number): void {
    this.#forgotten = new RecentChanges(version);
    this.#dropped = new DroppedKeys();
    this.#lose({ wholeFrom: version, changesFrom: version });
    this.#newestFrom = version;
  }

  /**
   * Adds the newest version of a key from a backup. The history does not change, because {@linkcode MemoryTable.begin}
   * restarted it.
   */
  restoreVersion(name: string, version: StoredVersion): void {
    this.#change(name, (versions) => {
      this.#add(name, versions, version);
      this.#removeOld(name, versions);
    });
  }

  /** Adds the newest version of a key. */
  writeVersion(name: string, version: StoredVersion): void {
    this.#change(name, (versions) => {
      this.#add(name, versions, version);
      this.#lose(this.#removeOld(name, versions));
      // With more versions to keep, a deletion is history.
      if (version.value || versions.length > 1 || this.versionsToKeep > 1 || this.#held.length > 0) return;
      this.#lose({ wholeFrom: 0, changesFrom: version.version });
      this.#forgotten.add({ ...version, key: keyOf(name) });
      versions.pop();
    });
  }

  /** Drops at most `most` expired values, the oldest first. Drops none during an increment, which needs to see them. */
  drop(most: number): void {
    if (this.#held.length > 0) return;
    const now = clock.now();
    for (let i = 0; i < most; i++) {
      const due = this.#expiries.due(now);
      if (!due) return;
      this.#expiries.delete(due.name, { ...due, value: undefined });
      this.#expire(due);
    }
  }

  /** Removes the unneeded versions of some keys. Returns whether there is more. */
  compactStep(): boolean {
    const names: string[] = [];
    for (const name of this.#keys.from(this.#compacting ?? "")) {
      if (names.push(name) > KEYS_A_STEP) break;
    }
    this.#compacting = names[KEYS_A_STEP];
    for (const name of names.slice(0, KEYS_A_STEP)) {
      this.#change(name, (versions) => {
        const newest = versions[0]?.version ?? 0;
        this.#lose(this.#removeOld(name, versions));
        this.#lose(this.#removeGone(name, versions));
        removeExpired(versions);
        if (versions.length === 0) this.#newestFrom = Math.max(this.#newestFrom, newest);
      });
    }
    return this.#compacting !== undefined;
  }

  /** Removes all content. */
  abandon(): void {
    this.#versions.clear();
    this.#keys.clear();
    this.#expiries.clear();
    this.#snapshots.clear();
  }

  /** Changes the versions of a key. Adds or removes the key as needed: a key without versions is not in the table. */
  #change(name: string, change: (versions: Versions) => void): void {
    const there = this.#versions.get(name);
    const versions = there ?? [];
    const before = sizeOf(name, versions);
    change(versions);
    this.#bytes += sizeOf(name, versions) - before;
    if (versions.length > 0) {
      if (there) return;
      this.#versions.set(name, versions);
      this.#keys.add(name);
    } else if (there) {
      this.#versions.delete(name);
      this.#keys.delete(name);
    }
  }

  #add(name: string, versions: Versions, version: StoredVersion): void {
    versions.unshift(version);
    this.#expiries.add(name, version);
  }

  #removeOld(name: string, versions: Versions): HistoryLeft {
    if (versions.length <= this.versionsToKeep) return WHOLE;
    return removeOld(versions, this.#retention(), (gone) => this.#expiries.delete(name, gone));
  }

  #removeGone(name: string, versions: Versions): HistoryLeft {
    return removeGone(versions, this.#retention(), (gone) => this.#expiries.delete(name, gone));
  }

  #retention(): Retention {
    return { kept: this.versionsToKeep, snapshots: [...this.#snapshots.keys()], held: Math.min(NEWEST, ...this.#held) };
  }

  /**
   * Drops a value that has expired. If an older version is left below it, a record without a value stays to hide the older version.
   * Snapshots are not affected, because no read finds a value after its expiry.
   */
  #expire({ name, version }: Expiring): void {
    this.#change(name, (versions) => {
      const [newest] = versions;
      const index = versions.findIndex((each) => each.version === version);
      const expired = versions[index];
      if (!newest || !expired) return;
      versions[index] = { ...expired, value: undefined };
      this.#lose(this.#removeGone(name, versions));
      if (versions.length === 0) this.#dropped.add({ ...newest, value: undefined, key: keyOf(name) });
    });
  }

  /** Records from which versions on the history is complete. */
  #lose({ wholeFrom, changesFrom }: HistoryLeft): void {
    this.#wholeFrom = Math.max(this.#wholeFrom, wholeFrom);
    this.#changesFrom = Math.max(this.#changesFrom, changesFrom);
  }
}

function sizeOf(name: string, versions: Versions): number {
  return versions.reduce((bytes, { value }) => bytes + name.length + (value?.length ?? 0), 0);
}
