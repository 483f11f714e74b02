/**
 * Typed views.
 *
 * @module
 */

import type { Change, ChangeIn, WatchedRanges, WatchOptions } from "../api/changes.ts";
import type { LongOptions } from "../api/entries.ts";
import type { Key, KeyEncoding } from "../api/keys.ts";
import type { KeyRange } from "../api/range.ts";
import type { Reader } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { View, ViewOperation, ViewOptions } from "../api/view.ts";
import type { ViewKey } from "../api/view_reader.ts";
import type { BatchOperation, CommitOptions, PutOptions, WriteOptions } from "../api/writes.ts";
import type { ByteRange } from "../byte_range.ts";
import type { KeySpace } from "../key_space.ts";
import { checkArray, checkFunction } from "../options.ts";
import type { BaseReader } from "./base_reader.ts";
import { wrongOperation } from "./batches.ts";
import { isMerge } from "./merges.ts";
import { toDeletedRange, toWatchedRanges } from "./ranges.ts";
import { ReadView } from "./read_view.ts";
import type { ViewCodecs } from "./view_codecs.ts";
import type { Watching } from "./watch.ts";

/** The part of a store that a view shows. */
export interface ViewedPart extends BaseReader, Omit<Store, keyof Reader> {
  deleteIn(range: ByteRange, options?: LongOptions): Promise<number>;
  deleteInSync(range: ByteRange): number;
  sizeIn(range: ByteRange, options?: LongOptions): Promise<number>;
  watchIn<E extends KeyEncoding>(...watching: Watching<E>): AsyncIterable<ChangeIn<E>>;
}

/** A {@linkcode View} of a part of a store. */
export class StoreView<T, K = Key, P = K> extends ReadView<T, K, P> implements View<T, K, P> {
  readonly #part: ViewedPart;
  readonly #store: object;

  /** `store` tells apart the views of different stores. */
  constructor(part: ViewedPart, store: object, codecs: ViewCodecs<T, K, P>) {
    super(part, codecs);
    this.#part = part;
    this.#store = store;
  }

  /** Its keys. */
  get space(): KeySpace {
    return this.#part.space;
  }

  /** Whether it is a view of that store. */
  isOf(store: object): boolean {
    return this.#store === store;
  }

  async put(key: K, value: T, options?: PutOptions): Promise<void> {
    await this.#part.put(this.codecs.keyOf(key), this.codecs.encode(value), options);
  }

  putSync(key: K, value: T, options?: PutOptions): void {
    this.#part.putSync(this.codecs.keyOf(key), this.codecs.encode(value), options);
  }

  async delete(key: K, options?: WriteOptions): Promise<boolean> {
    return await this.#part.delete(this.codecs.keyOf(key), options);
  }

  deleteSync(key: K, options?: WriteOptions): boolean {
    return this.#part.deleteSync(this.codecs.keyOf(key), options);
  }

  async batch(operations: readonly ViewOperation<T, K>[], options?: WriteOptions): Promise<void> {
    await this.#part.batch(this.#operationsOf(operations), options);
  }

  batchSync(operations: readonly ViewOperation<T, K>[], options?: WriteOptions): void {
    this.#part.batchSync(this.#operationsOf(operations), options);
  }

  async commit(operations: readonly ViewOperation<T, K>[], options?: CommitOptions<K>): Promise<number | undefined> {
    return await this.#part.commit(this.#operationsOf(operations), this.#checked(options));
  }

  commitSync(operations: readonly ViewOperation<T, K>[], options?: CommitOptions<K>): number | undefined {
    return this.#part.commitSync(this.#operationsOf(operations), this.#checked(options));
  }

  async compareAndSet(key: K, expectedVersion: number | undefined, value: T, options?: PutOptions): Promise<boolean> {
    return await this.#part.compareAndSet(this.codecs.keyOf(key), expectedVersion, this.codecs.encode(value), options);
  }

  compareAndSetSync(key: K, expectedVersion: number | undefined, value: T, options?: PutOptions): boolean {
    return this.#part.compareAndSetSync(this.codecs.keyOf(key), expectedVersion, this.codecs.encode(value), options);
  }

