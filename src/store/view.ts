/**
 * Typed views.
 *
 * @module
 */

import type { Key } from "../api/keys.ts";
import type { KeyRange, RangeIterable } from "../api/range.ts";
import type { LongOptions } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { Codec, View, ViewOperation, ViewOptions } from "../api/view.ts";
import type { BatchOperation, PutOptions } from "../api/writes.ts";
import type { Page } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { concat } from "../bytes.ts";
import { describe, encodeKey, encodePrefix } from "../encoding.ts";
import { OptionNames, refuseSecond, wrongType } from "../options.ts";
import { type BaseReader, keyAt } from "./base_reader.ts";
import { toByteRange, toDeletedRange } from "./ranges.ts";

const VIEW_OPTIONS = new OptionNames<ViewOptions<unknown>>(
  { prefix: true, codec: true },
  { example: '{ prefix: "users/", codec }' },
);

/** What a view needs of its store. */
export interface ViewedStore extends Store, Pick<BaseReader, "walk" | "countIn"> {
  deleteIn(range: ByteRange, options: LongOptions | undefined): Promise<number>;
}

/** A {@linkcode View} of a store. */
export class StoreView<T> implements View<T> {
  readonly #store: ViewedStore;
  readonly #prefix: Uint8Array;
  readonly #codec: Codec<T>;

  /** `base` stands in front of the prefix. Throws `TypeError` or `RangeError` for wrong options. */
  constructor(store: ViewedStore, base: Uint8Array, options: ViewOptions<T>) {
    if (options === undefined) throw new TypeError("Cannot make a view without options: expected { prefix, codec }");
    const { prefix, codec } = VIEW_OPTIONS.read(options as ViewOptions<unknown>) as ViewOptions<T>;
    if (typeof codec?.encode !== "function" || typeof codec.decode !== "function") {
      wrongType("codec", codec, "an object with encode and decode");
    }
    this.#store = store;
    this.#prefix = concat(base, encodePrefix(prefix));
    this.#codec = codec;
  }

  async get(key: Key): Promise<T | undefined> {
    return this.#decode(await this.#store.get(this.#keyOf(key)));
  }

  getSync(key: Key): T | undefined {
    return this.#decode(this.#store.getSync(this.#keyOf(key)));
  }

  async getMany(keys: readonly Key[]): Promise<(T | undefined)[]> {
    requireArray(keys, "keys");
    const values = await this.#store.getMany(keys.map((key) => this.#keyOf(key)));
    return values.map((value) => this.#decode(value));
  }

  async has(key: Key): Promise<boolean> {
    return await this.#store.has(this.#keyOf(key));
  }

  hasSync(key: Key): boolean {
    return this.#store.hasSync(this.#keyOf(key));
  }

  async put(key: Key, value: T, options?: PutOptions): Promise<void> {
    await this.#store.put(this.#keyOf(key), this.#codec.encode(value), options);
  }

  putSync(key: Key, value: T, options?: PutOptions): void {
    this.#store.putSync(this.#keyOf(key), this.#codec.encode(value), options);
  }

  async delete(key: Key): Promise<void> {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    refuseSecond(arguments, "a key alone");
    await this.#store.delete(this.#keyOf(key));
  }

  deleteSync(key: Key): void {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    refuseSecond(arguments, "a key alone");
    this.#store.deleteSync(this.#keyOf(key));
  }

  async batch(operations: readonly ViewOperation<T>[]): Promise<void> {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    refuseSecond(arguments, "operations alone");
    requireArray(operations, "a batch");
    await this.#store.batch(
      operations.map((operation): BatchOperation => {
        const key = this.#keyOf(operation?.key);
        return operation.type === "put"
          ? { ...operation, key, value: this.#codec.encode(operation.value) }
          : { ...operation, key };
      }),
    );
  }

  entries(range?: KeyRange): RangeIterable<[string, T]> {
    const entryOf = (page: Page<"utf8">, i: number): [string, T] => [keyAt(page, i), this.#valueOf(page, i)];
    return this.#walk(this.#rangeOf(range), entryOf);
  }

  keys(range?: KeyRange): RangeIterable<string> {
    return this.#walk({ ...this.#rangeOf(range), keysOnly: true }, keyAt<"utf8">);
  }

  values(range?: KeyRange): RangeIterable<T> {
    const format = { encoding: "bytes", strip: this.#prefix.length } as const;
    return this.#store.walk(this.#rangeOf(range), format, (page, i) => this.#valueOf(page, i));
  }

  async count(range?: KeyRange, options?: LongOptions): Promise<number> {
    return await this.#store.countIn(this.#rangeOf(range), options);
  }

  async deleteRange(range: KeyRange, options?: LongOptions): Promise<number> {
    return await this.#store.deleteIn(toDeletedRange(range, this.#prefix), options);
  }

  view<U>(options: ViewOptions<U>): View<U> {
    return new StoreView(this.#store, this.#prefix, options);
  }

  #walk<U>(range: ByteRange, pick: (page: Page<"utf8">, index: number) => U): RangeIterable<U> {
    return this.#store.walk(range, { encoding: "utf8", strip: this.#prefix.length }, pick);
  }

  #keyOf(key: Key): Uint8Array {
    return concat(this.#prefix, encodeKey(key));
  }

  #rangeOf(range: KeyRange | undefined): ByteRange {
    return toByteRange(range, this.#prefix);
  }

  #decode(value: Uint8Array | undefined): T | undefined {
    return value && this.#codec.decode(value);
  }

  #valueOf({ values }: Pick<Page<"utf8">, "values">, index: number): T {
    return this.#codec.decode(values[index] as Uint8Array);
  }
}

function requireArray(given: unknown, use: string): void {
  if (!Array.isArray(given)) throw new TypeError(`Cannot use ${describe(given)} as ${use}: expected an array`);
}
