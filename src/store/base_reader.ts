/**
 * The common part of all readers: validation, encoding, iteration, and promises.
 *
 * @module
 */

import type { Key, KeyEncoding, KeyIn } from "../api/keys.ts";
import type { RangeIterable } from "../api/range.ts";
import type { LongOptions, Reader, ReadRange, Snapshot, SnapshotRange, ValueEntry } from "../api/reader.ts";
import type { Page } from "../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES, prefixRange, restOf } from "../byte_range.ts";
import { afterLightWork, runInSteps, weightOf } from "../commit/event_loop.ts";
import { borrowKey, describe, encodeKey, encodePrefix } from "../encoding.ts";
import type { KeyFormat } from "../key_format.ts";
import { signalOf } from "../options.ts";
import { type Pick, rangeIterable } from "./range_iterable.ts";
import { formatOf, toSnapshotRange } from "./ranges.ts";
import type { HeldReadSource, ReadSource } from "./read_source.ts";

/** How many values are read in one step. */
const GET_STEP = 100;

/** A {@linkcode Reader} over a {@linkcode ReadSource}. */
export abstract class BaseReader implements Reader {
  /** The source to read from. Throws if the reader is closed. `action` is a verb for the message. */
  protected abstract source(action: string): ReadSource;

  /** The reader for a range's `snapshot` option. Only a store has snapshots. */
  protected readerOf(snapshot: Snapshot | undefined): BaseReader {
    if (snapshot === undefined) return this;
    throw new TypeError("Wrong range option 'snapshot': only ranges of a store take one");
  }

