/**
 * The database.
 *
 * @module
 */

import {
  type AbstractBatchOperation,
  type AbstractBatchOptions,
  type AbstractChainedBatch,
  type AbstractDelOptions,
  type AbstractIteratorOptions,
  type AbstractKeyIteratorOptions,
  AbstractLevel,
  type AbstractOpenOptions,
  type AbstractPutOptions,
  type AbstractSnapshot,
  type AbstractValueIteratorOptions,
} from "abstract-level";
import { StoreError } from "../../../mod.ts";
import type { Reader } from "../../api/reader.ts";
import type { Store } from "../../api/store.ts";
import type { BatchOperation } from "../../api/writes.ts";
import { configOf, type Held, hold, isStore, type Target } from "../target.ts";
import { EntryIterator, KeyIterator, type Source, ValueIterator } from "./iterators.ts";
import { type Data, type Format, fromStoreValue, toStoreKey, toStoreValue } from "./keys.ts";
import type { LugeLevelOptions, SyncOptions } from "./options.ts";
import { type End, type Ends, toRange } from "./pages.ts";
import { LevelSnapshot } from "./snapshot.ts";

/** The features of luge, as Level lists them. */
const MANIFEST = {
  encodings: { utf8: true, view: true },
  permanence: true,
  seek: true,
  has: true,
  getSync: true,
  implicitSnapshots: true,
  explicitSnapshots: true,
  signals: { iterators: true },
  additionalMethods: { approximateSize: true },
};

/** The options of calls that take keys. */
type KeyOptions<K> = Pick<AbstractDelOptions<K>, "keyEncoding">;

/** What Level passes to private calls, as far as luge uses it. */
interface ReadOptions {
  readonly keyEncoding: Format;
  readonly valueEncoding: Format;
  readonly snapshot?: AbstractSnapshot | undefined;
}

interface RangeOptions extends ReadOptions {
  readonly gt?: Data;
  readonly gte?: Data;
  readonly lt?: Data;
  readonly lte?: Data;
  readonly reverse: boolean;
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

interface Operation {
  readonly type: "put" | "del";
  readonly key: Data;
  readonly value: Data;
}

/**
 * A database of Level on a store of luge. It has everything that abstract-level 3 describes: encodings, sublevels,
 * hooks, events, iterators with `seek`, and snapshots. A write is acknowledged before the disk is synced, unless its
 * options have `sync: true`.
 *
 * The differences to `classic-level`: a key has at most 65,000 bytes and a value 64 MiB, and there is no
 * `compactRange` or `getProperty`. {@linkcode LugeLevel.store} has `compact` and `metrics`.
 *
 * An operation that fails rejects with the `StoreError` of luge. If the store cannot be opened, `open` rejects with
 * `LEVEL_DATABASE_NOT_OPEN`. Its `cause` has the code `LEVEL_LOCKED` if another store has the directory open.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { LugeLevel } from "@luge/luge/level";
 * import assert from "node:assert/strict";
 *
 * const db = new LugeLevel(new MemoryStore());
 * const users = db.sublevel<string, { name: string }>("users", { valueEncoding: "json" });
 * await users.put("1", { name: "Ada" });
 * await db.batch([{ type: "put", key: "count", value: "1" }], { sync: true });
 * assert.deepEqual(await db.keys().all(), ["!users!1", "count"]);
 * ```
 */
export class LugeLevel<K = string, V = string> extends AbstractLevel<string | Uint8Array, K, V> {
  readonly #location: Target;
  #held: Held<Store> | undefined;

  /**
   * `location` is the path of a directory, a `file:` URL, or the config of `open`. The database opens and closes the
   * store there. Or it is an open store, or a part of one, `store.view({ prefix })`. The database leaves that open.
   */
  constructor(location: Target, options?: LugeLevelOptions<K, V>) {
    if (!location || !["string", "object"].includes(typeof location)) {
      throw new TypeError(`Cannot open ${String(location)}: expected a path, a URL, a config or an open store`);
    }
    const isOpenStore = isStore(location);
    super({ ...MANIFEST, createIfMissing: !isOpenStore, errorIfExists: !isOpenStore }, options);
    this.#location = location;
  }

