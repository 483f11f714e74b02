/**
 * Typed views.
 *
 * @module
 */

import type { Change, ChangeIn, WatchOptions } from "../api/changes.ts";
import type { Key, KeyEncoding } from "../api/keys.ts";
import type { KeyRange, RangeIterable } from "../api/range.ts";
import type { LongOptions } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { Codec, KeyCodec, View, ViewKey, ViewOperation, ViewOptions } from "../api/view.ts";
import type { BatchOperation, PutOptions } from "../api/writes.ts";
import type { Page } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { concat } from "../bytes.ts";
import { describe, encodeKey, encodePrefix } from "../encoding.ts";
import type { KeyFormat } from "../key_format.ts";
import { OptionNames, refuseSecond, wrongType } from "../options.ts";
import type { BaseReader } from "./base_reader.ts";
import { toByteRange, toDeletedRange } from "./ranges.ts";
import type { Watching } from "./watch.ts";

const VIEW_OPTIONS = new OptionNames<ViewOptions<unknown>>(
  { prefix: true, key: true, value: true, codec: true },
  { example: '{ prefix: "users/", value }' },
);

/** The methods of a store that a view needs. */
export interface ViewedStore extends Store, Pick<BaseReader, "walk" | "countIn"> {
  deleteIn(range: ByteRange, options: LongOptions | undefined): Promise<number>;
  watchIn<E extends KeyEncoding>(...watching: Watching<E>): AsyncIterable<ChangeIn<E>>;
}

/** A key codec. `decode` takes the key as a page has it: bytes, or a string if the view has no key codec. */
type AnyKeys = Omit<KeyCodec<unknown>, "decode"> & { decode(key: unknown): unknown };

/** For a view without a key codec: its keys are strings or bytes. */
const AS_IT_IS = { encode: (key: unknown) => key, decode: (key: unknown) => key } as AnyKeys;

/** A {@linkcode View} of a store. */
export class StoreView<T, K = Key, P = K> implements View<T, K, P> {
  readonly #store: ViewedStore;
  readonly #prefix: Uint8Array;
  readonly #codec: Codec<T>;
  readonly #key: AnyKeys;
  /** The format of keys in a page: bytes for a key codec, otherwise strings. */
  readonly #format: KeyFormat<KeyEncoding>;

  /** `base` comes before the prefix. Throws `TypeError` or `RangeError` for wrong options. */
  constructor(store: ViewedStore, base: Uint8Array, options: ViewOptions<T, K, P>) {
    const { prefix, key = AS_IT_IS, value, codec } = VIEW_OPTIONS.read(options as ViewOptions<unknown>);
    if (value && codec) wrongType("codec", codec, "'value' alone");
    this.#codec = checkCodec("value", value ?? codec) as Codec<T>;
    this.#key = checkCodec("key", key as AnyKeys);
    this.#store = store;
    this.#prefix = concat(base, encodePrefix(prefix));
    this.#format = { encoding: key === AS_IT_IS ? "utf8" : "bytes", strip: this.#prefix.length, isShared: true };
  }

  async get(key: K): Promise<T | undefined> {
    return this.#decode(await this.#store.get(this.#keyOf(key)));
  }

  getSync(key: K): T | undefined {
    return this.#decode(this.#store.getSync(this.#keyOf(key)));
  }

