/**
 * Notifies watches: a commit reaches the watches whose range it touches, and costs nothing for all others.
 *
 * A watch that has delivered everything begins to look out. From then on the first commit in its range is recorded. The
 * watch never has to look at the commits before it.
 *
 * @module
 */

import type { ByteRange } from "../byte_range.ts";
import { type Deferred, deferred } from "../promises.ts";
import { Interval, Intervals } from "./intervals.ts";

/** The watches of one store. It has no reference to the store, so a forgotten lookout keeps no store in memory. */
export class Watchers {
  /** Lookouts whose range no commit has touched, and those with several ranges. */
  readonly #untouched: Intervals<Lookout> = new Intervals();
  readonly #waiting: Set<Lookout> = new Set();
  /** Lookouts that wait for a known commit. */
  readonly #due: Set<Lookout> = new Set();

  /** Creates a lookout over some ranges. It sees nothing before {@linkcode Lookout.begin}. */
  lookout(ranges: readonly ByteRange[]): Lookout {
    return new Lookout(ranges, this.#untouched, this.#waiting, this.#due);
  }

  /** Whether a watch has to be told of a commit. */
  get areLookingOut(): boolean {
    return !this.#untouched.isEmpty;
  }

  /** Records that a commit wrote a key. */
  wrote(key: Uint8Array, version: number): void {
    if (this.#untouched.isEmpty) return;
    for (const { holder } of this.#untouched.found(key)) holder.touch(version);
  }

  /** Records a commit of unknown keys. */
  wroteAll(version: number): void {
    for (const { holder } of this.#untouched.found(undefined)) holder.touch(version);
  }

  /** Watches may deliver commits up to this one. */
  settled(version: number): void {
    for (const lookout of this.#due) if (lookout.due <= version) lookout.wake();
  }

  /** Wakes all lookouts because of another event. */
  wakeAll(): void {
    for (const lookout of this.#waiting) lookout.wake();
  }
}

/** Sees the first commit in some ranges. */
export class Lookout {
  readonly #intervals: readonly Interval<Lookout>[];
  readonly #untouched: Intervals<Lookout>;
  readonly #waiting: Set<Lookout>;
  readonly #due: Set<Lookout>;
  /** Whether the intervals are in the set. */
  #isIn = false;
  #since: number | undefined;
  #touched: number | undefined;
  #news: Deferred<void> | undefined;
  /** Called when a commit is seen, before it may be delivered. */
  touchedNow: (() => void) | undefined;
  /** The commit that this waits for; infinite while no commit in the range is known. */
  due: number = Number.POSITIVE_INFINITY;

  constructor(ranges: readonly ByteRange[], untouched: Intervals<Lookout>, waiting: Set<Lookout>, due: Set<Lookout>) {
    this.#intervals = ranges.map((range) => new Interval(range, this));
    this.#untouched = untouched;
    this.#waiting = waiting;
    this.#due = due;
  }

  /** Sees commits after this one; `undefined` for none. */
  get since(): number | undefined {
    return this.#since;
  }

  /** The first commit seen in the range. */
  get touched(): number | undefined {
    return this.#touched;
  }

  /** Begins, or begins again. `version` is the newest commit. */
  begin(version: number): void {
    if (!this.#isIn) for (const interval of this.#intervals) this.#untouched.add(interval);
    this.#isIn = true;
    this.#since = version;
    this.#touched = undefined;
  }

  /** Stops. Sees nothing more. Idempotent. */
  end(): void {
    if (this.#isIn) this.#leave();
    this.#since = this.#touched = undefined;
  }

  /** Records the first commit in the ranges. */
  touch(version: number): void {
    if (this.#touched !== undefined) return;
    // Many intervals stay: to remove and add them would cost each commit more than to find them.
    if (this.#intervals.length === 1) this.#leave();
    this.#touched = version;
    this.touchedNow?.();
    if (this.#news) this.#waitFor(version);
  }

  /**
   * Settles once commits up to `version` may be delivered; without it, once those in the range may. Settles also when
   * woken.
   */
  async news(version: number | undefined): Promise<void> {
    this.#news = deferred();
    this.#waiting.add(this);
    if (version !== undefined) this.#waitFor(version);
    await this.#news.promise;
  }

  /** Ends the wait. */
  wake(): void {
    this.#waiting.delete(this);
    this.#due.delete(this);
    this.due = Number.POSITIVE_INFINITY;
    this.#news?.resolve();
    this.#news = undefined;
  }

  #leave(): void {
    for (const interval of this.#intervals) this.#untouched.delete(interval);
    this.#isIn = false;
  }

  #waitFor(version: number): void {
    this.due = Math.min(this.due, version);
    this.#due.add(this);
  }
}
