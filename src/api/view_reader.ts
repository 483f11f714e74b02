/**
 * Reads of typed views.
 *
 * @module
 */

import type { LongOptions, StoreRecord, ValueEntry } from "./entries.ts";
import type { Key } from "./keys.ts";
import type { AsyncRangeIterable, KeyRange, RangeIterable } from "./range.ts";

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
 * The reads of a view that do not block. `T` is the type of values, `K` that of keys, and `P` that of bounds and
 * prefixes of ranges. All methods do what those of {@linkcode AsyncReader} do. A key or a value that a codec refuses
 * makes the call throw.
 *
 * @example
 * ```ts
 * import { type AsyncViewReader, jsonCodec, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const total = async (prices: AsyncViewReader<number>) =>
 *   (await prices.values().toArray()).reduce((sum, price) => sum + price, 0);
 * const prices = new MemoryStore().view({ prefix: "price/", value: jsonCodec<number>() });
 * await prices.put("tea", 3);
 * assert.equal(await total(prices), 3);
 * ```
 */
export interface AsyncViewReader<T, K = Key, P = K> {
  /** The value of `key`, or `undefined`. */
  get(key: K): Promise<T | undefined>;
  /** The value of `key` with its version and expiry, or `undefined`. */
  getEntry(key: K): Promise<ValueEntry<T> | undefined>;
  /** The values of several keys at one version, in the order of the keys. */
  getMany(keys: readonly K[], options?: LongOptions): Promise<(T | undefined)[]>;
  /** The values of several keys at one version, with their versions and expiries, in the order of the keys. */
  getEntries(keys: readonly K[], options?: LongOptions): Promise<(ValueEntry<T> | undefined)[]>;
  /** Whether `key` exists. */
  has(key: K): Promise<boolean>;
  /** Whether several keys exist, at one version, in their order. */
  hasMany(keys: readonly K[], options?: LongOptions): Promise<boolean[]>;
  /** Keys and values of a range. Without a key codec, keys must be UTF-8. */
  entries(range?: KeyRange<P>): AsyncRangeIterable<[ViewKey<K>, T], P>;
  /** The keys of a range. Without a key codec, they must be UTF-8. */
  keys(range?: KeyRange<P>): AsyncRangeIterable<ViewKey<K>, P>;
  /** The values of a range. */
  values(range?: KeyRange<P>): AsyncRangeIterable<T, P>;
  /** Keys and values of a range, with their versions and expiries. Without a key codec, keys must be UTF-8. */
  records(range?: KeyRange<P>): AsyncRangeIterable<StoreRecord<ViewKey<K>, T>, P>;
  /** The number of entries in a range. */
  count(range?: KeyRange<P>, options?: LongOptions): Promise<number>;
}

/**
 * The reads of a view: those of {@linkcode AsyncViewReader}, and their `Sync` forms.
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
export interface ViewReader<T, K = Key, P = K> extends AsyncViewReader<T, K, P> {
  /** As {@linkcode AsyncViewReader.get}. */
  getSync(key: K): T | undefined;
  /** As {@linkcode AsyncViewReader.getEntry}. */
  getEntrySync(key: K): ValueEntry<T> | undefined;
  /** As {@linkcode AsyncViewReader.getMany}. */
  getManySync(keys: readonly K[]): (T | undefined)[];
  /** As {@linkcode AsyncViewReader.getEntries}. */
  getEntriesSync(keys: readonly K[]): (ValueEntry<T> | undefined)[];
  /** As {@linkcode AsyncViewReader.has}. */
  hasSync(key: K): boolean;
  /** As {@linkcode AsyncViewReader.hasMany}. */
  hasManySync(keys: readonly K[]): boolean[];
  /** As {@linkcode AsyncViewReader.entries}. */
  entries(range?: KeyRange<P>): RangeIterable<[ViewKey<K>, T], P>;
  /** As {@linkcode AsyncViewReader.keys}. */
  keys(range?: KeyRange<P>): RangeIterable<ViewKey<K>, P>;
  /** As {@linkcode AsyncViewReader.values}. */
  values(range?: KeyRange<P>): RangeIterable<T, P>;
  /** As {@linkcode AsyncViewReader.records}. */
  records(range?: KeyRange<P>): RangeIterable<StoreRecord<ViewKey<K>, T>, P>;
  /** As {@linkcode AsyncViewReader.count}. */
  countSync(range?: KeyRange<P>): number;
}
