/**
 * The iterators over entries, keys and values.
 *
 * @module
 */

import {
  AbstractIterator,
  type AbstractIteratorOptions,
  AbstractKeyIterator,
  type AbstractKeyIteratorOptions,
  AbstractValueIterator,
  type AbstractValueIteratorOptions,
} from "abstract-level";
import type { Reader } from "../../api/reader.ts";
import { type Data, fromStoreKey, fromStoreValues, toStoreKey } from "./keys.ts";
import { ALL, type Ends, type Formats, type Kind, type PageReader, Pages } from "./pages.ts";

/** What an iterator gets from the database: its range, and the state that it reads. */
export interface Source extends Formats {
  readonly reader: Reader;
  readonly ends: Ends;
  readonly signal: AbortSignal | undefined;
  /** Ends the use of the reader. */
  release(): void;
}

type Entry = [key: Data | undefined, value: Data | undefined];

const ENTRIES: Kind<Entry, [Data, Uint8Array]> = {
  open: (reader, range) => reader.entries(range),
  keyOf: ([key]) => key,
  finish(page, { keyEncoding, valueEncoding }) {
    const entries = page as Entry[];
    if (valueEncoding === "utf8") {
      const texts = fromStoreValues(
        page.map(([, value]) => value),
        valueEncoding,
      );
      for (let i = 0; i < entries.length; i++) (entries[i] as Entry)[1] = texts[i];
    }
    for (const entry of entries) entry[0] = fromStoreKey(entry[0] as Data, keyEncoding);
    return entries;
  },
};

const KEYS: Kind<Data, Data> = {
  open: (reader, range) => reader.keys(range),
  keyOf: (key) => key,
  finish(page, { keyEncoding }) {
    for (let i = 0; i < page.length; i++) page[i] = fromStoreKey(page[i] as Data, keyEncoding);
    return page;
  },
};

const VALUES: Kind<Data, [Data, Uint8Array]> = {
  open: ENTRIES.open,
  keyOf: ENTRIES.keyOf,
  finish(page, { valueEncoding }) {
    const values = page.map(([, value]) => value);
    return valueEncoding === "utf8" ? [...fromStoreValues(values, valueEncoding)] : values;
  },
};

const ENTRIES_WITHOUT_VALUES: Kind<Entry, Data> = {
  open: KEYS.open,
  keyOf: KEYS.keyOf,
  finish: (page, formats) => KEYS.finish(page, formats).map((key) => [key, undefined]),
};

const ENTRIES_WITHOUT_KEYS: Kind<Entry, [Data, Uint8Array]> = {
  open: VALUES.open,
  keyOf: VALUES.keyOf,
  finish: (page, formats) => VALUES.finish(page, formats).map((value) => [undefined, value]),
};

/** How many entries are read between two looks at a signal. */
const BETWEEN_LOOKS = 1000;

/** The reads that all iterators share. */
class Reading<T> {
  readonly #pages: PageReader<T>;
  readonly #source: Source;

  constructor(pages: PageReader<T>, source: Source) {
    this.#source = source;
    this.#pages = pages;
  }

  /** Not always a promise: Level awaits it anyway. */
  next(most: number): T | undefined | Promise<T | undefined> {
    return this.#pages.taken() ?? this.#unlessAborted(this.#pages.readAhead(most));
  }

  nextv(size: number): Promise<T[]> {
    return this.#unlessAborted(this.#pages.next(size));
  }

  async all(most: number): Promise<T[]> {
    const entries: T[] = [];
    const step = this.#source.signal ? BETWEEN_LOOKS : ALL;
    while (entries.length < most) {
      const page = await this.nextv(Math.min(step, most - entries.length));
      if (page.length === 0) break;
      if (entries.length === 0 && page.length === most) return page;
      for (const entry of page) entries.push(entry);
    }
    return entries;
  }

  seek(target: Data): void {
    this.#pages.seek(toStoreKey(target));
  }

  async close(): Promise<void> {
    this.#source.release();
  }

  #unlessAborted<R>(read: Promise<R>): Promise<R> {
    const { signal } = this.#source;
    if (!signal) return read;
    return read.then((entries) => {
      if (signal.aborted) throw new AbortedError(signal.reason);
      return entries;
    });
  }
}

function read<T, R>(kind: Kind<T, R>, source: Source): Reading<T> {
  return new Reading(new Pages(kind, source, source.reader, source.ends), source);
}

/** As abstract-level, which does not export its own, throws it. */
class AbortedError extends Error {
  readonly code = "LEVEL_ABORTED";
  override readonly name = "AbortError";

  constructor(cause: unknown) {
    super("Operation has been aborted", { cause });
  }
}

/** Over keys and values. */
export class EntryIterator<D, K, V> extends AbstractIterator<D, K, V> {
  readonly #reading: Reading<Entry>;

  constructor(db: D, options: AbstractIteratorOptions<K, V>, source: Source) {
    super(db, options);
    const { keys, values } = options;
    if (values === false) this.#reading = read(ENTRIES_WITHOUT_VALUES, source);
    else this.#reading = keys === false ? read(ENTRIES_WITHOUT_KEYS, source) : read(ENTRIES, source);
  }

  _next(): unknown {
    return this.#reading.next(this.limit - this.count);
  }

  _nextv(size: number): Promise<Entry[]> {
    return this.#reading.nextv(size);
  }

  _all(): Promise<Entry[]> {
    return this.#reading.all(Math.min(this.limit - this.count, ALL));
  }

  _seek(target: Data): void {
    this.#reading.seek(target);
  }

  _close(): Promise<void> {
    return this.#reading.close();
  }
}

/** Over keys. */
export class KeyIterator<D, K> extends AbstractKeyIterator<D, K> {
  readonly #reading: Reading<Data>;

  constructor(db: D, options: AbstractKeyIteratorOptions<K>, source: Source) {
    super(db, options);
    this.#reading = read(KEYS, source);
  }

  _next(): unknown {
    return this.#reading.next(this.limit - this.count);
  }

  _nextv(size: number): Promise<Data[]> {
    return this.#reading.nextv(size);
  }

  _all(): Promise<Data[]> {
    return this.#reading.all(Math.min(this.limit - this.count, ALL));
  }

  _seek(target: Data): void {
    this.#reading.seek(target);
  }

  _close(): Promise<void> {
    return this.#reading.close();
  }
}

/** Over values. */
export class ValueIterator<D, K, V> extends AbstractValueIterator<D, K, V> {
  readonly #reading: Reading<Data>;

  constructor(db: D, options: AbstractValueIteratorOptions<K, V>, source: Source) {
    super(db, options);
    this.#reading = read(VALUES, source);
  }

  _next(): unknown {
    return this.#reading.next(this.limit - this.count);
  }

  _nextv(size: number): Promise<Data[]> {
    return this.#reading.nextv(size);
  }

  _all(): Promise<Data[]> {
    return this.#reading.all(Math.min(this.limit - this.count, ALL));
  }

  _seek(target: Data): void {
    this.#reading.seek(target);
  }

  _close(): Promise<void> {
    return this.#reading.close();
  }
}
