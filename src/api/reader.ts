/**
 * Reads of a store, of a snapshot and in a transaction.
 *
 * @module
 */

import type { LongOptions, StoreRecord, ValueEntry } from "./entries.ts";
import type { Key, KeyEncoding, KeyIn } from "./keys.ts";
import type { AsyncRangeIterable, KeyRange, RangeIterable } from "./range.ts";
import type { AsyncViewReader, ViewReader } from "./view_reader.ts";

/**
 * A range of a store that is read.
 *
 * @example
 * ```ts
 * import { MemoryStore, type Snapshot, type SnapshotRange } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("a", "1");
 * using snapshot: Snapshot = store.snapshot();
 * await store.delete("a");
 * const range: SnapshotRange = { prefix: "a", snapshot };
 * assert.deepEqual([store.countSync(range), store.countSync({ prefix: "a" })], [1, 0]);
 * ```
 */
export interface SnapshotRange<S extends AsyncSnapshot = Snapshot> extends KeyRange {
  /**
   * Reads the range as this snapshot of the store has it. The snapshot must be open when the iterator begins. Default:
   * the newest version at that moment.
   */
  readonly snapshot?: S | undefined;
}

/**
 * A range to read, and the encoding of its keys.
 *
 * @example
 * ```ts
 * import { type KeyEncoding, type KeyIn, MemoryStore, type RangeIterable, type ReadRange } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put(Uint8Array.of(1, 255), "");
 * const encoding: KeyEncoding = "bytes";
 * const range: ReadRange<typeof encoding> = { keyEncoding: encoding };
 * const keys: RangeIterable<KeyIn<"bytes">> = store.keys(range);
 * assert.deepEqual([...keys], [Uint8Array.of(1, 255)]);
 * for await (const key of keys) assert.equal(key.length, 2);
 * ```
 */
export interface ReadRange<E extends KeyEncoding = "utf8", S extends AsyncSnapshot = Snapshot>
  extends SnapshotRange<S> {
  /**
   * `"utf8"`, the default: keys are strings, and a key that is not UTF-8 is a `TypeError`. `"bytes"`: `Uint8Array`s.
   */
  readonly keyEncoding?: E | undefined;
}

/**
 * Reads that return promises. They do not block, except for what a store on a disk reads from it. No read finds an
 * expired value.
 *
 * @example
 * ```ts
 * import { type AsyncReader, type AsyncStore, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const size = async (reader: AsyncReader) => (await reader.values().toArray()).reduce((sum, { length }) => sum + length, 0);
 * const store: AsyncStore = new MemoryStore();
 * await store.put("a", "12");
 * assert.equal(await size(store), 2);
 * assert.equal(await store.transaction(size), 2);
 * ```
 */
export interface AsyncReader {
  /**
   * The value of `key`, or `undefined`. The caller owns the buffer. With `shareBuffers` values up to 1 KiB may share
   * buffers. Like all awaited reads it blocks the event loop while it reads data from the disk that is in no cache.
   */
  get(key: Key): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The value of `key` with its version and expiry, or `undefined`. */
  getEntry(key: Key): Promise<ValueEntry | undefined>;
  /** The values of several keys at one version, in their order. */
  getMany(keys: readonly Key[], options?: LongOptions): Promise<(Uint8Array<ArrayBuffer> | undefined)[]>;
  /** The values of several keys at one version, with their versions and expiries, in the order of the keys. */
  getEntries(keys: readonly Key[], options?: LongOptions): Promise<(ValueEntry | undefined)[]>;
  /** Whether `key` exists. */
  has(key: Key): Promise<boolean>;
  /** Whether several keys exist, at one version, in their order. */
  hasMany(keys: readonly Key[], options?: LongOptions): Promise<boolean[]>;
  /** Keys and values of a range. */
  entries<E extends KeyEncoding = "utf8">(
    range?: ReadRange<E, AsyncSnapshot>,
  ): AsyncRangeIterable<[KeyIn<E>, Uint8Array<ArrayBuffer>]>;
  /** The keys of a range; values are not read. */
  keys<E extends KeyEncoding = "utf8">(range?: ReadRange<E, AsyncSnapshot>): AsyncRangeIterable<KeyIn<E>>;
  /** The values of a range. */
  values(range?: SnapshotRange<AsyncSnapshot>): AsyncRangeIterable<Uint8Array<ArrayBuffer>>;
  /** Keys and values of a range, with their versions and expiries. */
  records<E extends KeyEncoding = "utf8">(
    range?: ReadRange<E, AsyncSnapshot>,
  ): AsyncRangeIterable<StoreRecord<KeyIn<E>>>;
  /** How many entries a range has. */
  count(range?: SnapshotRange<AsyncSnapshot>, options?: LongOptions): Promise<number>;
  /**
   * All entries whose keys start with `prefix` (`""` for all), in the byte order of their keys. Throws `TypeError` when
   * one of the keys is not UTF-8. The whole result is in memory: use {@linkcode AsyncReader.entries} for many entries.
   */
  scan(prefix: Key, options?: LongOptions): Promise<Map<string, Uint8Array<ArrayBuffer>>>;
}

