/**
 * Who watches what: a commit reaches the watches whose range it touches, and costs nothing for all others.
 *
 * A watch that has told everything looks out: the first commit in its range is noted from then on, and none of those before it has to
 * be looked at ever again.
 *
 * @module
 */

import type { ByteRange } from "../byte_range.ts";
import { type Deferred, deferred } from "../promises.ts";
import { Interval, Intervals } from "./intervals.ts";

/** The watches of one store. It holds nothing of the store: a lookout that is left to itself keeps no store in memory. */
export class Watchers {
  /** Those whose range nothing has touched. */
  readonly #untouched: Intervals<Lookout> = new Intervals();
  readonly #waiting: Set<Lookout> = new Set();
  /** Those of them who know for which commit. */
  readonly #due: Set<Lookout> = new Set();

  /** Looks out over a range. It sees nothing before {@linkcode Lookout.begin}. */
  lookout(range: ByteRange): Lookout {
    return new Lookout(range, this.#untouched, this.#waiting, this.#due);
  }

  /** Whether any of them has to be told of a commit. */
  get areLookingOut(): boolean {
    return !this.#untouched.isEmpty;
  }

  /** A commit wrote a key. */
  wrote(key: Uint8Array, version: number): void {
    if (this.#untouched.isEmpty) return;
    for (const { holder } of this.#untouched.found(key)) holder.touch(version);
  }

  /** A commit wrote nobody knows what. */
  wroteAll(version: number): void {
    for (const { holder } of this.#untouched.found(undefined)) holder.touch(version);
  }

  /** Commits up to this one may be told. */
  settled(version: number): void {
    for (const lookout of this.#due) if (lookout.due <= version) lookout.wake();
  }

  /** Something else has happened that all should know. */
  wakeAll(): void {
    for (const lookout of this.#waiting) lookout.wake();
  }
}

/** Sees the first commit in a range. */
export class Lookout {
  readonly #interval: Interval<Lookout>;
  readonly #untouched: Intervals<Lookout>;
  readonly #waiting: Set<Lookout>;
  readonly #due: Set<Lookout>;
  #since: number | undefined;
  #touched: number | undefined;
  #news: Deferred<void> | undefined;
  /** For which commit this waits; infinite for the first one in its range. */
  due: number = Number.POSITIVE_INFINITY;

  constructor(range: ByteRange, untouched: Intervals<Lookout>, waiting: Set<Lookout>, due: Set<Lookout>) {
    this.#interval = new Interval(range, this);
    this.#untouched = untouched;
    this.#waiting = waiting;
    this.#due = due;
  }

  /** Commits after this one are seen; `undefined` for none. */
  get since(): number | undefined {
    return this.#since;
  }

  /** The first of them in the range. */
  get touched(): number | undefined {
    return this.#touched;
  }

  /** Begins, or begins again: `version` is the newest commit. */
  begin(version: number): void {
    if (this.#since === undefined || this.#touched !== undefined) this.#untouched.add(this.#interval);
    this.#since = version;
    this.#touched = undefined;
  }

  /** Sees nothing more; idempotent. */
  end(): void {
    if (this.#since !== undefined && this.#touched === undefined) this.#untouched.delete(this.#interval);
    this.#since = this.#touched = undefined;
  }

  /** Takes note of a commit in the range. */
  touch(version: number): void {
    this.#untouched.delete(this.#interval);
    this.#touched = version;
    if (this.#news) this.#waitFor(version);
  }

  /** Settles once commits up to `version` may be told, without it once those in the range may, or when this is woken. */
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

  #waitFor(version: number): void {
    this.due = Math.min(this.due, version);
    this.#due.add(this);
  }
}
