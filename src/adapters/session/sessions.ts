/**
 * Sessions in a store: JSON that expires.
 *
 * @module
 */

import type { AsyncStore } from "../../api/async_store.ts";
import { classOf } from "../realm.ts";
import { type AsyncTarget, LazyStore } from "../target.ts";

/**
 * Options of a store of sessions.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { honoStore, type SessionOptions } from "@luge/luge/session";
 *
 * const options: SessionOptions = { ttl: 7 * 86_400_000 };
 * honoStore(new MemoryStore(), options);
 * ```
 */
export interface SessionOptions {
  /**
   * How long a session lives that does not say when it expires, such as one whose cookie ends with the browser: in
   * milliseconds, or `Infinity`. Default: one day.
   */
  readonly ttl?: number | undefined;
}

const ONE_DAY_MS = 86_400_000;
/** The longest `ttl` that luge takes. */
const LONGEST_MS = 2 ** 52;

const decoder = new TextDecoder();

/** The sessions of one store, by their ids. */
export class Sessions<T> {
  readonly #store: LazyStore;
  readonly #ttl: number;

  constructor(target: AsyncTarget, { ttl = ONE_DAY_MS }: SessionOptions = {}) {
    if (!(typeof ttl === "number" && ttl > 0)) {
      throw new RangeError(`Wrong option 'ttl': expected milliseconds above 0, or Infinity, got ${String(ttl)}`);
    }
    this.#store = new LazyStore(target);
    this.#ttl = ttl;
  }

  /** The open store. */
  store(): Promise<AsyncStore> {
    return this.#store.use();
  }

  async get(id: string): Promise<T | undefined> {
    const value = await (await this.store()).get(id);
    return value && parse<T>(value);
  }

  /** All sessions, with their ids. */
  async all(): Promise<[id: string, session: T][]> {
    const entries = (await this.store()).entries();
    return await entries.map(([id, value]): [string, T] => [id, parse<T>(value)]).toArray();
  }

  /** Sets a session that expires at a time; one that has expired is removed. */
  async set(id: string, session: T, expires: unknown): Promise<void> {
    const ttl = this.#ttlUntil(expires);
    const store = await this.store();
    if (ttl > 0) await store.put(id, JSON.stringify(session), { ttl });
    else await store.delete(id);
  }

  /** Changes a session and its expiry in one step, if it is there. */
  async change(id: string, expires: unknown, change: (session: T) => T): Promise<void> {
    const ttl = this.#ttlUntil(expires);
    const store = await this.store();
    if (ttl <= 0) await store.delete(id);
    else await store.update(id, (value) => value && JSON.stringify(change(parse<T>(value))), { ttl });
  }

  async delete(id: string): Promise<void> {
    await (await this.store()).delete(id);
  }

  async count(): Promise<number> {
    return await (await this.store()).count();
  }

  async clear(): Promise<void> {
    await (await this.store()).deleteRange({});
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** The milliseconds from now until a time: a `Date`, its text, or none. */
  #ttlUntil(expires: unknown): number {
    const time =
      classOf(expires) === "Date" || typeof expires === "string" ? Number(new Date(expires as Date)) : Number.NaN;
    return Number.isNaN(time) ? this.#ttl : Math.min(time - Date.now(), LONGEST_MS);
  }
}

function parse<T>(value: Uint8Array): T {
  return JSON.parse(decoder.decode(value)) as T;
}
