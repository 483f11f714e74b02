/**
 * The storage adapter.
 *
 * @module
 */

import type { AsyncStore } from "../../api/async_store.ts";
import { type AsyncTarget, LazyStore } from "../target.ts";

/** One entry of {@linkcode KeyvLuge.setMany}. */
interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly ttl?: number | undefined;
}

/**
 * Keeps the entries of a `Keyv`. keyv serializes the values and puts the namespace before the keys. Entries expire in
 * luge, too: nobody reads them after their time, and they free their space.
 *
 * A failed call rejects with the `StoreError` of luge; keyv then emits `error`. Without keyv's serialization, values
 * that are not strings are a `TypeError`.
 *
 * All methods are async functions: keyv 6 looks at that.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { KeyvLuge } from "@luge/luge/keyv";
 * import { createCache } from "cache-manager";
 * import Keyv from "keyv";
 *
 * const store = new MemoryStore(); // an open store stays open
 * const cache = createCache({ stores: [new Keyv({ store: new KeyvLuge(store.view({ prefix: "cache/" })) })] });
 * await cache.wrap("answer", async () => 42, { ttl: 1000 });
 * ```
 */
export class KeyvLuge {
  readonly #store: LazyStore;
  /**
   * keyv 5 reads it, and the suite writes to it. Only adapters of some dialects get an iterator from keyv 5, and it asks
   * for a `url`, too.
   */
  readonly opts: { dialect: string; url: string; [option: string]: unknown } = { dialect: "sqlite", url: "" };
  /**
   * What keyv 5 sets. Keys have it already; `clear` needs it. It is absent at first: otherwise keyv 6 would leave the
   * namespaces to the adapter.
   */
  declare namespace?: string | undefined;

  /**
   * `target` is the path of a directory, a URL, or a config of `open`. The store is opened at the first use, by default
   * with `syncWrites: false`, and `disconnect` closes it. Or it is an open store, or a part of one, which stays open.
   */
  constructor(target: AsyncTarget) {
    this.#store = new LazyStore(target);
  }

  /** The store of luge. */
  async store(): Promise<AsyncStore> {
    return await this.#store.use();
  }

  /** The serialized value of `key`, or `undefined`. */
  async get(key: string): Promise<string | undefined> {
    return textOf(await (await this.#store.use()).get(key));
  }

  /** The serialized values of several keys. */
  async getMany(keys: string[]): Promise<(string | undefined)[]> {
    return (await (await this.#store.use()).getMany(keys)).map(textOf);
  }

  /** Sets `key`. `ttl` is in milliseconds from now. A value without time left is removed. */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    await this.setMany([{ key, value, ttl }]);
    return true;
  }

  /** Sets several keys as one commit. */
  async setMany(entries: readonly Entry[]): Promise<boolean[]> {
    const operations = entries.map(({ key, value, ttl }) => {
      if (typeof value !== "string") {
        throw new TypeError(`Cannot store a ${typeof value}: expected a string, as keyv's serialization makes it`);
      }
      if (typeof ttl === "number" && ttl <= 0) return { type: "delete", key } as const;
      return { type: "put", key, value, ttl: ttl ?? undefined } as const;
    });
    await (await this.#store.use()).batch(operations);
    return entries.map(() => true);
  }

  /** Removes `key`. Returns whether it existed. */
  async delete(key: string): Promise<boolean> {
    return await (await this.#store.use()).delete(key);
  }

  /** Removes several keys as one commit. Returns whether one of them existed. */
  async deleteMany(keys: string[]): Promise<boolean> {
    const store = await this.#store.use();
    const found = store.hasMany(keys);
    const [isThere] = await Promise.all([found, store.batch(keys.map((key) => ({ type: "delete", key })))]);
    return isThere.includes(true);
  }

  /** Whether `key` exists. */
  async has(key: string): Promise<boolean> {
    return await (await this.#store.use()).has(key);
  }

  /** Whether several keys exist. */
  async hasMany(keys: string[]): Promise<boolean[]> {
    return await (await this.#store.use()).hasMany(keys);
  }

  /** Removes all entries; with a {@linkcode KeyvLuge.namespace}, its entries. */
  async clear(): Promise<void> {
    const { namespace } = this;
    await (await this.#store.use()).deleteRange(namespace ? { prefix: `${namespace}:` } : {});
  }

  /** Keys and serialized values, in the order of the keys; with a namespace, its entries. */
  async *iterator(namespace?: string): AsyncGenerator<[string, string], void> {
    const range = namespace ? { prefix: `${namespace}:` } : {};
    for await (const [key, value] of (await this.#store.use()).entries(range)) yield [key, decoder.decode(value)];
  }

  /** Makes everything durable. Closes the store if the adapter opened it. */
  async disconnect(): Promise<void> {
    await this.#store.close();
  }

  /** keyv listens to `error`. The adapter emits nothing: a call that fails rejects. */
  on(_event: string, _listener: (...values: never[]) => void): this {
    return this;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function textOf(value: Uint8Array | undefined): string | undefined {
  return value && decoder.decode(value);
}
