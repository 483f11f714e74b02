/**
 * Typed views of a part of a store.
 *
 * @module
 */

import type { Key } from "./keys.ts";
import type { KeyRange, RangeIterable } from "./range.ts";
import type { LongOptions } from "./reader.ts";
import type { PutOptions } from "./writes.ts";

/**
 * Turns values into bytes and back. If a codec throws, the call throws that error.
 *
 * @example
 * ```ts
 * import { type Codec, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const dates: Codec<Date> = {
 *   encode: (date) => date.toISOString(),
 *   decode: (bytes) => new Date(new TextDecoder().decode(bytes)),
 * };
 * const births = new MemoryStore().view({ prefix: "born/", codec: dates });
 * await births.put("ada", new Date("1815-12-10"));
 * assert.equal((await births.get("ada"))?.getFullYear(), 1815);
 * ```
 */
export interface Codec<T> {
  /** The bytes of a value; a string stands for its UTF-8 bytes. */
  encode(value: T): Uint8Array | string;
  /** The value of bytes that `encode` made. The codec may keep the bytes. */
  decode(bytes: Uint8Array): T;
}

/** Options of a view. */
export interface ViewOptions<T> {
  /** Only keys that start with this. The keys of the view do not have it. */
  readonly prefix: Key;
  /** How values are encoded. */
  readonly codec: Codec<T>;
}

/**
 * One operation of a batch of a view.
 *
 * @example
 * ```ts
 * import { MemoryStore, utf8Codec, type View, type ViewOperation, type ViewOptions } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const options: ViewOptions<string> = { prefix: "notes/", codec: utf8Codec };
 * const notes: View<string> = new MemoryStore().view(options);
 * const operations: ViewOperation<string>[] = [
 *   { type: "put", key: "today", value: "bread" },
 *   { type: "delete", key: "yesterday" },
 * ];
 * await notes.batch(operations);
 * assert.deepEqual([...notes.entries()], [["today", "bread"]]);
 * ```
 */
export type ViewOperation<T> =
  | { readonly type: "put"; readonly key: Key; readonly value: T; readonly ttl?: number }
  | { readonly type: "delete"; readonly key: Key };

/**
 * A part of a store: the keys that start with a prefix, without that prefix, with values of a codec. Order, durability
 * and errors are those of the store. Prefix and key together have at most 65,000 bytes. A view cannot read or write
 * keys outside its prefix.
 *
 * @example
 * ```ts
 * import { jsonCodec, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * const users = store.view({ prefix: "users/", codec: jsonCodec<{ email: string }>() });
 * await users.put("alice", { email: "alice@example.org" });
 * assert.deepEqual(await users.get("alice"), { email: "alice@example.org" });
 * assert.deepEqual([...store.keys()], ["users/alice"]);
 * ```
 */
export interface View<T> {
  /** The value of `key`, or `undefined`. */
  get(key: Key): Promise<T | undefined>;
  /** As {@linkcode View.get}. */
  getSync(key: Key): T | undefined;
  /** The values of several keys at one version, in their order. */
  getMany(keys: readonly Key[]): Promise<(T | undefined)[]>;
  /** Whether `key` is there. */
  has(key: Key): Promise<boolean>;
  /** As {@linkcode View.has}. */
  hasSync(key: Key): boolean;
  /** Sets `key` to `value`. */
  put(key: Key, value: T, options?: PutOptions): Promise<void>;
  /** As {@linkcode View.put}. */
  putSync(key: Key, value: T, options?: PutOptions): void;
  /** Removes `key`. */
  delete(key: Key): Promise<void>;
  /** As {@linkcode View.delete}. */
  deleteSync(key: Key): void;
  /** All or none of the operations. */
  batch(operations: readonly ViewOperation<T>[]): Promise<void>;
  /** Keys, which must be UTF-8, and values of a range. */
  entries(range?: KeyRange): RangeIterable<[string, T]>;
  /** The keys of a range, which must be UTF-8. */
  keys(range?: KeyRange): RangeIterable<string>;
  /** The values of a range. */
  values(range?: KeyRange): RangeIterable<T>;
  /** How many entries a range has. */
  count(range?: KeyRange, options?: LongOptions): Promise<number>;
  /** Removes the entries of a range; returns how many there were. */
  deleteRange(range: KeyRange, options?: LongOptions): Promise<number>;
  /** A part of this part. */
  view<U>(options: ViewOptions<U>): View<U>;
}
