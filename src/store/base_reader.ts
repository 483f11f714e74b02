/**
 * The common part of all readers: validation, encoding, iteration, and promises.
 *
 * @module
 */

import type { LongOptions, StoreRecord, ValueEntry } from "../api/entries.ts";
import type { Key, KeyEncoding, KeyIn } from "../api/keys.ts";
import type { RangeIterable } from "../api/range.ts";
import type { Reader, ReadRange, Snapshot, SnapshotRange } from "../api/reader.ts";
import { type ByteRange, LARGEST_PAGE_BYTES, prefixRange } from "../byte_range.ts";
import { afterLightWork, runInSteps, weightOf } from "../commit/event_loop.ts";
import type { KeyFormat } from "../key_format.ts";
import type { KeySpace } from "../key_space.ts";
import { checkArray, signalOf } from "../options.ts";
import { Counter } from "./counter.ts";
import { entryAt, keyAt, ownedEntryAt, type Pick, recordAt, toEntry, valueAt } from "./picks.ts";
import { Entries } from "./range_iterable.ts";
import { formatOf, toSnapshotRange } from "./ranges.ts";
import type { ReadSource } from "./read_source.ts";

/** How many values are read in one step. */
const GET_STEP = 100;

/** Opens a source. Throws if it is closed. `action` is a verb for the message. */
export type OpenSource = (action: string) => ReadSource;

/** A {@linkcode Reader} over a {@linkcode ReadSource}. */
export abstract class BaseReader implements Reader {
  /** The keys that it reads. */
  readonly space: KeySpace;

  constructor(space: KeySpace) {
    this.space = space;
  }

  /** The source to read from. */
  abstract readonly open: OpenSource;

  /** The source for a range's `snapshot` option. Only a store has snapshots. */
  protected openAt(snapshot: Snapshot | undefined): OpenSource {
    if (snapshot === undefined) return this.open;
    throw new TypeError("Wrong range option 'snapshot': only ranges of a store take one");
  }