  /** Not an `async` function: it would cost more than the read. */
  get(key: Key): Promise<Uint8Array | undefined> {
    try {
      const value = this.getSync(key);
      const turn = afterLightWork(value === undefined ? 1 : weightOf(value.length));
      return turn === undefined ? Promise.resolve(value) : turn.then(() => value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getSync(key: Key): Uint8Array | undefined {
    const source = this.source("get");
    return source.get(borrowKey(key));
  }

  async getEntry(key: Key): Promise<ValueEntry | undefined> {
    const found = this.getEntrySync(key);
    await afterLightWork(weightOf(found?.value.length ?? 0));
    return found;
  }

  getEntrySync(key: Key): ValueEntry | undefined {
    const found = this.source("get").entry(borrowKey(key));
    if (!found) return undefined;
    const { value, version, expiresMs } = found;
    return { value, version, ...(expiresMs === 0 ? {} : { expiresAt: expiresMs }) };
  }

  async getMany(keys: readonly Key[], options?: LongOptions): Promise<(Uint8Array | undefined)[]> {
    const signal = signalOf(options);
    signal?.throwIfAborted();
    if (!(keys?.length > GET_STEP)) {
      const values = this.getManySync(keys);
      await afterLightWork(values.reduce((weight, value) => weight + weightOf(value?.length ?? 0), 1));
      return values;
    }
    const source = this.source("get");
    const wanted = encodeKeys(keys).map((key) => key.slice());
    const held = source.hold();
    const values: (Uint8Array | undefined)[] = [];
    try {
      await runInSteps(
        () => {
          for (const key of wanted.slice(values.length, values.length + GET_STEP)) values.push(held.get(key));
          return values.length < wanted.length;
        },
        { signal },
      );
    } finally {
      held.release();
    }
    return values;
  }

  getManySync(keys: readonly Key[]): (Uint8Array | undefined)[] {
    const source = this.source("get");
    return encodeKeys(keys).map((key) => source.get(key));
  }

  async has(key: Key): Promise<boolean> {
    const isThere = this.hasSync(key);
    await afterLightWork(1);
    return isThere;
  }

  hasSync(key: Key): boolean {
    const source = this.source("has");
    return source.has(borrowKey(key));
  }

  entries<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<[KeyIn<E>, Uint8Array]> {
    return this.readerOf(range?.snapshot).walk(toSnapshotRange(range), formatOf(range), entryAt);
  }

  keys<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<KeyIn<E>> {
    const bytes = { ...toSnapshotRange(range), keysOnly: true };
    return this.readerOf(range?.snapshot).walk(bytes, formatOf(range), keyAt);
  }

  values(range?: SnapshotRange): RangeIterable<Uint8Array> {
    return this.readerOf(range?.snapshot).walk(toSnapshotRange(range), formatOf({ keyEncoding: "bytes" }), valueAt);
  }

  async count(range?: SnapshotRange, options?: LongOptions): Promise<number> {
    return await this.readerOf(range?.snapshot).countIn(toSnapshotRange(range), options);
  }

  countSync(range?: SnapshotRange): number {
    return this.readerOf(range?.snapshot).countInSync(toSnapshotRange(range));
  }

  async scan(prefix: Key, options?: LongOptions): Promise<Map<string, Uint8Array>> {
    const signal = signalOf(options);
    signal?.throwIfAborted();
    const entries = new Map<string, Uint8Array>();
    for await (const [key, value] of this.walk(wholeOf(prefix), formatOf<"utf8">({}), ownedEntryAt)) {
      entries.set(key, value);
      signal?.throwIfAborted();
    }
    return entries;
  }

  scanSync(prefix: Key): Map<string, Uint8Array> {
    return new Map(this.walk(wholeOf(prefix), formatOf<"utf8">({}), ownedEntryAt));
  }

  /** Iterates over a range. Throws if the reader is closed. */
  walk<E extends KeyEncoding, T>(range: ByteRange, format: KeyFormat<E>, pick: Pick<E, T>): RangeIterable<T> {
    this.source("read");
    const open = () => {
      const source = this.source("read");
      return {
        scan: (rest: ByteRange) => source.scan(rest, format),
        hold: () => {
          const held = source.hold();
          return { scan: (rest: ByteRange) => held.scan(rest, format), release: () => held.release() };
        },
      };
    };
    return rangeIterable(range, open, pick);
  }

  /** As {@linkcode Reader.count}, for a range in bytes. */
  async countIn(range: ByteRange, options: LongOptions | undefined): Promise<number> {
    const signal = signalOf(options);
    const counter = new Counter(this.source("count"), range);
    try {
      await runInSteps(() => counter.step(), { signal });
    } finally {
      counter.release();
    }
    return counter.total;
  }

  /** As {@linkcode Reader.countSync}, for a range in bytes. */
  countInSync(range: ByteRange): number {
    const counter = new Counter(this.source("count"), range);
    try {
      while (counter.step());
    } finally {
      counter.release();
    }
    return counter.total;
  }
}

function encodeKeys(keys: readonly Key[]): Uint8Array[] {
  if (!Array.isArray(keys)) throw new TypeError(`Cannot use ${describe(keys)} as keys: expected an array of keys`);
  return keys.map((key) => encodeKey(key));
}

/** Counts the entries of a range in steps, at one version. */
class Counter {
  total = 0;
  #source: ReadSource;
  #held: HeldReadSource | undefined;
  #rest: ByteRange;

  constructor(source: ReadSource, range: ByteRange) {
    this.#source = source;
    this.#rest = range;
  }

  /** Returns whether there is more. */
  step(): boolean {
    if (this.#rest.limit === 0) return false;
    const { count, last } = this.#source.count(this.#rest);
    this.total += count;
    if (!last) {
      this.release();
      return false;
    }
    this.#held ??= this.#source.hold();
    this.#source = this.#held;
    this.#rest = restOf(this.#rest, last, count);
    return true;
  }

  release(): void {
    this.#held?.release();
    this.#held = undefined;
  }
}

/** Key and value of an entry. */
export function entryAt<E extends KeyEncoding>({ keys, values }: Page<E>, index: number): [KeyIn<E>, Uint8Array] {
  return [keys[index] as KeyIn<E>, values[index] as Uint8Array];
}

/** The range of all keys with a prefix, to be read to its end. */
function wholeOf(prefix: Key): ByteRange {
  return { ...prefixRange(encodePrefix(prefix)), pageBytes: LARGEST_PAGE_BYTES };
}

/** Key and value of an entry, with the value in its own buffer. */
function ownedEntryAt(page: Page<"utf8">, index: number): [string, Uint8Array] {
  const entry = entryAt(page, index);
  return page.isShared ? [entry[0], entry[1].slice()] : entry;
}

/** The key of an entry. */
export function keyAt<E extends KeyEncoding>({ keys }: Page<E>, index: number): KeyIn<E> {
  return keys[index] as KeyIn<E>;
}

/** The value of an entry. */
export function valueAt({ values }: Page<KeyEncoding>, index: number): Uint8Array {
  return values[index] as Uint8Array;
}
