/**
 * The entries of a range of a store over a server, as an iterable and as a cursor.
 *
 * @module
 */

import type { Key, KeyEncoding } from "../api/keys.ts";
import type { AsyncRangeCursor, AsyncRangeIterable } from "../api/range.ts";
import { LARGEST_PAGE_BYTES } from "../byte_range.ts";
import { StoreError } from "../errors.ts";
import { checkInteger } from "../options.ts";
import type { Stage } from "../store/stages.ts";
import { ServerWalk, type Walked } from "./server_walk.ts";

/** More entries than a store can have. */
const MOST_ENTRIES = 0xffffffff;

/** The entries of a range. `bound` returns the bytes of a key to seek. */
export class ServerEntries<E extends KeyEncoding, T, P = Key> implements AsyncRangeIterable<T, P> {
  readonly #walked: Walked<E>;
  readonly #bound: (key: P) => Uint8Array;
  readonly #stages: readonly Stage[];

  constructor(walked: Walked<E>, bound: (key: P) => Uint8Array, stages: readonly Stage[] = []) {
    this.#walked = walked;
    this.#bound = bound;
    this.#stages = stages;
  }

  [Symbol.iterator](): never {
    throw noSync("iterate");
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return new ServerWalk<E, T>(this.#walked, this.#stages);
  }

  map<U>(change: (entry: T) => U): ServerEntries<E, U, P> {
    return this.#with({ map: change as (entry: unknown) => unknown });
  }

  filter(isWanted: (entry: T) => boolean): ServerEntries<E, T, P> {
    return this.#with({ filter: isWanted as (entry: unknown) => boolean });
  }

  take(count: number): ServerEntries<E, T, P> {
    checkInteger("count", count, 0, MOST_ENTRIES);
    return this.#with({ take: count });
  }

  async toArray(): Promise<T[]> {
    const { range } = this.#walked;
    // With a size, the pages are as large as they may be.
    const whole = { ...this.#walked, range: { ...range, pageBytes: LARGEST_PAGE_BYTES } };
    const walk = new ServerWalk<E, T>(whole, this.#stages);
    const entries = await walk.nextMany(MOST_ENTRIES);
    await walk.return();
    return entries;
  }

  toArraySync(): never {
    throw noSync("call toArraySync");
  }

  cursor(): ServerCursor<E, T, P> {
    return new ServerCursor<E, T, P>(new ServerWalk(this.#walked, this.#stages), this.#bound);
  }

  #with<U>(stage: Stage): ServerEntries<E, U, P> {
    return new ServerEntries(this.#walked, this.#bound, [...this.#stages, stage]);
  }
}

/** A place in a range. */
export class ServerCursor<E extends KeyEncoding, T, P> implements AsyncRangeCursor<T, P> {
  readonly #walk: ServerWalk<E, T>;
  readonly #bound: (key: P) => Uint8Array;
  #isOpen = true;

  constructor(walk: ServerWalk<E, T>, bound: (key: P) => Uint8Array) {
    this.#walk = walk;
    this.#bound = bound;
    walk.begin();
  }

  async nextMany(count: number): Promise<T[]> {
    checkInteger("count", count, 1, MOST_ENTRIES);
    this.#check();
    try {
      return await this.#walk.nextMany(count);
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
  }

  nextManySync(): never {
    throw noSync("call nextManySync");
  }

  seek(key: P): void {
    this.#check();
    this.#walk.seek(this.#bound(key));
  }

  dispose(): void {
    this.#isOpen = false;
    void this.#walk.return();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #check(): void {
    if (!this.#isOpen) {
      throw new StoreError("STORE_CLOSED", "Cannot read: the cursor was disposed of, or failed before");
    }
  }
}

function noSync(action: string): TypeError {
  return new TypeError(`Cannot ${action} without await: a store over a server has no calls that block`);
}