  /** What the constructor got. */
  get location(): Target {
    return this.#location;
  }

  /** The store of luge. Throws `STORE_CLOSED` while the database is not open. */
  get store(): Store {
    if (this.#held) return this.#held.store;
    throw new StoreError("STORE_CLOSED", "Cannot use the store: the database is not open");
  }

  override put(key: K, value: V): Promise<void>;
  override put<L = K, W = V>(key: L, value: W, options: AbstractPutOptions<L, W> & SyncOptions): Promise<void>;
  override put(key: K, value: V, options?: object): Promise<void> {
    return super.put(key, value, options as AbstractPutOptions<K, V>);
  }

  override del(key: K): Promise<void>;
  override del<L = K>(key: L, options: AbstractDelOptions<L> & SyncOptions): Promise<void>;
  override del(key: K, options?: object): Promise<void> {
    return super.del(key, options as AbstractDelOptions<K>);
  }

  override batch(operations: Array<AbstractBatchOperation<typeof this, K, V>>): Promise<void>;
  override batch<L = K, W = V>(
    operations: Array<AbstractBatchOperation<typeof this, L, W>>,
    options: AbstractBatchOptions<L, W> & SyncOptions,
  ): Promise<void>;
  override batch(): AbstractChainedBatch<typeof this, K, V>;
  override batch(...given: unknown[]): never {
    // Without arguments it is a chained batch, so the number of arguments counts.
    return Reflect.apply(super.batch, this, given) as never;
  }

  /**
   * About how many bytes of files the entries from `start` up to `end` take, as `classic-level` has it: see
   * {@linkcode Store.approximateSize}. For a sublevel pass the keys with its prefix.
   */
  approximateSize(start: K, end: K): Promise<number>;
  /** The same, with keys in an encoding. */
  approximateSize<L = K>(start: L, end: L, options: KeyOptions<L>): Promise<number>;
  async approximateSize(start: K, end: K, options?: KeyOptions<K>): Promise<number> {
    if (this.status === "opening") return this.deferAsync(() => this.approximateSize(start, end, { ...options }));
    if (this.status !== "open") {
      throw Object.assign(new Error("Database is not open"), { code: "LEVEL_DATABASE_NOT_OPEN" });
    }
    const encoding: { encode(key: K): unknown } = this.keyEncoding(options?.keyEncoding as never);
    const [gte, lt] = [start, end].map((key) => {
      if (key !== undefined && key !== null) return toStoreKey(encoding.encode(key) as Data);
      throw Object.assign(new Error("Key cannot be null or undefined"), { code: "LEVEL_INVALID_KEY" });
    });
    return await this.store.approximateSize({ gte, lt });
  }

  async _open({ createIfMissing, errorIfExists }: AbstractOpenOptions): Promise<void> {
    const location = this.#location;
    try {
      this.#held = await hold(isStore(location) ? location : { ...configOf(location), createIfMissing, errorIfExists });
    } catch (cause) {
      if (!(cause instanceof StoreError) || cause.code !== "STORE_LOCKED") throw cause;
      throw Object.assign(new Error(cause.message, { cause }), { code: "LEVEL_LOCKED" });
    }
  }

  async _close(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.release();
  }

  async _get(key: Data, { valueEncoding, snapshot }: ReadOptions): Promise<Data | undefined> {
    const value = await this.#at(snapshot).get(toStoreKey(key));
    return value && fromStoreValue(value, valueEncoding);
  }

  _getSync(key: Data, { valueEncoding, snapshot }: ReadOptions): Data | undefined {
    const value = this.#at(snapshot).getSync(toStoreKey(key));
    return value && fromStoreValue(value, valueEncoding);
  }

  async _getMany(keys: readonly Data[], { valueEncoding, snapshot }: ReadOptions): Promise<(Data | undefined)[]> {
    const values = await this.#at(snapshot).getMany(keys.map(toStoreKey));
    return valueEncoding === "view" ? values : values.map((value) => value && fromStoreValue(value, valueEncoding));
  }

  _has(key: Data, { snapshot }: ReadOptions): Promise<boolean> {
    return this.#at(snapshot).has(toStoreKey(key));
  }

  _hasMany(keys: readonly Data[], { snapshot }: ReadOptions): Promise<boolean[]> {
    return this.#at(snapshot).hasMany(keys.map(toStoreKey));
  }

  _put(key: Data, value: Data, { sync }: SyncOptions): Promise<void> {
    return this.store.put(toStoreKey(key), toStoreValue(value), { durable: sync === true });
  }

  async _del(key: Data, { sync }: SyncOptions): Promise<void> {
    await this.store.batch([{ type: "delete", key: toStoreKey(key) }], { durable: sync === true });
  }

  _batch(operations: readonly Operation[], { sync }: SyncOptions): Promise<void> {
    return this.store.batch(operations.map(toStoreOperation), { durable: sync === true });
  }

  async _clear(options: RangeOptions): Promise<void> {
    const { snapshot } = options;
    await this.store.deleteRange({
      ...toRange(endsOf(options)),
      ...(options.limit < 0 ? {} : { limit: options.limit }),
      ...(snapshot ? { snapshot: this.#known(snapshot).reader } : {}),
    });
  }

  _iterator(options: AbstractIteratorOptions<K, V>): EntryIterator<this, K, V> {
    return new EntryIterator(this, options, this.#source(options as object as RangeOptions));
  }

  _keys(options: AbstractKeyIteratorOptions<K>): KeyIterator<this, K> {
    return new KeyIterator(this, options, this.#source(options as object as RangeOptions));
  }

  _values(options: AbstractValueIteratorOptions<K, V>): ValueIterator<this, K, V> {
    return new ValueIterator(this, options, this.#source(options as object as RangeOptions));
  }

  _snapshot(options: object): LevelSnapshot {
    return new LevelSnapshot(this.store, options);
  }

  /** What an iterator reads: the state of now, or of an explicit snapshot. The limit stays with Level. */
  #source(options: RangeOptions): Source {
    const { keyEncoding, valueEncoding, signal } = options;
    const explicit = options.snapshot && this.#known(options.snapshot);
    const reader = explicit?.reader ?? this.store.snapshot();
    const release = explicit ? () => {} : () => reader.dispose();
    return { reader, ends: endsOf(options), signal, keyEncoding, valueEncoding, release };
  }

  #at(snapshot: AbstractSnapshot | undefined): Reader {
    return snapshot ? this.#known(snapshot).reader : this.store;
  }

  #known(snapshot: AbstractSnapshot): LevelSnapshot {
    if (snapshot instanceof LevelSnapshot && snapshot.store === this.store) return snapshot;
    throw new TypeError("Wrong option 'snapshot': expected one of this database");
  }
}

/** As in other databases of Level, `gte` counts if there is a `gt`, too. */
function endsOf({ gt, gte, lt, lte, reverse }: RangeOptions): Ends {
  return { lower: endOf(gte, gt), upper: endOf(lte, lt), reverse };
}

function endOf(included: Data | undefined, excluded: Data | undefined): End | undefined {
  if (included !== undefined) return { key: toStoreKey(included), isIncluded: true };
  return excluded === undefined ? undefined : { key: toStoreKey(excluded), isIncluded: false };
}

function toStoreOperation({ type, key, value }: Operation): BatchOperation {
  return type === "del"
    ? { type: "delete", key: toStoreKey(key) }
    : { type: "put", key: toStoreKey(key), value: toStoreValue(value) };
}
