/**
 * Reads of a typed view: of a store, of a snapshot, and in a transaction.
 *
 * @module
 */

import type { LongOptions, StoreRecord, ValueEntry } from "../api/entries.ts";
import type { Key, KeyEncoding } from "../api/keys.ts";
import type { KeyRange, RangeIterable } from "../api/range.ts";
import type { ViewKey, ViewReader } from "../api/view_reader.ts";
import type { ByteRange } from "../byte_range.ts";
import { checkArray } from "../options.ts";
import type { BaseReader } from "./base_reader.ts";
import { type Pick, recordAt } from "./picks.ts";
import { toByteRange } from "./ranges.ts";
import type { ViewCodecs } from "./view_codecs.ts";

/** A {@linkcode ViewReader} over a reader of the keys of the view. */
export class ReadView<T, K = Key, P = K> implements ViewReader<T, K, P> {
  readonly #reader: BaseReader;
  readonly codecs: ViewCodecs<T, K, P>;

  constructor(reader: BaseReader, codecs: ViewCodecs<T, K, P>) {
    this.#reader = reader;
    this.codecs = codecs;
  }

  async get(key: K): Promise<T | undefined> {
    return this.#decode(await this.#reader.get(this.codecs.keyOf(key)));
  }

  getSync(key: K): T | undefined {
    return this.#decode(this.#reader.getSync(this.codecs.keyOf(key)));
  }

  async getEntry(key: K): Promise<ValueEntry<T> | undefined> {
    return this.#decodeEntry(await this.#reader.getEntry(this.codecs.keyOf(key)));
  }

  getEntrySync(key: K): ValueEntry<T> | undefined {
    return this.#decodeEntry(this.#reader.getEntrySync(this.codecs.keyOf(key)));
  }

  async getMany(keys: readonly K[], options?: LongOptions): Promise<(T | undefined)[]> {
    const values = await this.#reader.getMany(this.#keysOf(keys), options);
    return values.map((value) => this.#decode(value));
  }

  getManySync(keys: readonly K[]): (T | undefined)[] {
    return this.#reader.getManySync(this.#keysOf(keys)).map((value) => this.#decode(value));
  }

  async getEntries(keys: readonly K[], options?: LongOptions): Promise<(ValueEntry<T> | undefined)[]> {
    const entries = await this.#reader.getEntries(this.#keysOf(keys), options);
    return entries.map((entry) => this.#decodeEntry(entry));
  }

  getEntriesSync(keys: readonly K[]): (ValueEntry<T> | undefined)[] {
    return this.#reader.getEntriesSync(this.#keysOf(keys)).map((entry) => this.#decodeEntry(entry));
  }

  async has(key: K): Promise<boolean> {
    return await this.#reader.has(this.codecs.keyOf(key));
  }

  hasSync(key: K): boolean {
    return this.#reader.hasSync(this.codecs.keyOf(key));
  }

  async hasMany(keys: readonly K[], options?: LongOptions): Promise<boolean[]> {
    return await this.#reader.hasMany(this.#keysOf(keys), options);
  }

  hasManySync(keys: readonly K[]): boolean[] {
    return this.#reader.hasManySync(this.#keysOf(keys));
  }

  entries(range?: KeyRange<P>): RangeIterable<[ViewKey<K>, T], P> {
    return this.#walk(range, {}, (page, i) => [this.#keyOf(page.keys[i]), this.codecs.valueAt(page, i)]);
  }

  keys(range?: KeyRange<P>): RangeIterable<ViewKey<K>, P> {
    return this.#walk(range, { keysOnly: true }, ({ keys }, i) => this.#keyOf(keys[i]));
  }

  values(range?: KeyRange<P>): RangeIterable<T, P> {
    // Does not decode keys, so they need not be UTF-8.
    return this.#walk(range, {}, (page, i) => this.codecs.valueAt(page, i), "bytes");
  }

  records(range?: KeyRange<P>): RangeIterable<StoreRecord<ViewKey<K>, T>, P> {
    return this.#walk(range, { withVersions: true }, (page, i) => ({
      ...recordAt(page, i),
      key: this.#keyOf(page.keys[i]),
      value: this.codecs.valueAt(page, i),
    }));
  }

  async count(range?: KeyRange<P>, options?: LongOptions): Promise<number> {
    return await this.#reader.countIn(this.rangeOf(range), options);
  }

  countSync(range?: KeyRange<P>): number {
    return this.#reader.countInSync(this.rangeOf(range));
  }

  /** The range in bytes. Throws `TypeError` or `RangeError` if it is wrong. */
  protected rangeOf(range: KeyRange<P> | undefined): ByteRange {
    return toByteRange(range as KeyRange | undefined, this.#reader.space, this.codecs.key);
  }

  #walk<U>(
    range: KeyRange<P> | undefined,
    options: Partial<ByteRange>,
    pick: Pick<KeyEncoding, U>,
    encoding?: "bytes",
  ): RangeIterable<U, P> {
    const format = this.codecs.formatIn(this.#reader.space);
    const bound = (key: P) => this.#reader.space.bound(this.codecs.keyOf(key));
    return this.#reader.walk(
      { ...this.rangeOf(range), ...options },
      encoding ? { ...format, encoding } : format,
      pick,
      { bound },
    );
  }

  #keyOf(key: unknown): ViewKey<K> {
    return this.codecs.key.decode(key) as ViewKey<K>;
  }

  #keysOf(keys: readonly K[]): Key[] {
    checkArray(keys, "keys", "keys");
    return keys.map((key: K) => this.codecs.keyOf(key));
  }

  #decode(value: Uint8Array | undefined): T | undefined {
    return value && this.codecs.decode(value);
  }

  #decodeEntry(entry: ValueEntry | undefined): ValueEntry<T> | undefined {
    return entry && { ...entry, value: this.codecs.decode(entry.value) };
  }
}