  /** Not an `async` function: it would cost more than the read. */
  get(key: Key): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const value = this.getSync(key);
      const turn = afterLightWork(value === undefined ? 1 : weightOf(value.length));
      return turn === undefined ? Promise.resolve(value) : turn.then(() => value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getSync(key: Key): Uint8Array<ArrayBuffer> | undefined {
    const source = this.open("get");
    return source.get(this.space.borrow(key));
  }

  async getEntry(key: Key): Promise<ValueEntry | undefined> {
    const found = this.getEntrySync(key);
    await afterLightWork(weightOf(found?.value.length ?? 0));
    return found;
  }

  getEntrySync(key: Key): ValueEntry | undefined {
    return entryOf(this.open("get"), this.space.borrow(key));
  }

  async getMany(keys: readonly Key[], options?: LongOptions): Promise<(Uint8Array<ArrayBuffer> | undefined)[]> {
    return await this.#many(keys, options, getOf, (value) => value?.length ?? 0);
  }

  getManySync(keys: readonly Key[]): (Uint8Array<ArrayBuffer> | undefined)[] {
    return this.#manySync(keys, getOf);
  }

  async getEntries(keys: readonly Key[], options?: LongOptions): Promise<(ValueEntry | undefined)[]> {
    return await this.#many(keys, options, entryOf, (entry) => entry?.value.length ?? 0);
  }

  getEntriesSync(keys: readonly Key[]): (ValueEntry | undefined)[] {
    return this.#manySync(keys, entryOf);
  }

  async has(key: Key): Promise<boolean> {
    const isThere = this.hasSync(key);
    await afterLightWork(1);
    return isThere;
  }

  hasSync(key: Key): boolean {
    return hasOf(this.open("has"), this.space.borrow(key));
  }

  async hasMany(keys: readonly Key[], options?: LongOptions): Promise<boolean[]> {
    return await this.#many(keys, options, hasOf, () => 0);
  }

  hasManySync(keys: readonly Key[]): boolean[] {
    return this.#manySync(keys, hasOf);
  }

  entries<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<[KeyIn<E>, Uint8Array<ArrayBuffer>]> {
    return this.#walk(range, {}, entryAt);
  }

  keys<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<KeyIn<E>> {
    return this.#walk(range, { keysOnly: true }, keyAt);
  }

  values(range?: SnapshotRange): RangeIterable<Uint8Array<ArrayBuffer>> {
    const bytes = this.toRange(range);
    return this.walk(bytes, this.formatOf({ keyEncoding: "bytes" }), valueAt, this.#at(range));
  }

  records<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<StoreRecord<KeyIn<E>>> {
    return this.#walk(range, { withVersions: true }, recordAt);
  }

  async count(range?: SnapshotRange, options?: LongOptions): Promise<number> {
    return await this.countIn(this.toRange(range), options, this.openAt(range?.snapshot));
  }

  countSync(range?: SnapshotRange): number {
    return this.countInSync(this.toRange(range), this.openAt(range?.snapshot));
  }

  async scan(prefix: Key, options?: LongOptions): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
    const signal = signalOf(options);
    signal?.throwIfAborted();
    const entries = new Map<string, Uint8Array<ArrayBuffer>>();
    for await (const [key, value] of this.#whole(prefix)) {
      entries.set(key, value);
      signal?.throwIfAborted();
    }
    return entries;
  }

  scanSync(prefix: Key): Map<string, Uint8Array<ArrayBuffer>> {
    return new Map(this.#whole(prefix));
  }

  /** Iterates over a range. Throws if the reader is closed. */
  walk<E extends KeyEncoding, T, P>(
    range: ByteRange,
    format: KeyFormat<E>,
    pick: Pick<E, T>,
    { open = this.open, bound }: { open?: OpenSource; bound: (key: P) => Uint8Array },
  ): RangeIterable<T, P> {
    open("read");
    return new Entries(range, { open: () => open("read"), format, pick }, bound);
  }

  /** As {@linkcode Reader.count}, for a range in bytes. */
  async countIn(range: ByteRange, options: LongOptions | undefined, open: OpenSource = this.open): Promise<number> {
    const signal = signalOf(options);
    const counter = new Counter(open("count"), range);
    try {
      await runInSteps(() => counter.step(), { signal });
    } finally {
      counter.release();
    }
    return counter.total;
  }

  /** As {@linkcode Reader.countSync}, for a range in bytes. */
  countInSync(range: ByteRange, open: OpenSource = this.open): number {
    const counter = new Counter(open("count"), range);
    try {
      while (counter.step());
    } finally {
      counter.release();
    }
    return counter.total;
  }

  /** The range in bytes. Throws `TypeError` or `RangeError` if it is wrong. */
  protected toRange(range: SnapshotRange | undefined): ByteRange {
    return toSnapshotRange(range, this.space);
  }

  /** The format of the keys of a range. Throws `TypeError` if its encoding is wrong. */
  protected formatOf<E extends KeyEncoding>(range: ReadRange<E> | undefined): KeyFormat<E> {
    return formatOf(range, this.space);
  }

  /** Where a range is read, and what the keys to seek in it are. */
  #at(range: SnapshotRange | undefined): { open: OpenSource; bound: (key: Key) => Uint8Array } {
    return { open: this.openAt(range?.snapshot), bound: (key) => this.space.bound(key) };
  }

  #walk<E extends KeyEncoding, T>(
    range: ReadRange<E> | undefined,
    options: Partial<ByteRange>,
    pick: Pick<E, T>,
  ): RangeIterable<T> {
    return this.walk({ ...this.toRange(range), ...options }, this.formatOf(range), pick, this.#at(range));
  }

  /** All entries with a prefix, to be read to the end. */
  #whole(prefix: Key): RangeIterable<[string, Uint8Array<ArrayBuffer>]> {
    const range = { ...prefixRange(this.space.within(prefix).prefix), pageBytes: LARGEST_PAGE_BYTES };
    return this.walk(range, this.formatOf<"utf8">({}), ownedEntryAt, this.#at(undefined));
  }

  #manySync<T>(keys: readonly Key[], read: ReadOne<T>): T[] {
    const source = this.open("get");
    return this.#encode(keys).map((key) => read(source, key));
  }

  async #many<T>(
    keys: readonly Key[],
    options: LongOptions | undefined,
    read: ReadOne<T>,
    sizeOf: (found: T) => number,
  ): Promise<T[]> {
    const signal = signalOf(options);
    signal?.throwIfAborted();
    if (!(keys?.length > GET_STEP)) {
      const found = this.#manySync(keys, read);
      await afterLightWork(found.reduce((weight, each) => weight + weightOf(sizeOf(each)), 1));
      return found;
    }
    const source = this.open("get");
    const wanted = this.#encode(keys).map((key) => key.slice());
    const held = source.hold();
    const found: T[] = [];
    try {
      await runInSteps(
        () => {
          for (const key of wanted.slice(found.length, found.length + GET_STEP)) found.push(read(held, key));
          return found.length < wanted.length;
        },
        { signal },
      );
    } finally {
      held.release();
    }
    return found;
  }

  #encode(keys: readonly Key[]): Uint8Array[] {
    checkArray(keys, "keys", "keys");
    return keys.map((key) => this.space.encode(key));
  }
}

/** Reads what belongs to a key. */
type ReadOne<T> = (source: ReadSource, key: Uint8Array) => T;

const getOf: ReadOne<Uint8Array<ArrayBuffer> | undefined> = (source, key) => source.get(key);
const hasOf: ReadOne<boolean> = (source, key) => source.has(key);

function entryOf(source: ReadSource, key: Uint8Array): ValueEntry | undefined {
  const found = source.entry(key);
  return found && toEntry(found);
}
