/**
 * Iterates over ranges, page by page.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { RangeIterable } from "../api/range.ts";
import type { Page } from "../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES, restOf } from "../byte_range.ts";
import { afterLightWork, Turns } from "../commit/event_loop.ts";
import { forgotten } from "./read_source.ts";

/** The source that an iterator reads from. */
export interface PageSource<E extends KeyEncoding> {
  scan(range: ByteRange): Page<E>;
  /** Keeps the present state until `release` is called. The iterator continues on it. */
  hold(): HeldSource<E>;
}

/** A source that does not change. */
export interface HeldSource<E extends KeyEncoding> {
  scan(range: ByteRange): Page<E>;
  release(): void;
}

/** What an iterator yields for an entry of a page. */
export type Pick<E extends KeyEncoding, T> = (page: Page<E>, index: number) => T;

/**
 * The first page is small, because the caller may stop after one step. It is even smaller if the range has no end, because the
 * caller then often wants only the first entry.
 */
const FIRST_PAGE_BYTES = 2048;
const FIRST_OF_OPEN_BYTES = 512;
/** The second page has at least this many bytes. Each later page is `PAGE_GROWTH` times as large as the one before. */
const SECOND_PAGE_BYTES = 16_384;
const PAGE_GROWTH = 8;

/** The weight of a page as light work. */
const PAGE_WEIGHT = 8;

/** The entries of a range. `open` is called at the first step of each iterator. */
export function rangeIterable<E extends KeyEncoding, T>(
  range: ByteRange,
  open: () => PageSource<E>,
  pick: Pick<E, T>,
): RangeIterable<T> {
  return {
    [Symbol.iterator]: () => new Walk(range, open, pick),
    [Symbol.asyncIterator]: () => new AsyncWalk(new Walk(range, open, pick)),
  };
}

function firstPageBytes({ reverse, lower, upper }: ByteRange): number {
  return (reverse ? lower : upper) === undefined ? FIRST_OF_OPEN_BYTES : FIRST_PAGE_BYTES;
}

class Walk<E extends KeyEncoding, T> implements IterableIterator<T> {
  readonly #open: () => PageSource<E>;
  readonly #pick: Pick<E, T>;
  #page: Page<E> | undefined;
  #index = 0;
  #count = 0;
  /** The part of the range that has not been read; `undefined` at the end. */
  #rest: ByteRange | undefined;
  #held: HeldSource<E> | undefined;
  #pageBytes: number;

  constructor(range: ByteRange, open: () => PageSource<E>, pick: Pick<E, T>) {
    this.#open = open;
    this.#pick = pick;
    this.#rest = range.limit === 0 ? undefined : range;
    // A caller that gives a limit usually reads to the end.
    this.#pageBytes = range.pageBytes ?? (range.limit === undefined ? firstPageBytes(range) : LARGEST_PAGE_BYTES);
  }

  /** Whether the next step reads a page. */
  get needsPage(): boolean {
    return this.#index >= this.#count && this.#rest !== undefined;
  }

  /** Reads a page. The page may be empty although more follow. */
  readPage(): void {
    if (this.#rest) this.#read(this.#rest);
  }

  next(): IteratorResult<T, undefined> {
    if (this.#index >= this.#count) {
      while (this.needsPage) this.readPage();
      if (this.#index >= this.#count) return this.return();
    }
    try {
      return { done: false, value: this.#pick(this.#page as Page<E>, this.#index++) };
    } catch (error) {
      // An error of a codec: a consumer does not call `return` after an error of `next`.
      this.return();
      throw error;
    }
  }

  return(): IteratorResult<T, undefined> {
    this.#rest = undefined;
    this.#page = undefined;
    this.#index = this.#count = 0;
    if (this.#held) {
      forgotten.unregister(this);
      this.#held.release();
      this.#held = undefined;
    }
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  #read(range: ByteRange): void {
    try {
      const source = this.#held ?? this.#open();
      const page = source.scan({ ...range, pageBytes: this.#pageBytes });
      const grown = Math.max(this.#pageBytes * PAGE_GROWTH, SECOND_PAGE_BYTES);
      this.#pageBytes = Math.min(grown, LARGEST_PAGE_BYTES);
      if (page.last && !this.#held) this.#hold(source as PageSource<E>);
      this.#rest = page.last && restOf(range, page.last, page.keys.length);
      if (this.#rest?.limit === 0) this.#rest = undefined;
      [this.#page, this.#index, this.#count] = [page, 0, page.keys.length];
    } catch (error) {
      this.return();
      throw error;
    }
  }

  /** Runs in the same turn as the read of the first page: nothing can have been written in between. */
  #hold(source: PageSource<E>): void {
    const held = source.hold();
    this.#held = held;
    forgotten.register(this, held, this);
  }
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
      while (this.#walk.needsPage) {
        const turn = this.#turns.next() ?? afterLightWork(PAGE_WEIGHT);
        if (turn) {
          this.#reading = turn.then(() => this.#read());
          return this.#reading.then(again);
        }
        this.#walk.readPage();
      }
      return Promise.resolve(this.#walk.next());
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
