/**
 * Reads of typed views.
 *
 * @module
 */

import type { LongOptions, StoreRecord, ValueEntry } from "./entries.ts";
import type { Key } from "./keys.ts";
import type { KeyRange, RangeIterable } from "./range.ts";

/**
 * The type of the keys that a view returns: strings, unless the view has a key codec.
 *
 * @example
 * ```ts
 * import type { ViewKey } from "@luge/luge";
 *
 * const name: ViewKey<string | Uint8Array> = "a string";
 * const date: ViewKey<Date> = new Date();
 * console.log(name, date);
 * ```
 */
export type ViewKey<K> = Key extends K ? string : K;

/**
 * The reads of a view. `T` is the type of values, `K` that of keys, and `P` that of bounds and prefixes of ranges. All
 * methods do what those of `Reader` do. A key or a value that a codec refuses makes the call throw.
 *
 * @example
 * ```ts
 * import { jsonCodec, MemoryStore, type ViewReader } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const total = (prices: ViewReader<number>) => prices.values().toArraySync().reduce((sum, price) => sum + price, 0);
 * const store = new MemoryStore();
 * const prices = store.view({ prefix: "price/", value: jsonCodec<number>() });
 * await prices.put("tea", 3);
 * using snapshot = store.snapshot();
 * await prices.put("bread", 4);
 * assert.deepEqual([total(prices), total(snapshot.view(prices))], [7, 3]);
 * ```
 */
export interface ViewReader<T, K = Key, P = K> {
  /** The value of `key`, or `undefined`. */
  get(key: K): Promise<T | undefined>;
  /** As {@linkcode ViewReader.get}. */
  getSync(key: K): T | undefined;
  /** The value of `key` with its version and expiry, or `undefined`. */
  getEntry(key: K): Promise<ValueEntry<T> | undefined>;
  /** As {@linkcode ViewReader.getEntry}. */
  getEntrySync(key: K): ValueEntry<T> | undefined;
  /** The values of several keys at one version, in the order of the keys. */
  getMany(keys: readonly K[], options?: LongOptions): Promise<(T | undefined)[]>;
  /** As {@linkcode ViewReader.getMany}. */
  getManySync(keys: readonly K[]): (T | undefined)[];
  /** The values of several keys at one version, with their versions and expiries, in the order of the keys. */
  getEntries(keys: readonly K[], options?: LongOptions): Promise<(ValueEntry<T> | undefined)[]>;
  /** As {@linkcode ViewReader.getEntries}. */
  getEntriesSync(keys: readonly K[]): (ValueEntry<T> | undefined)[];
  /** Whether `key` exists. */
  has(key: K): Promise<boolean>;
  /** As {@linkcode ViewReader.has}. */
  hasSync(key: K): boolean;
  /** Whether several keys exist, at one version, in their order. */
  hasMany(keys: readonly K[], options?: LongOptions): Promise<boolean[]>;
  /** As {@linkcode ViewReader.hasMany}. */
  hasManySync(keys: readonly K[]): boolean[];
  /** Keys and values of a range. Without a key codec, keys must be UTF-8. */
  entries(range?: KeyRange<P>): RangeIterable<[ViewKey<K>, T], P>;
  /** The keys of a range. Without a key codec, they must be UTF-8. */
  keys(range?: KeyRange<P>): RangeIterable<ViewKey<K>, P>;
  /** The values of a range. */
  values(range?: KeyRange<P>): RangeIterable<T, P>;
  /** Keys and values of a range, with their versions and expiries. Without a key codec, keys must be UTF-8. */
  records(range?: KeyRange<P>): RangeIterable<StoreRecord<ViewKey<K>, T>, P>;
  /** The number of entries in a range. */
  count(range?: KeyRange<P>, options?: LongOptions): Promise<number>;
  /** As {@linkcode ViewReader.count}. */
  countSync(range?: KeyRange<P>): number;
}
