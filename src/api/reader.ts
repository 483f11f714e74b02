/**
 * What can be read, of a store, of a snapshot and in a transaction.
 *
 * @module
 */

import type { Key, KeyEncoding, KeyIn } from "./keys.ts";
import type { KeyRange, RangeIterable } from "./range.ts";

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
export interface SnapshotRange extends KeyRange {
  /** As this snapshot of the store has it, which must be open when the walk begins. Default: as it is then. */
  readonly snapshot?: Snapshot;
}

/**
 * A range that is read, and how its keys come.
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
export interface ReadRange<E extends KeyEncoding = "utf8"> extends SnapshotRange {
  /** `"utf8"`, the default: keys are strings, and one that is not UTF-8 is a `TypeError`. `"bytes"`: `Uint8Array`s. */
  readonly keyEncoding?: E;
}

/**
 * A value with what the store knows of it.
 *
 * @example
 * ```ts
 * import { MemoryStore, type ValueEntry } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("key", "value", { ttl: 1000 });
 * const entry: ValueEntry | undefined = await store.getEntry("key");
 * assert.equal(entry?.version, store.version);
 * assert.ok((entry?.expiresAt ?? 0) > Date.now());
 * ```
 */
export interface ValueEntry {
  /** In bytes that the caller owns: see {@linkcode Reader.get}. */
  readonly value: Uint8Array;
  /** The commit that wrote it. */
  readonly version: number;
  /** When it expires, in milliseconds since 1970; absent for never. */
  readonly expiresAt?: number;
}

/**
 * What a call that may take long takes.
 *
 * @example
 * ```ts
 * import { type LongOptions, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const options: LongOptions = { signal: AbortSignal.abort(new Error("enough")) };
 * await assert.rejects(new MemoryStore().count({}, options), /enough/);
 * ```
 */
export interface LongOptions {
  /** Stops the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Reads. The plain forms return promises and let the event loop turn where they read many entries, and now and then where they are awaited
 * one after the other; the `Sync` forms return the result. Both block while they read from the disk what no cache has. An expired value is not there from its time on, in every read.
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
export interface Reader {
  /**
   * The value of `key`, in a buffer of its own, which the caller owns, or `undefined`. With `shareBuffers` values up to 1 KiB may
   * share buffers. As all awaited reads it blocks the event loop while it reads what no cache has from the disk.
   */
  get(key: Key): Promise<Uint8Array | undefined>;
  /** As {@linkcode Reader.get}. */
  getSync(key: Key): Uint8Array | undefined;

  /** The value of `key` with its version and expiry, or `undefined`. */
  getEntry(key: Key): Promise<ValueEntry | undefined>;
  /** As {@linkcode Reader.getEntry}. */
  getEntrySync(key: Key): ValueEntry | undefined;

  /** The values of several keys at one version, in their order. */
  getMany(keys: readonly Key[], options?: LongOptions): Promise<(Uint8Array | undefined)[]>;
  /** As {@linkcode Reader.getMany}. */
  getManySync(keys: readonly Key[]): (Uint8Array | undefined)[];

  /** Whether `key` is there. */
  has(key: Key): Promise<boolean>;
  /** As {@linkcode Reader.has}. */
  hasSync(key: Key): boolean;

  /** Keys and values of a range. */
  entries<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<[KeyIn<E>, Uint8Array]>;
  /** The keys of a range; values are not read. */
  keys<E extends KeyEncoding = "utf8">(range?: ReadRange<E>): RangeIterable<KeyIn<E>>;
  /** The values of a range. */
  values(range?: SnapshotRange): RangeIterable<Uint8Array>;

  /** How many entries a range has. */
  count(range?: SnapshotRange, options?: LongOptions): Promise<number>;
  /** As {@linkcode Reader.count}. */
  countSync(range?: SnapshotRange): number;

  /**
   * All entries whose keys start with `prefix` (`""` for all), in the byte order of their keys. Throws `TypeError` when
   * one of the keys is not UTF-8. The result is held in memory whole: {@linkcode Reader.entries} is for many.
   */
  scan(prefix: Key, options?: LongOptions): Promise<Map<string, Uint8Array>>;
  /** As {@linkcode Reader.scan}. */
  scanSync(prefix: Key): Map<string, Uint8Array>;
}

/**
 * A store as it was at one version. Open snapshots cost nothing to read from, but keep old versions from being given back:
 * dispose of it. One that is forgotten shows in `metrics()` as `openSnapshots` and `oldestSnapshotMs` until the garbage collector finds it. Not part of what is
 * kept on disk: closing the store ends it. After either, reads throw `STORE_CLOSED`.
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
export interface Snapshot extends Reader, Disposable {
  /** The newest commit that it sees. */
  readonly version: number;
  /** Lets go of it; idempotent. Walks that have begun go on. */
  dispose(): void;
}
