/**
 * Walks over ranges, page by page.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { RangeIterable } from "../api/range.ts";
import type { Page } from "../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES, restOf } from "../byte_range.ts";
import { afterLightWork, Turns } from "../commit/event_loop.ts";
import { forgotten } from "./read_source.ts";

/** Where a walk reads from. */
export interface PageSource<E extends KeyEncoding> {
  scan(range: ByteRange): Page<E>;
  /** Keeps what is there now until `release` is called: the walk goes on there. */
  hold(): HeldSource<E>;
}

/** A source that does not change. */
export interface HeldSource<E extends KeyEncoding> {
  scan(range: ByteRange): Page<E>;
  release(): void;
}

/** What a walk hands out for an entry of a page. */
export type Pick<E extends KeyEncoding, T> = (page: Page<E>, index: number) => T;

/** A walk that may be left at its first step begins with a small page; each one is so many times as large as the one before. */
const FIRST_PAGE_BYTES = 1024;
const PAGE_GROWTH = 16;

/** What a page counts as light work. */
const PAGE_WEIGHT = 8;

/** The entries of a range. `open` is called at the first step of each walk. */
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

class Walk<E extends KeyEncoding, T> implements IterableIterator<T> {
  readonly #open: () => PageSource<E>;
  readonly #pick: Pick<E, T>;
  #page: Page<E> | undefined;
  #index = 0;
  #count = 0;
  /** What is yet to be read; `undefined` at the end. */
  #rest: ByteRange | undefined;
  #held: HeldSource<E> | undefined;
  #pageBytes: number;

  constructor(range: ByteRange, open: () => PageSource<E>, pick: Pick<E, T>) {
    this.#open = open;
    this.#pick = pick;
    this.#rest = range.limit === 0 ? undefined : range;
    // Who says how much is wanted reads to the end.
    this.#pageBytes = range.pageBytes ?? (range.limit === undefined ? FIRST_PAGE_BYTES : LARGEST_PAGE_BYTES);
  }

  /** Whether the next step reads a page. */
  get needsPage(): boolean {
    return this.#index >= this.#count && this.#rest !== undefined;
  }

  /** Reads a page. There may be nothing on it, and more behind it. */
  readPage(): void {
    if (this.#rest) this.#read(this.#rest);
  }

  next(): IteratorResult<T, undefined> {
    while (this.needsPage) this.readPage();
    if (this.#index >= this.#count) return this.return();
    try {
      return { done: false, value: this.#pick(this.#page as Page<E>, this.#index++) };
    } catch (error) {
      // A codec's: who walks does not call `return` after an error.
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
      this.#pageBytes = Math.min(this.#pageBytes * PAGE_GROWTH, LARGEST_PAGE_BYTES);
      if (page.last && !this.#held) this.#hold(source as PageSource<E>);
      this.#rest = page.last && restOf(range, page.last, page.keys.length);
      if (this.#rest?.limit === 0) this.#rest = undefined;
      [this.#page, this.#index, this.#count] = [page, 0, page.keys.length];
    } catch (error) {
      this.return();
      throw error;
    }
  }

  /** In the same turn as the first page was read: nothing can have been written in between. */
  #hold(source: PageSource<E>): void {
    const held = source.hold();
    this.#held = held;
    forgotten.register(this, held, this);
  }
}

class AsyncWalk<E extends KeyEncoding, T> implements AsyncIterableIterator<T> {
  readonly #walk: Walk<E, T>;
  readonly #turns = new Turns();
  /** A page that is read in a later turn. */
  #reading: Promise<void> | undefined;

  constructor(walk: Walk<E, T>) {
    this.#walk = walk;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const again = () => this.next();
    // Whoever does not wait gets entries in the order of the calls.
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
