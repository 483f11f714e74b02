/**
 * Reads a range in pages, for the iterators.
 *
 * @module
 */

import type { KeyEncoding } from "../../api/keys.ts";
import type { RangeCursor, RangeIterable } from "../../api/range.ts";
import type { Reader, ReadRange } from "../../api/reader.ts";
import type { Data, Format } from "./keys.ts";

/** What an iterator yields, and how luge reads it. */
export interface Kind<T, R> {
  /** The range, with keys as strings or as bytes. */
  open<E extends KeyEncoding>(reader: Reader, range: ReadRange<E>): RangeIterable<R>;
  /** The key of what was read; `undefined` if only values are read. */
  keyOf(read: R): Data | undefined;
  /** What Level gets for a page. May change the array. */
  finish(page: R[], formats: Formats): T[];
}

/** The formats that Level asks for. */
export interface Formats {
  readonly keyEncoding: Format;
  readonly valueEncoding: Format;
}

/** How many entries are read at a time while the caller takes one after the other: few at first, then more. */
const FIRST_AHEAD = 1;
const AHEAD_GROWTH = 32;
const MOST_AHEAD = 1024;

/** The entries of a range, as Level gets them. */
export interface PageReader<T> {
  /** The next entry if it was read ahead. */
  taken(): T | undefined;
  /** Reads ahead, `most` entries at most. Returns the first of them. */
  readAhead(most: number): Promise<T | undefined>;
  /** The next entries, `most` at most; none only at the end. */
  next(most: number): Promise<T[]>;
  /** Continues at a key of the store. */
  seek(key: Data): void;
  /** Ends the reading. */
  close(): void;
}

/** Reads the entries of a range with a cursor. */
export class Pages<T, R> implements PageReader<T> {
  readonly #kind: Kind<T, R>;
  readonly #formats: Formats;
  readonly #reader: Reader;
  readonly #range: ReadRange;
  #encoding: KeyEncoding;
  #cursor: RangeCursor<R> | undefined;
  /** The first key that may come next, or the last one that came. */
  #place: { readonly key: Data; readonly isRead: boolean } | undefined;
  #ahead: readonly T[] = [];
  #taken = 0;
  #size = FIRST_AHEAD;

  /** The caller keeps `reader` as it is while it reads. */
  constructor(kind: Kind<T, R>, formats: Formats, reader: Reader, range: ReadRange) {
    this.#kind = kind;
    this.#formats = formats;
    this.#reader = reader;
    this.#range = range;
    this.#encoding = formats.keyEncoding === "utf8" ? "utf8" : "bytes";
  }

  taken(): T | undefined {
    return this.#ahead[this.#taken++];
  }

  async readAhead(most: number): Promise<T | undefined> {
    const size = Math.min(this.#size, most);
    this.#size = Math.min(this.#size * AHEAD_GROWTH, MOST_AHEAD);
    this.#ahead = await this.#read(size);
    this.#taken = 1;
    return this.#ahead[0];
  }

  async next(most: number): Promise<T[]> {
    const ahead = this.#ahead.slice(this.#taken, this.#taken + most);
    this.#taken += ahead.length;
    return ahead.length > 0 ? ahead : await this.#read(most);
  }

  seek(key: Data): void {
    this.#ahead = [];
    this.#size = FIRST_AHEAD;
    this.#place = { key, isRead: false };
    this.#open().seek(key);
  }

  close(): void {
    this.#cursor?.dispose();
    this.#cursor = undefined;
  }

  async #read(most: number): Promise<T[]> {
    let page: R[];
    try {
      page = await this.#open().nextMany(most);
    } catch (error) {
      // A key is not UTF-8. Level decodes such keys, too.
      if (this.#encoding === "bytes" || !(error instanceof TypeError)) throw error;
      page = await this.#inBytes().nextMany(most);
    }
    const last = page.at(-1);
    const key = last && this.#kind.keyOf(last);
    if (key !== undefined) this.#place = { key, isRead: true };
    return this.#kind.finish(page, this.#formats);
  }

  #open(): RangeCursor<R> {
    this.#cursor ??= this.#kind.open(this.#reader, { ...this.#range, keyEncoding: this.#encoding }).cursor();
    return this.#cursor;
  }

  /** Continues at the same place, with keys as bytes. */
  #inBytes(): RangeCursor<R> {
    this.close();
    this.#encoding = "bytes";
    const cursor = this.#open();
    if (this.#place) cursor.seek(this.#place.key);
    if (this.#place?.isRead) cursor.nextManySync(1);
    return cursor;
  }
}
