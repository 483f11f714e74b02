/**
 * The iterables that readers return for ranges.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { RangeCursor, RangeIterable } from "../api/range.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../byte_range.ts";
import { afterLightWork, Turns } from "../commit/event_loop.ts";
import { StoreError } from "../errors.ts";
import { checkInteger } from "../options.ts";
import type { Stage } from "./stages.ts";
import { Walk, type Walked } from "./walk.ts";

/** The weight of a page as light work. */
const PAGE_WEIGHT = 8;
/** More entries than a store can have. */
const MOST_ENTRIES = 0xffffffff;

/** The entries of a range. `bound` returns the bytes of a key to seek. */
export class Entries<E extends KeyEncoding, T, P> implements RangeIterable<T, P> {
  readonly #range: ByteRange;
  readonly #walked: Walked<E, unknown>;
  readonly #bound: (key: P) => Uint8Array;
  readonly #stages: readonly Stage[];

  /** The source is opened at the first step of each iterator. */
  constructor(
    range: ByteRange,
    walked: Walked<E, unknown>,
    bound: (key: P) => Uint8Array,
    stages: readonly Stage[] = [],
  ) {
    this.#range = range;
    this.#walked = walked;
    this.#bound = bound;
    this.#stages = stages;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#walk(this.#range);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return new AsyncWalk(this.#walk(this.#range));
  }

  map<U>(change: (entry: T) => U): Entries<E, U, P> {
    return this.#with({ map: change as (entry: unknown) => unknown });
  }

  filter(isWanted: (entry: T) => boolean): Entries<E, T, P> {
    return this.#with({ filter: isWanted as (entry: unknown) => boolean });
  }

  take(count: number): Entries<E, T, P> {
    checkInteger("count", count, 0, MOST_ENTRIES);
    return this.#with({ take: count });
  }

  async toArray(): Promise<T[]> {
    const walk = this.#toEnd();
    const entries = await drained(walk, MOST_ENTRIES, new Turns());
    walk.return();
    return entries;
  }

  toArraySync(): T[] {
    return Array.from(this.#toEnd());
  }

  cursor(): RangeCursor<T, P> {
    return new Cursor(this.#walk(this.#range), this.#bound);
  }

  #with<U>(stage: Stage): Entries<E, U, P> {
    return new Entries(this.#range, this.#walked, this.#bound, [...this.#stages, stage]);
  }

  /** For a caller that reads to the end: the pages are as large as they may be. */
  #toEnd(): Walk<E, T> {
    return this.#walk({ ...this.#range, pageBytes: LARGEST_PAGE_BYTES });
  }

  #walk(range: ByteRange): Walk<E, T> {
    return new Walk(range, this.#walked, this.#stages);
  }
}

/** The next entries, up to `most`. */
async function drained<T>(walk: Walk<KeyEncoding, T>, most: number, turns: Turns): Promise<T[]> {
  const entries: T[] = [];
  while (entries.length < most && !walk.isOver) {
    if (walk.needsPage) {
      const turn = turns.next() ?? afterLightWork(PAGE_WEIGHT);
      if (turn) await turn;
      walk.readPage();
    }
    walk.drain(entries, most);
  }
  return entries;
}

class AsyncWalk<E extends KeyEncoding, T> implements AsyncIterableIterator<T> {
  readonly #walk: Walk<E, T>;
  readonly #turns = new Turns();
  /** A page read that runs in a later turn. */
  #reading: Promise<void> | undefined;

  constructor(walk: Walk<E, T>) {
    this.#walk = walk;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const again = () => this.next();
    // A caller that does not wait still gets its entries in the order of the calls.
    if (this.#reading) return this.#reading.then(again, again);
    try {
      for (;;) {
        while (this.#walk.needsPage) {
          const turn = this.#turns.next() ?? afterLightWork(PAGE_WEIGHT);
          if (turn) {
            this.#reading = turn.then(() => this.#read());
            return this.#reading.then(again);
          }
          this.#walk.readPage();
        }
        const result = this.#walk.step();
        if (result) return Promise.resolve(result);
      }
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #read(): void {
    this.#reading = undefined;
    this.#walk.readPage();
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    return this.#walk.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

class Cursor<E extends KeyEncoding, T, P> implements RangeCursor<T, P> {
  readonly #walk: Walk<E, T>;
  readonly #bound: (key: P) => Uint8Array;
  readonly #turns = new Turns();
  /** Calls run one after the other, even if the caller does not wait for them. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(walk: Walk<E, T>, bound: (key: P) => Uint8Array) {
    this.#walk = walk;
    this.#bound = bound;
    walk.hold();
  }

  async nextMany(count: number): Promise<T[]> {
    checkCount(count);
    const entries = this.#last.then(() => drained(this.#open(), count, this.#turns));
    this.#last = entries.catch(() => {});
    return await entries;
  }

  nextManySync(count: number): T[] {
    checkCount(count);
    const walk = this.#open();
    const entries: T[] = [];
    while (entries.length < count && !walk.isOver) {
      if (walk.needsPage) walk.readPage();
      walk.drain(entries, count);
    }
    return entries;
  }

  seek(key: P): void {
    this.#open().seek(this.#bound(key));
  }

  dispose(): void {
    this.#walk.return();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** An error of a codec, or of the store, ends the walk, too. */
  #open(): Walk<E, T> {
    if (this.#walk.isHeld) return this.#walk;
    throw new StoreError("STORE_CLOSED", "Cannot read: the cursor was disposed of, or failed before");
  }
}

function checkCount(count: number): void {
  checkInteger("count", count, 1, MOST_ENTRIES);
}