  async compareAndDelete(key: K, expectedVersion: number, options?: WriteOptions): Promise<boolean> {
    return await this.#part.compareAndDelete(this.codecs.keyOf(key), expectedVersion, options);
  }

  compareAndDeleteSync(key: K, expectedVersion: number, options?: WriteOptions): boolean {
    return this.#part.compareAndDeleteSync(this.codecs.keyOf(key), expectedVersion, options);
  }

  async touch(key: K, ttl: number, options?: WriteOptions): Promise<boolean> {
    return await this.#part.touch(this.codecs.keyOf(key), ttl, options);
  }

  touchSync(key: K, ttl: number, options?: WriteOptions): boolean {
    return this.#part.touchSync(this.codecs.keyOf(key), ttl, options);
  }

  async update(key: K, update: (value: T | undefined) => T | undefined, options?: PutOptions): Promise<T | undefined> {
    const { change, changed } = this.#updateOf(update);
    await this.#part.update(this.codecs.keyOf(key), change, options);
    return changed();
  }

  updateSync(key: K, update: (value: T | undefined) => T | undefined, options?: PutOptions): T | undefined {
    const { change, changed } = this.#updateOf(update);
    this.#part.updateSync(this.codecs.keyOf(key), change, options);
    return changed();
  }

  async deleteRange(range: KeyRange<P>, options?: LongOptions): Promise<number> {
    return await this.#part.deleteIn(toDeletedRange(range as KeyRange, this.#part.space, this.codecs.key), options);
  }

  deleteRangeSync(range: KeyRange<P>): number {
    return this.#part.deleteInSync(toDeletedRange(range as KeyRange, this.#part.space, this.codecs.key));
  }

  async approximateSize(range?: KeyRange<P>, options?: LongOptions): Promise<number> {
    return await this.#part.sizeIn(this.rangeOf(range), options);
  }

  watch(
    range?: KeyRange<P> | Pick<WatchedRanges<KeyEncoding, P>, "ranges">,
    options?: WatchOptions,
  ): AsyncIterable<Change<ViewKey<K>, T>> {
    const changes = this.#part.watchIn<KeyEncoding>(
      toWatchedRanges(range as KeyRange | WatchedRanges | undefined, this.#part.space, this.codecs.key),
      this.codecs.formatIn(this.#part.space),
      options,
      (change: { key: unknown; value?: unknown }) => {
        change.key = this.codecs.key.decode(change.key);
        if (change.value) change.value = this.codecs.decode(change.value as Uint8Array);
      },
    );
    return changes as AsyncIterable<Change<unknown, unknown>> as AsyncIterable<Change<ViewKey<K>, T>>;
  }

  view<U, L = Key, Q = L>(options: ViewOptions<U, L, Q>): View<U, L, Q> {
    return this.#part.view(options);
  }

  #operationsOf(operations: readonly ViewOperation<T, K>[]): BatchOperation[] {
    checkArray(operations, "a batch", "operations");
    return operations.map((operation: ViewOperation<T, K>): BatchOperation => {
      const type: string | undefined = operation?.type;
      // It would write bytes that the codec did not make.
      if (isMerge(type)) wrongOperation(`a typed view has no "${type}"`);
      const key = this.codecs.keyOf(operation?.key);
      return operation?.type === "put"
        ? { ...operation, key, value: this.codecs.encode(operation.value) }
        : { ...operation, key };
    });
  }

  #checked(options: CommitOptions<K> | undefined): CommitOptions | undefined {
    const checks = options?.checks;
    if (!Array.isArray(checks)) return options as CommitOptions | undefined;
    return { ...options, checks: checks.map((check) => ({ ...check, key: this.codecs.keyOf(check?.key) })) };
  }

  /** What to do with the bytes of a value, and what came of it. */
  #updateOf(update: (value: T | undefined) => T | undefined): {
    change: (bytes: Uint8Array | undefined) => Uint8Array | string | undefined;
    changed: () => T | undefined;
  } {
    checkFunction(update, "update with");
    let value: T | undefined;
    return {
      change: (bytes) => {
        value = update(bytes && this.codecs.decode(bytes));
        return value === undefined ? undefined : this.codecs.encode(value);
      },
      changed: () => value,
    };
  }
}
