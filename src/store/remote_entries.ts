/**
 * The entries of a range whose pages come from elsewhere, as an iterable and as a cursor. Their forms without a promise
 * throw.
 *
 * @module
 */

import type { Key, KeyEncoding } from "../api/keys.ts";
import type { RangeCursor, RangeIterable } from "../api/range.ts";
import { StoreError } from "../errors.ts";
import { checkInteger } from "../options.ts";
import type { RemoteWalk } from "./remote_walk.ts";
import type { Stage } from "./stages.ts";

/** More entries than a store can have. */
const MOST_ENTRIES = 0xffffffff;

/** Where the entries come from. */
export interface RemoteRange<P> {
  /** A walk over the range. `readsAll` says that the caller reads it to its end. */
  walk(stages: readonly Stage[], readsAll: boolean): RemoteWalk<KeyEncoding, unknown>;
  /** The bytes of a key to seek. */
  bound(key: P): Uint8Array;
  /** The error of a call that cannot wait. `what` says what the caller did, after "Cannot". */
  refuse(what: string): Error;
}

/** The entries of a range. */
export class RemoteEntries<T, P = Key> implements RangeIterable<T, P> {
  readonly #range: RemoteRange<P>;
  readonly #stages: readonly Stage[];

  constructor(range: RemoteRange<P>, stages: readonly Stage[] = []) {
    this.#range = range;
    this.#stages = stages;
  }

  [Symbol.iterator](): never {
    throw this.#range.refuse("iterate without await");
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.#walk(false);
  }

  map<U>(change: (entry: T) => U): RemoteEntries<U, P> {
    return this.#with({ map: change as (entry: unknown) => unknown });
  }

  filter(isWanted: (entry: T) => boolean): RemoteEntries<T, P> {
    return this.#with({ filter: isWanted as (entry: unknown) => boolean });
  }

  take(count: number): RemoteEntries<T, P> {
    checkInteger("count", count, 0, MOST_ENTRIES);
    return this.#with({ take: count });
  }

  async toArray(): Promise<T[]> {
    const walk = this.#walk(true);
    const entries = await walk.nextMany(MOST_ENTRIES);
    await walk.return();
    return entries;
  }

  toArraySync(): never {
    throw this.#range.refuse("call toArraySync");
  }

  cursor(): RangeCursor<T, P> {
    return new RemoteCursor(this.#walk(false), this.#range);
  }

  #walk(readsAll: boolean): RemoteWalk<KeyEncoding, T> {
    return this.#range.walk(this.#stages, readsAll) as RemoteWalk<KeyEncoding, T>;
  }

  #with<U>(stage: Stage): RemoteEntries<U, P> {
    return new RemoteEntries(this.#range, [...this.#stages, stage]);
  }
}

/** A place in a range. */
class RemoteCursor<T, P> implements RangeCursor<T, P> {
  readonly #walk: RemoteWalk<KeyEncoding, T>;
  readonly #range: RemoteRange<P>;
  #isOpen = true;

  constructor(walk: RemoteWalk<KeyEncoding, T>, range: RemoteRange<P>) {
    this.#walk = walk;
    this.#range = range;
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
    throw this.#range.refuse("call nextManySync");
  }

  seek(key: P): void {
    this.#check();
    this.#walk.seek(this.#range.bound(key));
  }

  dispose(): void {
    this.#isOpen = false;
    void this.#walk.return();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #check(): void {
    if (this.#isOpen) return;
    throw new StoreError("STORE_CLOSED", "Cannot read: the cursor was disposed of, or failed before");
  }
}
