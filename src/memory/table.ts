/**
 * The versions of all keys, and which of them stay.
 *
 * @module
 */

import { NEWEST, type StoredVersion } from "../backend.ts";
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

/** Keys of a step of a compaction. */
const KEYS_A_STEP = 1000;

/** A sorted table. Keys are held by their names, which are ordered as they are. */
export class MemoryTable {
  /** How many versions of a key are kept. */
  readonly versionsToKeep: number;
  readonly #versions: Map<string, Versions> = new Map();
  readonly #keys = new SortedKeys();
  readonly #expiries = new Expiries();
  /** Since when each is open, by version. */
  readonly #snapshots: Map<number, number[]> = new Map();
  /** Since which versions what is gone is kept, one for each hold. */
  readonly #held: number[] = [];
  /** Deletions of keys of which nothing else is left. */
  #forgotten = new RecentChanges(0);
  /** Keys of which everything had expired. */
  #dropped = new DroppedKeys();
  #wholeFrom = 0;
  #changesFrom = 0;
  /** Compaction forgets deletions for good. */
  #newestFrom = 0;
  #bytes = 0;
  #compacting: string | undefined;

  constructor(kept: number) {
    this.versionsToKeep = kept;
  }

  /** How many keys there are. */
  get size(): number {
    return this.#versions.size;
  }

  /** Bytes of keys and values, versions counted. */
  sizeBytes(): number {
    return this.#bytes;
  }

  /** From which version on no change is missing here. */
  get changesFrom(): number {
    return this.#changesFrom;
  }

  /** From which version on the newest change of no key is missing. */
  get newestFrom(): number {
    return Math.max(this.#newestFrom, this.#forgotten.from, this.#dropped.from);
  }

  /** Since when each open snapshot is. */
  get opened(): number[] {
    return [...this.#snapshots.values()].flat();
  }

  /** Whether something has expired that can be dropped. */
  get hasWork(): boolean {
    return this.#held.length === 0 && this.#expiries.due(clock.now()) !== undefined;
  }

  /** The versions of a key. */
  of(name: string): Versions {
    return this.#versions.get(name) ?? [];
  }

  /** Those of all keys, in no order. */
  all(): Iterable<Versions> {
    return this.#versions.values();
  }

  /** Those of a range, in its order. */
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

  /** Keeps what is there at a version; `false` when not all of it is there any more. */
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

  /** What was forgotten or dropped, and is not long ago, comes back until it is compacted away, or dropped again. */
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

  /** Begins anew, at a version: what is here stays. */
  begin(version: number): void {
    this.#forgotten = new RecentChanges(version);
    this.#dropped = new DroppedKeys();
    this.#lose({ wholeFrom: version, changesFrom: version });
    this.#newestFrom = version;
  }

  /** Adds the newest version of a key as it was elsewhere: the history began before. */
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

  /** Drops some of what has expired, the oldest first. An increment that is going on needs to see it. */
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

  /** Removes what nothing needs from some keys; says whether there is more. */
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

  /** Forgets everything. */
  abandon(): void {
    this.#versions.clear();
    this.#keys.clear();
    this.#expiries.clear();
    this.#snapshots.clear();
  }

  /** Changes the versions of a key; one that has none is not here. */
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
   * Drops a value that has expired. Where an older version is left below it, something stays that says that the value is gone. As no read
   * finds the value from its time on, it does not matter to snapshots.
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

  /** The history is whole from a version on. */
  #lose({ wholeFrom, changesFrom }: HistoryLeft): void {
    this.#wholeFrom = Math.max(this.#wholeFrom, wholeFrom);
    this.#changesFrom = Math.max(this.#changesFrom, changesFrom);
  }
}

function sizeOf(name: string, versions: Versions): number {
  return versions.reduce((bytes, { value }) => bytes + name.length + (value?.length ?? 0), 0);
}
