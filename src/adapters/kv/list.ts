/**
 * Lists: iterators over ranges of entries, which continue at a cursor.
 *
 * @module
 */

import type { StoreRecord } from "../../api/entries.ts";
import { Space } from "./keys.ts";
import { copySelector, cursorAt, placeOf, type Selected, select, selectAfter } from "./selector.ts";
import type { KvEntry, KvListSelector } from "./types.ts";

/** The default number of entries that one read takes. */
const BATCH_SIZE = 100;
/** The largest number of entries that one read takes because of a `limit`. */
const MAX_LIMIT_BATCH = 500;

/** What a list needs of its database. */
export interface ListSource {
  /** The first records of a range. */
  readonly read: (selected: Selected, options: ReadOptions) => Promise<StoreRecord<Uint8Array>[]>;
  /** The entry of a record. */
  readonly show: (key: Uint8Array, record: StoreRecord<Uint8Array>) => KvEntry<unknown>;
}

/** How records are read. */
export interface ReadOptions {
  readonly limit: number;
  readonly isReverse: boolean;
}

/** How a list reads. */
export interface ListOptions {
  readonly selector: KvListSelector;
  readonly limit: number | undefined;
  readonly batchSize: number | undefined;
  readonly isReverse: boolean;
  readonly cursor: string | undefined;
}

/**
 * An iterator over entries. It reads them in batches, each of which sees the newest version. Wrong keys and cursors make
 * `next` reject.
 */
export class KvListIterator<T> implements AsyncIterableIterator<KvEntry<T>> {
  readonly #source: ListSource;
  readonly #selector: KvListSelector;
  readonly #isReverse: boolean;
  readonly #batchSize: number;
  #left: number;
  #selected: Selected | undefined;
  /** The cursor that the caller gave. */
  readonly #cursor: string | undefined;
  /** The key of the last entry. */
  #place: Uint8Array | undefined;
  #records: StoreRecord<Uint8Array>[] = [];
  #next = 0;
  #isLast = false;
  #isDone = false;

  /** @internal */
  constructor(source: ListSource, { selector, limit, batchSize, isReverse, cursor }: ListOptions) {
    this.#source = source;
    this.#selector = copySelector(selector);
    this.#left = limit ?? Number.POSITIVE_INFINITY;
    this.#batchSize = batchSize ?? Math.min(limit ?? BATCH_SIZE, MAX_LIMIT_BATCH);
    this.#isReverse = isReverse;
    this.#cursor = cursor || undefined;
  }

  /**
   * Where the iterator is: a list of the same selector and order with this cursor continues after the last entry. Empty
   * after the end. Throws `Error` before the first entry.
   */
  get cursor(): string {
    if (this.#isDone) return "";
    if (this.#selected && this.#place) return cursorAt(this.#selected, this.#place);
    if (this.#cursor === undefined) throw new Error("Cannot get cursor before first iteration");
    return this.#cursor;
  }

  async next(): Promise<IteratorResult<KvEntry<T>, undefined>> {
    if (this.#isDone || this.#left <= 0) return { done: true, value: undefined };
    this.#selected ??= select(this.#selector);
    if (this.#next === this.#records.length && !this.#isLast) await this.#readOn(this.#selected);
    const record = this.#records[this.#next];
    if (!record) {
      this.#isDone = true;
      return { done: true, value: undefined };
    }
    const key = record.key.subarray(Space.ENTRY.length);
    const value = this.#source.show(key, record) as KvEntry<T>;
    this.#next += 1;
    this.#left -= 1;
    this.#place = key;
    return { done: false, value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #readOn(selected: Selected): Promise<void> {
    if (this.#cursor !== undefined) this.#place ??= placeOf(selected, this.#cursor);
    const rest = this.#place ? selectAfter(selected, this.#place, this.#isReverse) : selected;
    const options = { limit: this.#batchSize, isReverse: this.#isReverse };
    this.#records = await this.#source.read(rest, options);
    this.#next = 0;
    this.#isLast = this.#records.length < this.#batchSize;
  }
}

// The build of the package shortens class names.
Object.defineProperty(KvListIterator, "name", { value: "KvListIterator" });