  async getMany(keys: readonly K[]): Promise<(T | undefined)[]> {
    requireArray(keys, "keys");
    const values = await this.#store.getMany(keys.map((key) => this.#keyOf(key)));
    return values.map((value) => this.#decode(value));
  }

  async has(key: K): Promise<boolean> {
    return await this.#store.has(this.#keyOf(key));
  }

  hasSync(key: K): boolean {
    return this.#store.hasSync(this.#keyOf(key));
  }

  async put(key: K, value: T, options?: PutOptions): Promise<void> {
    await this.#store.put(this.#keyOf(key), this.#codec.encode(value), options);
  }

  putSync(key: K, value: T, options?: PutOptions): void {
    this.#store.putSync(this.#keyOf(key), this.#codec.encode(value), options);
  }

  async delete(key: K): Promise<void> {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    refuseSecond(arguments, "a key alone");
    await this.#store.delete(this.#keyOf(key));
  }

  deleteSync(key: K): void {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    refuseSecond(arguments, "a key alone");
    this.#store.deleteSync(this.#keyOf(key));
  }

  async batch(operations: readonly ViewOperation<T, K>[]): Promise<void> {
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

  entries(range?: KeyRange<P>): RangeIterable<[ViewKey<K>, T]> {
    return this.#store.walk(this.#rangeOf(range), this.#format, (page, i): [ViewKey<K>, T] => [
      this.#key.decode(page.keys[i]) as ViewKey<K>,
      this.#valueOf(page, i),
    ]);
  }

  keys(range?: KeyRange<P>): RangeIterable<ViewKey<K>> {
    const bytes = { ...this.#rangeOf(range), keysOnly: true };
    return this.#store.walk(bytes, this.#format, ({ keys }, i) => this.#key.decode(keys[i]) as ViewKey<K>);
  }

  values(range?: KeyRange<P>): RangeIterable<T> {
    // Does not decode keys, so they need not be UTF-8.
    const format: KeyFormat<"bytes"> = { ...this.#format, encoding: "bytes" };
    return this.#store.walk(this.#rangeOf(range), format, (page, i) => this.#valueOf(page, i));
  }

  async count(range?: KeyRange<P>, options?: LongOptions): Promise<number> {
    return await this.#store.countIn(this.#rangeOf(range), options);
  }

  async deleteRange(range: KeyRange<P>, options?: LongOptions): Promise<number> {
    return await this.#store.deleteIn(toDeletedRange(range as KeyRange, this.#prefix, this.#key), options);
  }

  watch(range?: KeyRange<P>, options?: WatchOptions): AsyncIterable<Change<ViewKey<K>, T>> {
    const changes = this.#store.watchIn(
      this.#rangeOf(range),
      this.#format,
      options,
      (change: { key: unknown; value?: unknown }) => {
        change.key = this.#key.decode(change.key);
        if (change.value) change.value = this.#codec.decode(change.value as Uint8Array);
      },
    );
    return changes as AsyncIterable<Change<unknown, unknown>> as AsyncIterable<Change<ViewKey<K>, T>>;
  }

  view<U, L = Key, Q = L>(options: ViewOptions<U, L, Q>): View<U, L, Q> {
    return new StoreView(this.#store, this.#prefix, options);
  }

  #keyOf(key: K): Uint8Array {
    return concat(this.#prefix, encodeKey(this.#key.encode(key)));
  }

  #rangeOf(range: KeyRange<P> | undefined): ByteRange {
    return toByteRange(range as KeyRange | undefined, this.#prefix, this.#key);
  }

  #decode(value: Uint8Array | undefined): T | undefined {
    return value && this.#codec.decode(value);
  }

  #valueOf(page: Page<KeyEncoding>, index: number): T {
    page.decoded ??= this.#decodeMany(page.values);
    return index < page.decoded.length
      ? (page.decoded[index] as T)
      : this.#codec.decode(page.values[index] as Uint8Array);
  }

  /**
   * Returns no values if the codec has no `decodeMany`, or if `decodeMany` throws. Each value is then decoded when the caller
   * reaches it, and a wrong value throws there.
   */
  #decodeMany(values: readonly Uint8Array[]): T[] {
    try {
      return this.#codec.decodeMany?.(values) ?? [];
    } catch {
      return [];
    }
  }
}

function checkCodec<C extends Codec<unknown> | AnyKeys>(name: string, codec: C | undefined): C {
  if (typeof codec?.encode === "function" && typeof codec.decode === "function") return codec;
  return wrongType(name, codec, "an object with encode and decode");
}

function requireArray(given: unknown, use: string): void {
  if (!Array.isArray(given)) throw new TypeError(`Cannot use ${describe(given)} as ${use}: expected an array`);
}
