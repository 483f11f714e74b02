/**
 * The types of the driver. They fit those of unstorage 1 and 2.
 *
 * @module
 */

import type { AsyncStore } from "../../api/async_store.ts";
import type { SledStoreConfig } from "../../api/config.ts";

/**
 * Options of {@linkcode lugeDriver}: those of `open`, or an open store, and some of unstorage.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { type LugeDriverOptions, lugeDriver } from "@luge/luge/unstorage";
 * import { createStorage } from "unstorage";
 *
 * const store = new MemoryStore();
 * const options: LugeDriverOptions = { store: store.view({ prefix: "kv/" }), ttl: 3600 };
 * await createStorage({ driver: lugeDriver(options) }).setItem("a", 1);
 * ```
 */
export interface LugeDriverOptions extends Partial<SledStoreConfig> {
  /** The path of the directory, as other drivers name it. The same as `path`. */
  readonly base?: string | undefined;
  /** An open store, or a part of one, instead of a path. The driver leaves it open. */
  readonly store?: AsyncStore | undefined;
  /** How long items live that are set without a `ttl` of their own, in seconds. Default: for ever. */
  readonly ttl?: number | undefined;
  /** The name of the driver, which Nitro passes on. It has no effect. */
  readonly driver?: string | undefined;
}

/** Options of a call. */
export interface CallOptions {
  /** In seconds. */
  readonly ttl?: number | undefined;
  readonly [option: string]: unknown;
}

/** An item of a call for several ones. */
export interface Item {
  readonly key: string;
  readonly value: string;
  readonly options?: CallOptions | undefined;
}

/**
 * A driver of unstorage.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { type LugeDriver, lugeDriver } from "@luge/luge/unstorage";
 * import assert from "node:assert/strict";
 *
 * const driver: LugeDriver = lugeDriver(new MemoryStore());
 * await driver.setItem("a", "1");
 * const store = await driver.getInstance();
 * assert.deepEqual(await store.keys().toArray(), ["a"]);
 * ```
 */
export interface LugeDriver {
  readonly name: string;
  readonly flags: { readonly ttl: boolean };
  readonly options: LugeDriverOptions;
  /** The store of luge. */
  getInstance(): Promise<AsyncStore>;
  hasItem(key: string): Promise<boolean>;
  getItem(key: string): Promise<string | null>;
  getItems(items: readonly { readonly key: string }[]): Promise<{ key: string; value: string | null }[]>;
  /** The bytes of the item. */
  getItemRaw(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
  setItem(key: string, value: string, options?: CallOptions): Promise<void>;
  /** Sets several items as one commit. */
  setItems(items: readonly Item[], options?: CallOptions): Promise<void>;
  /** Sets an item to a string, bytes, a `Blob` or a stream of bytes. */
  setItemRaw(key: string, value: unknown, options?: CallOptions): Promise<void>;
  removeItem(key: string): Promise<void>;
  /** The size in bytes, the version, and, if the item expires, its `ttl` in seconds. luge keeps no `mtime`. */
  getMeta(key: string): Promise<{ size: number; version: number; ttl?: number } | null>;
  getKeys(base?: string): Promise<string[]>;
  clear(base?: string): Promise<void>;
  /** Ends watches, and closes the store if the driver opened it. */
  dispose(): Promise<void>;
  /** Calls back for each change, also for those that others make in the same store. Expiry is not a change. */
  watch(callback: (event: "update" | "remove", key: string) => unknown): Promise<() => Promise<void>>;
}
