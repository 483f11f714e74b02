/**
 * Reads a range in pages, for the iterators.
 *
 * Each page is a range of its own, from the last key on, with the number of entries as its limit. So luge reads no more
 * entries than are asked for: a cursor would read the next ones, too.
 *
 * @module
 */

import type { KeyEncoding } from "../../api/keys.ts";
import type { RangeIterable } from "../../api/range.ts";
import type { Reader, ReadRange } from "../../api/reader.ts";
import { compareKeys, type Data, type Format } from "./keys.ts";

/** More entries than a store can have. */
export const ALL = 0xffffffff;

/** What an iterator yields, and how luge reads it. */
export interface Kind<T, R> {
  /** The range, with keys as strings or as bytes. */
  open<E extends KeyEncoding>(reader: Reader, range: ReadRange<E>): RangeIterable<R>;
  /** The key of what was read. */
  keyOf(read: R): Data;
  /** What Level gets for a page. May change the array. */
  finish(page: R[], formats: Formats): T[];
}

/** The formats that Level asks for. */
export interface Formats {
  readonly keyEncoding: Format;
  readonly valueEncoding: Format;
}

/** One end of a range. */
export interface End {
  readonly key: Data;
  readonly isIncluded: boolean;
}

/** A range of keys of the store. */
export interface Ends {
  readonly lower?: End | undefined;
  readonly upper?: End | undefined;
  readonly reverse: boolean;
}

/** The same, as luge takes it. */
export function toRange({ lower, upper, reverse }: Ends): ReadRange {
  const range: { -readonly [Name in keyof ReadRange]: ReadRange[Name] } = {};
  if (lower) range[lower.isIncluded ? "gte" : "gt"] = lower.key;
  if (upper) range[upper.isIncluded ? "lte" : "lt"] = upper.key;
  if (reverse) range.reverse = true;
  return range;
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
}

/** Reads pages of a range. */
export class Pages<T, R> implements PageReader<T> {
  readonly #kind: Kind<T, R>;
  readonly #formats: Formats;
  readonly #reader: Reader;
  readonly #whole: Ends;
  /** The part that was not read; `undefined` at the end. */
  #rest: Ends | undefined;
  #encoding: KeyEncoding;
  #ahead: readonly T[] = [];
  #taken = 0;
  #size = FIRST_AHEAD;

  /** The caller keeps `reader` as it is while it reads. */
  constructor(kind: Kind<T, R>, formats: Formats, reader: Reader, ends: Ends) {
    this.#kind = kind;
    this.#formats = formats;
    this.#reader = reader;
    this.#whole = this.#rest = ends;
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
    const { lower, upper, reverse } = this.#whole;
    const start = reverse ? upper : lower;
    // A key before the start of the range means its start.
    const order = start ? compareKeys(key, start.key) * (reverse ? -1 : 1) : 1;
    const from = order > 0 ? { key, isIncluded: true } : start;
    this.#rest = reverse ? { lower, upper: from, reverse } : { lower: from, upper, reverse };
    this.#ahead = [];
    this.#size = FIRST_AHEAD;
  }

  async #read(most: number): Promise<T[]> {
    const rest = this.#rest;
    if (!rest) return [];
    const page = await this.#page(rest, most);
    const last = page.length < most ? undefined : page.at(-1);
    if (last === undefined) this.#rest = undefined;
    else {
      const from = { key: this.#kind.keyOf(last), isIncluded: false };
      this.#rest = rest.reverse ? { ...rest, upper: from } : { ...rest, lower: from };
    }
    return this.#kind.finish(page, this.#formats);
  }

  async #page(ends: Ends, most: number): Promise<R[]> {
    const range = { ...toRange(ends), limit: most };
    try {
      return await this.#kind.open(this.#reader, { ...range, keyEncoding: this.#encoding }).toArray();
    } catch (error) {
      // A key is not UTF-8. Level decodes such keys, too.
      if (this.#encoding === "bytes" || (error as Error).name !== "TypeError") throw error;
      this.#encoding = "bytes";
      return await this.#kind.open(this.#reader, { ...range, keyEncoding: "bytes" }).toArray();
    }
  }
}
