/**
 * The entries of a range that the owner reads, as an iterable and as a cursor.
 *
 * @module
 */

import type { Key, KeyEncoding } from "../api/keys.ts";
import type { RangeCursor, RangeIterable } from "../api/range.ts";
import { StoreError } from "../errors.ts";
import { checkInteger } from "../options.ts";
import type { Stage } from "../store/stages.ts";
import { notOwner } from "./owner_errors.ts";
import { type Asked, SharedWalk } from "./shared_walk.ts";

/** More entries than a store can have. */
const MOST_ENTRIES = 0xffffffff;

/** The entries of a range. `bound` returns the bytes of a key to seek. */
export class SharedEntries<E extends KeyEncoding, T, P = Key> implements RangeIterable<T, P> {
  readonly #asked: Asked<E>;
  readonly #bound: (key: P) => Uint8Array;
  readonly #stages: readonly Stage[];

  constructor(asked: Asked<E>, bound: (key: P) => Uint8Array, stages: readonly Stage[] = []) {
    this.#asked = asked;
    this.#bound = bound;
    this.#stages = stages;
  }

  [Symbol.iterator](): IterableIterator<T> {
    throw notOwner("iterate without await");
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return new SharedWalk<E, T>(this.#asked, this.#stages);
  }

  map<U>(change: (entry: T) => U): SharedEntries<E, U, P> {
    return this.#with({ map: change as (entry: unknown) => unknown });
  }

  filter(isWanted: (entry: T) => boolean): SharedEntries<E, T, P> {
    return this.#with({ filter: isWanted as (entry: unknown) => boolean });
  }

  take(count: number): SharedEntries<E, T, P> {
    checkInteger("count", count, 0, MOST_ENTRIES);
    return this.#with({ take: count });
  }

  async toArray(): Promise<T[]> {
    return await new SharedWalk<E, T>(this.#asked, this.#stages).nextMany(MOST_ENTRIES);
  }

  toArraySync(): T[] {
    throw notOwner("call toArraySync");
  }

  cursor(): RangeCursor<T, P> {
    return new SharedCursor<E, T, P>(new SharedWalk(this.#asked, this.#stages), this.#bound);
  }

  #with<U>(stage: Stage): SharedEntries<E, U, P> {
    return new SharedEntries(this.#asked, this.#bound, [...this.#stages, stage]);
  }
}

class SharedCursor<E extends KeyEncoding, T, P> implements RangeCursor<T, P> {
  readonly #walk: SharedWalk<E, T>;
  readonly #bound: (key: P) => Uint8Array;
  #isOpen = true;

  constructor(walk: SharedWalk<E, T>, bound: (key: P) => Uint8Array) {
    this.#walk = walk;
    this.#bound = bound;
    walk.begin();
  }

  async nextMany(count: number): Promise<T[]> {
    checkInteger("count", count, 1, MOST_ENTRIES);
    this.#check();
    return await this.#walk.nextMany(count);
  }

  nextManySync(): T[] {
    throw notOwner("call nextManySync");
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
    if (!this.#isOpen) throw new StoreError("STORE_CLOSED", "Cannot read: the cursor was disposed of");
  }
}