/**
 * Reads. The plain forms are those of {@linkcode AsyncReader}. They let the event loop turn during long reads, and
 * every few milliseconds when you await them one after the other. The `Sync` forms return the result. Both forms block
 * while they read data from the disk that is in no cache.
 *
 * @example
 * ```ts
 * import { MemoryStore, type Reader } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const sum = (reader: Reader) => [...reader.values()].reduce((total, [first = 0]) => total + first, 0);
 * const store = new MemoryStore();
 * await store.put("a", Uint8Array.of(3));
 * await store.put("b", Uint8Array.of(4));
 * using snapshot = store.snapshot();
 * assert.equal(sum(store), 7);
 * assert.equal(sum(snapshot), 7);
 * assert.equal(await store.transaction(sum), 7);
 * ```
 */
export interface Reader extends AsyncReader {
  /** As {@linkcode AsyncReader.get}. */
  getSync(key: Key): Uint8Array<ArrayBuffer> | undefined;
  /** As {@linkcode AsyncReader.getEntry}. */
  getEntrySync(key: Key): ValueEntry | undefined;
  /** As {@linkcode AsyncReader.getMany}. */
  getManySync(keys: readonly Key[]): (Uint8Array<ArrayBuffer> | undefined)[];
  /** As {@linkcode AsyncReader.getEntries}. */
  getEntriesSync(keys: readonly Key[]): (ValueEntry | undefined)[];
  /** As {@linkcode AsyncReader.has}. */
  hasSync(key: Key): boolean;
  /** As {@linkcode AsyncReader.hasMany}. */
  hasManySync(keys: readonly Key[]): boolean[];
  /** As {@linkcode AsyncReader.entries}. */
  entries<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<[KeyIn<E>, Uint8Array<ArrayBuffer>]>;
  /** As {@linkcode AsyncReader.keys}. */
  keys<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<KeyIn<E>>;
  /** As {@linkcode AsyncReader.values}. */
  values(range?: SnapshotRange): RangeIterable<Uint8Array<ArrayBuffer>>;
  /** As {@linkcode AsyncReader.records}. */
  records<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<StoreRecord<KeyIn<E>>>;
  /** As {@linkcode AsyncReader.count}. */
  countSync(range?: SnapshotRange): number;
  /** As {@linkcode AsyncReader.scan}. */
  scanSync(prefix: Key): Map<string, Uint8Array<ArrayBuffer>>;
}

/**
 * A store as it was at one version. The store keeps every version that an open snapshot can see, so dispose of it. A
 * snapshot is stored nowhere: `close()` of the store ends it. After that, and after `dispose()`, reads throw
 * `STORE_CLOSED`.
 *
 * @example
 * ```ts
 * import { type AsyncSnapshot, type AsyncStore, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store: AsyncStore = new MemoryStore();
 * await store.put("key", "before");
 * {
 *   using snapshot: AsyncSnapshot = store.snapshot();
 *   await store.put("key", "after");
 *   assert.equal(new TextDecoder().decode(await snapshot.get("key")), "before");
 * }
 * ```
 */
export interface AsyncSnapshot extends AsyncReader, Disposable {
  /**
   * The version that it reads. In a store of another process or of a server it is known after the first read; before
   * that, it throws.
   */
  readonly version: number;
  /** What a typed view of the same store shows of this snapshot. */
  view<T, K, P>(view: AsyncViewReader<T, K, P>): AsyncViewReader<T, K, P>;
  /** Releases the snapshot. You may call it twice. Iterators that have begun continue. */
  dispose(): void;
}

/**
 * As {@linkcode AsyncSnapshot}. Reads from a snapshot cost nothing extra. `metrics()` shows forgotten snapshots as
 * `openSnapshots` and `oldestSnapshotMs`, until the garbage collector finds them.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("key", "before");
 * {
 *   using snapshot = store.snapshot();
 *   await store.put("key", "after");
 *   assert.equal(new TextDecoder().decode(snapshot.getSync("key")), "before");
 * }
 * ```
 */
export interface Snapshot extends Reader, AsyncSnapshot {
  /** As {@linkcode AsyncReader.entries}. */
  entries<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<[KeyIn<E>, Uint8Array<ArrayBuffer>]>;
  /** As {@linkcode AsyncReader.keys}. */
  keys<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<KeyIn<E>>;
  /** As {@linkcode AsyncReader.values}. */
  values(range?: SnapshotRange): RangeIterable<Uint8Array<ArrayBuffer>>;
  /** As {@linkcode AsyncReader.records}. */
  records<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<StoreRecord<KeyIn<E>>>;

  /** As {@linkcode AsyncSnapshot.view}. */
  view<T, K, P>(view: ViewReader<T, K, P>): ViewReader<T, K, P>;
}
