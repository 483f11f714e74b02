/**
 * Checks whether others changed what a transaction read.
 *
 * There are two ways to check. One looks at the commits since the transaction began, in their order: each entry once,
 * however much was read. The other looks up what was read. luge uses it if little was read, or if those commits are no
 * longer in memory. Both work in steps. Others may commit between two steps, and the next step looks at these commits,
 * too.
 *
 * @module
 */

import type { Backend, ChangePlace, StoredChange } from "../backend.ts";
import { type ByteRange, keyRange } from "../byte_range.ts";
import { compareBytes, NOTHING, nameOf } from "../bytes.ts";
import { type Intervals, intervalsOf } from "./intervals.ts";

/** The keys and ranges that a transaction read. */
export interface ReadSet {
  /** By their names. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
  readonly ranges: readonly ByteRange[];
}

/** Up to this many keys are looked up one by one, each in about a microsecond. */
const FEW_KEYS = 64;
/** How many keys are looked up in one step. */
const KEYS_A_STEP = 512;

/** `"more"`: some commits have not been looked at yet. */
export type Checked = "unchanged" | "changed" | "more";

/** The conflict check of one transaction. */
export class ConflictCheck {
  readonly #reads: ReadSet;
  /** All commits before this position have been looked at. */
  #place: ChangePlace;
  #changed: ByteRange | undefined;
  #tracked: Tracked | undefined;
  #byReads: Iterator<undefined> | undefined;

  /** Checks reads that were made at `version`. */
  constructor(reads: ReadSet, version: number) {
    this.#reads = reads;
    this.#place = { version: version + 1, key: NOTHING };
  }

  /** The read that another commit changed. */
  get changed(): ByteRange | undefined {
    return this.#changed;
  }

  /** Looks at some commits. `"unchanged"` is true until the next commit. */
  step(backend: Backend): Checked {
    const { keys, ranges } = this.#reads;
    if (this.#changed) return "changed";
    if (this.#isDone(backend)) return "unchanged";
    const isSmall = ranges.length === 0 && keys.size <= FEW_KEYS;
    if (this.#byReads || isSmall || !this.#stepByCommits(backend)) this.#stepByReads(backend);
    if (this.#changed) return "changed";
    return this.#isDone(backend) ? "unchanged" : "more";
  }

  #isDone(backend: Backend): boolean {
    return !this.#byReads && this.#place.version > backend.version;
  }

  /** Returns `false` if the commits are not in memory. */
  #stepByCommits(backend: Backend): boolean {
    this.#tracked ??= new Tracked(this.#reads);
    const until = backend.version;
    const page = backend.commits(this.#tracked.hull, this.#place, until);
    if (!page) return false;
    this.#changed = this.#tracked.touched(page.changes);
    this.#place = page.next ?? { version: until + 1, key: NOTHING };
    return true;
  }

  #stepByReads(backend: Backend): void {
    const until = backend.version;
    this.#byReads ??= this.#changesByReads(backend, until);
    if (!this.#byReads.next().done) return;
    this.#byReads = undefined;
  }

  /** Looks up changes of what was read, up to a version. Each step ends with a `yield`. */
  *#changesByReads(backend: Backend, until: number): Generator<undefined> {
    const since = this.#place.version - 1;
    let looked = 0;
    for (const key of this.#reads.keys.values()) {
      if (++looked % KEYS_A_STEP === 0) yield;
      if (backend.changed(keyRange(key), since)) this.#changed = keyRange(key);
      if (this.#changed) return;
    }
    for (const range of this.#reads.ranges) {
      let from: ChangePlace | undefined;
      do {
        const page = backend.changes(range, { since, until }, from);
        if (page.changes.length > 0) this.#changed = range;
        if (this.#changed) return;
        from = page.next;
        if (from) yield;
      } while (from);
      if (++looked % KEYS_A_STEP === 0) yield;
    }
    this.#place = { version: until + 1, key: NOTHING };
  }
}

/** The keys and ranges that were read, searchable by key. */
class Tracked {
  /** The smallest range that includes all reads. */
  readonly hull: ByteRange;
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  readonly #ranges: Intervals<ByteRange>;

  constructor({ keys, ranges }: ReadSet) {
    this.#keys = keys;
    this.#ranges = intervalsOf(ranges);
    let first: Uint8Array | undefined;
    let last = NOTHING as Uint8Array;
    for (const key of keys.values()) {
      if (!first || compareBytes(key, first) < 0) first = key;
      if (compareBytes(key, last) > 0) last = key;
    }
    const ofKeys = first ? [{ lower: first, upper: last, upperIncluded: true }] : [];
    this.hull = { ...intervalsOf([...ranges, ...ofKeys]).hull, keysOnly: true };
  }

  /** The read that includes one of the changes. */
  touched(changes: readonly StoredChange[]): ByteRange | undefined {
    for (const { key } of changes) {
      if (this.#keys.has(nameOf(key))) return keyRange(key);
      const found = this.#ranges.isEmpty ? undefined : this.#ranges.found(key)[0];
      if (found) return found.holder;
    }
    return undefined;
  }
}
