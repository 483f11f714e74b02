/**
 * Walks over a range, page by page.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { Page } from "../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES, restFrom, restOf } from "../byte_range.ts";
import type { KeyFormat } from "../key_format.ts";
import type { Pick } from "./picks.ts";
import { forgotten, type HeldReadSource, type ReadSource } from "./read_source.ts";
import { LEFT_OUT, type Stage, Stages } from "./stages.ts";

/** What a walk reads, and what it makes of it. */
export interface Walked<E extends KeyEncoding, T> {
  /** Throws if the source is closed. */
  open(): ReadSource;
  readonly format: KeyFormat<E>;
  readonly pick: Pick<E, T>;
}

/**
 * The first page is small, because the caller may stop after one step. It is even smaller if the range has no end, because the
 * caller then often wants only the first entry.
 */
const FIRST_PAGE_BYTES = 2048;
const FIRST_OF_OPEN_BYTES = 512;
/** Each later page is this many times as large as the one before. */
const PAGE_GROWTH = 8;

function firstPageBytes({ reverse, lower, upper, pageBytes, limit }: ByteRange): number {
  if (pageBytes !== undefined) return pageBytes;
  // A caller that gives a limit usually reads to the end.
  if (limit !== undefined) return LARGEST_PAGE_BYTES;
  return (reverse ? lower : upper) === undefined ? FIRST_OF_OPEN_BYTES : FIRST_PAGE_BYTES;
}

/** An iterator over the entries of a range. */
export class Walk<E extends KeyEncoding, T> implements IterableIterator<T> {
  readonly #range: ByteRange;
  readonly #walked: Walked<E, unknown>;
  readonly #pick: Pick<E, unknown>;
  readonly #stages: Stages | undefined;
  #page: Page<E> | undefined;
  #index = 0;
  #count = 0;
  /** How many entries of the range came before the page. */
  #passed = 0;
  /** The part of the range that has not been read; `undefined` at the end. */
  #rest: ByteRange | undefined;
  #held: HeldReadSource | undefined;
  #pageBytes: number;

  /** With stages, they make each `T` of what the walk picks. */
  constructor(range: ByteRange, walked: Walked<E, unknown>, stages: readonly Stage[]) {
    this.#range = range;
    this.#walked = walked;
    this.#pick = walked.pick;
    this.#stages = stages.length === 0 ? undefined : new Stages(stages);
    this.#rest = range.limit === 0 || this.#stages?.isOver ? undefined : range;
    this.#pageBytes = firstPageBytes(range);
  }

  /** Whether the next step reads a page. */
  get needsPage(): boolean {
    return this.#index >= this.#count && this.#rest !== undefined;
  }

  /** Whether no entry comes any more. */
  get isOver(): boolean {
    return this.#index >= this.#count && this.#rest === undefined;
  }

  /** Whether {@linkcode Walk.hold} still counts. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Reads a page. The page may be empty although more follow. */
  readPage(): void {
    if (this.#rest) this.#read(this.#rest);
  }

  next(): IteratorResult<T, undefined> {
    for (;;) {
      while (this.needsPage) this.readPage();
      const result = this.step();
      if (result) return result;
    }
  }

  /** The next entry of the page; `undefined` if the page has none that is wanted, and more pages follow. */
  step(): IteratorResult<T, undefined> | undefined {
    while (this.#index < this.#count) {
      const value = this.#take();
      if (value !== LEFT_OUT) return { done: false, value: value as T };
    }
    return this.#rest ? undefined : this.return();
  }

  /** Adds the entries of the page to `entries`, up to `most` of them. */
  drain(entries: T[], most: number): void {
    while (this.#index < this.#count && entries.length < most) {
      const value = this.#take();
      if (value !== LEFT_OUT) entries.push(value as T);
    }
  }

  /** Keeps what the source has now: the walk reads that, whenever it begins. */
  hold(): void {
    this.#hold(this.#walked.open());
  }

  /** Continues at the first entry that is not before `key`, in the direction of the range. */
  seek(key: Uint8Array): void {
    const { limit } = this.#range;
    const rest = restFrom(this.#range, key);
    this.#passed += this.#index;
    this.#rest = limit === undefined ? rest : { ...rest, limit: limit - this.#passed };
    if (this.#rest.limit === 0 || this.#stages?.isOver) this.#rest = undefined;
    this.#pageBytes = firstPageBytes(this.#range);
    this.#page = undefined;
    this.#index = this.#count = 0;
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

  #take(): unknown {
    try {
      const picked = this.#pick(this.#page as Page<E>, this.#index++);
      return this.#stages ? this.#staged(this.#stages, picked) : picked;
    } catch (error) {
      // An error of a codec or of a stage: a consumer does not call `return` after an error of `next`.
      this.return();
      throw error;
    }
  }

  #staged(stages: Stages, picked: unknown): unknown {
    const value = stages.of(picked);
    if (stages.isOver) {
      this.#rest = undefined;
      this.#index = this.#count;
    }
    return value;
  }

  #read(range: ByteRange): void {
    try {
      const source = this.#held ?? this.#walked.open();
      const page = source.scan({ ...range, pageBytes: this.#pageBytes }, this.#walked.format);
      this.#pageBytes = Math.min(this.#pageBytes * PAGE_GROWTH, LARGEST_PAGE_BYTES);
      if (page.last && !this.#held) this.#hold(source);
      this.#rest = page.last && restOf(range, page.last, page.keys.length);
      if (this.#rest?.limit === 0) this.#rest = undefined;
      this.#passed += this.#count;
      [this.#page, this.#index, this.#count] = [page, 0, page.keys.length];
    } catch (error) {
      this.return();
      throw error;
    }
  }

  /** Runs in the same turn as the read of the first page: nothing can have been written in between. */
  #hold(source: ReadSource): void {
    const held = source.hold();
    this.#held = held;
    forgotten.register(this, held, this);
  }
}
