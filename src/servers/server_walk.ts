/**
 * Walks over a range of a store over a server, page by page, at one version.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { Page } from "../backend.ts";
import { type ByteRange, restFrom, restOf } from "../byte_range.ts";
import { NOTHING } from "../bytes.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import type { Pick } from "../store/picks.ts";
import { LEFT_OUT, type Stage, Stages } from "../store/stages.ts";
import type { ScannedPage } from "./backend.ts";
import { type AsyncSource, forgotten, type HeldSource } from "./sources.ts";

/** The first page is small, because the caller may stop after one step. Each later one is this many times as large. */
const FIRST_PAGE_BYTES = 8192;
const PAGE_GROWTH = 8;
/** The largest page. A page costs a round trip, so it is larger than one of a store on disk. */
const MOST_PAGE_BYTES: number = 1024 * 1024;

/** What a walk reads, and what it makes of it. */
export interface Walked<E extends KeyEncoding> {
  readonly source: AsyncSource;
  readonly range: ByteRange;
  readonly format: KeyFormat<E>;
  readonly pick: Pick<E, unknown>;
}

/** An iterator over the entries. */
export class ServerWalk<E extends KeyEncoding, T> implements AsyncIterableIterator<T> {
  readonly #walked: Walked<E>;
  readonly #stages: Stages | undefined;
  #page: Page<E> | undefined;
  #index = 0;
  #count = 0;
  /** How many entries of the range came before the page. */
  #passed = 0;
  /** The part of the range that has not been read; `undefined` at the end. */
  #rest: ByteRange | undefined;
  #held: HeldSource | undefined;
  #pageBytes: number;
  /** Steps run one after the other, even if the caller does not wait for them. */
  #before: Promise<unknown> = Promise.resolve();
  #isReturned = false;

  constructor(walked: Walked<E>, stages: readonly Stage[]) {
    const { range } = walked;
    this.#walked = walked;
    this.#stages = stages.length === 0 ? undefined : new Stages(stages);
    this.#rest = range.limit === 0 || this.#stages?.isOver ? undefined : range;
    // A caller that gives a limit or a size of pages usually reads to the end.
    const readsAll = range.limit !== undefined || range.pageBytes !== undefined;
    this.#pageBytes = readsAll ? MOST_PAGE_BYTES : FIRST_PAGE_BYTES;
  }

  /** Keeps what the source has now: the walk reads that, whenever it begins. */
  begin(): void {
    const held = this.#walked.source.holdNow();
    this.#before = held.then((source) => this.#keep(source));
    // The first step says why.
    this.#before.catch(() => {});
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const entries = await this.nextMany(1);
    return entries.length === 0 ? this.return() : { done: false, value: entries[0] as T };
  }

  /** The next entries, `most` at most. Fewer come only at the end. */
  nextMany(most: number): Promise<T[]> {
    const next = this.#before.then(() => this.#nextMany(most));
    this.#before = next.catch(() => {});
    return next;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#isReturned = true;
    this.#rest = undefined;
    this.#page = undefined;
    this.#index = this.#count = 0;
    forgotten.unregister(this);
    this.#held?.release();
    this.#held = undefined;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Continues at the first entry that is not before `key`, in the direction of the range, at the same version. */
  seek(key: Uint8Array): void {
    const { range } = this.#walked;
    this.#before = this.#before.then(() => {
      this.#passed += this.#index;
      const rest = restFrom(range, key);
      this.#rest = range.limit === undefined ? rest : { ...rest, limit: range.limit - this.#passed };
      if (this.#rest.limit === 0 || this.#stages?.isOver || this.#isReturned) this.#rest = undefined;
      this.#page = undefined;
      this.#index = this.#count = 0;
    });
  }

  async #nextMany(most: number): Promise<T[]> {
    const entries: T[] = [];
    try {
      while (entries.length < most && (this.#index < this.#count || (await this.#read()))) {
        const value = this.#take();
        if (value !== LEFT_OUT) entries.push(value as T);
      }
    } catch (error) {
      await this.return();
      throw error;
    }
    return entries;
  }

  #take(): unknown {
    const picked = this.#walked.pick(this.#page as Page<E>, this.#index++);
    const stages = this.#stages;
    if (!stages) return picked;
    const value = stages.of(picked);
    if (stages.isOver) {
      this.#rest = undefined;
      this.#index = this.#count;
    }
    return value;
  }

  /** Reads pages until one has entries. Returns whether there is one. */
  async #read(): Promise<boolean> {
    const { source } = this.#walked;
    while (this.#rest && this.#index >= this.#count) {
      const from = this.#held ?? source;
      from.check("read");
      const rest = this.#rest;
      const page = await from.scan({ ...rest, pageBytes: this.#pageBytes });
      this.#pageBytes = Math.min(this.#pageBytes * PAGE_GROWTH, MOST_PAGE_BYTES);
      if (page.last && !this.#held) this.#keep(await source.hold(page.version));
      // The walk may have been returned meanwhile.
      if (this.#isReturned) return false;
      this.#passed += this.#count;
      this.#page = toPage(page, this.#walked.format, rest.keysOnly === true);
      [this.#index, this.#count] = [0, this.#page.keys.length];
      this.#rest = page.last && restOf(rest, page.last, this.#count);
      if (this.#rest?.limit === 0) this.#rest = undefined;
    }
    return this.#index < this.#count;
  }

  #keep(held: HeldSource): void {
    if (this.#isReturned) {
      held.release();
      return;
    }
    this.#held = held;
    forgotten.register(this, held, this);
  }
}

/** A page with its keys as the caller wants them. */
export function toPage<E extends KeyEncoding>(page: ScannedPage, format: KeyFormat<E>, keysOnly: boolean): Page<E> {
  const { entries, last } = page;
  return {
    keys: entries.map(({ key }) => formatKey(key, format)),
    values: keysOnly ? [] : entries.map(({ value }) => value ?? NOTHING),
    versions: entries.map(({ version }) => version),
    expiries: entries.map(({ expiresMs }) => expiresMs),
    last,
  };
}
