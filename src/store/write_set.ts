/**
 * The writes of a transaction so far.
 *
 * Merges stay operands until the transaction reads their key or commits. So it need not read the key, and does not
 * conflict with others that change it.
 *
 * @module
 */

import type { KeyEncoding, KeyIn } from "../api/keys.ts";
import type { Page, StoredOperation } from "../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../byte_range.ts";
import { compareBytes, keyOf, nameOf, sizeOf, sizeOfAll } from "../bytes.ts";
import { checkBatchSize } from "../encoded_batch.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import { type Found, merged } from "../memory/merges.ts";
import { SortedKeys } from "../memory/sorted_keys.ts";

/** The least weight of an operation in a page, in bytes. */
const BYTES_AN_OPERATION = 64;

/** Operations: for each key the last one. */
export class WriteSet {
  /** By the names of the keys, which have the order of the keys. */
  readonly #operations: Map<string, StoredOperation> = new Map();
  readonly #names = new SortedKeys();
  /** The merges of each key. They come after its operation, if it has one. */
  readonly #pending: Map<string, StoredOperation[]> = new Map();
  readonly #pendingNames = new SortedKeys();
  #bytes = 0;
  #deletions = 0;

  /** Bytes of keys, values and operands. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many of the operations delete. */
  get deletions(): number {
    return this.#deletions;
  }

  /** Throws `RangeError` if all are too large for a batch. */
  add(operation: StoredOperation): void {
    const name = nameOf(operation.key);
    this.#bytes -= sizeOfAll(this.#pending.get(name) ?? []);
    if (this.#pending.delete(name)) this.#pendingNames.delete(name);
    const before = this.#operations.get(name);
    if (!before) this.#names.add(name);
    this.#bytes += sizeOf(operation) - (before ? sizeOf(before) : 0);
    this.#deletions += (operation.value ? 0 : 1) - (before && !before.value ? 1 : 0);
    this.#operations.set(name, operation);
    checkBatchSize(this.#bytes);
  }

  /** As {@linkcode WriteSet.add}, for a merge, which waits until {@linkcode WriteSet.settle}. */
  merge(operation: StoredOperation): void {
    const name = nameOf(operation.key);
    const pending = this.#pending.get(name);
    if (pending) pending.push(operation);
    else {
      this.#pending.set(name, [operation]);
      this.#pendingNames.add(name);
    }
    this.#bytes += sizeOf(operation);
    checkBatchSize(this.#bytes);
  }

  /** The keys in a range that have merges. */
  mergedIn(range: ByteRange): Uint8Array[] {
    return Array.from(namesIn(this.#pendingNames, range), keyOf);
  }

  /** The operation of a key. Merges become one: `find` finds what they change, if the key has no operation yet. */
  settle(key: Uint8Array, find: (key: Uint8Array) => Found): StoredOperation | undefined {
    let own = this.get(key);
    const pending = this.#pending.size === 0 ? undefined : this.#pending.get(nameOf(key));
    for (const merge of pending ?? []) own = merged(merge, own ?? find(key));
    if (own && pending) this.add(own);
    return own;
  }

  get(key: Uint8Array): StoredOperation | undefined {
    return this.#operations.size === 0 ? undefined : this.#operations.get(nameOf(key));
  }

  /** The operations, and after those of its key each merge that waits. */
  operations(): StoredOperation[] {
    return [...this.#operations.values(), ...[...this.#pending.values()].flat()];
  }

  /** The operations in a range, in its order. Looks at no more operations than the caller takes. */
  *#operationsIn(range: ByteRange): Generator<StoredOperation, undefined> {
    for (const name of namesIn(this.#names, range)) yield this.#operations.get(name) as StoredOperation;
  }

  /**
   * Applies these writes, as those of `version`, to a page of a range. The result may be shorter than asked for; then it
   * has the key to continue after.
   */
  over<E extends KeyEncoding>(page: Page<"bytes">, range: ByteRange, format: KeyFormat<E>, version: number): Page<E> {
    const own = this.#operationsIn(upTo(range, page.last));
    const merged = new Merged(format, range, { isShared: page.isShared === true, version });
    let next = own.next().value;
    for (let i = 0; i < page.keys.length && !merged.isFull; ) {
      const key = page.keys[i] as Uint8Array;
      const order = next ? compareBytes(next.key, key) * (range.reverse ? -1 : 1) : 1;
      if (next && order <= 0) {
        merged.addOperation(next);
        next = own.next().value;
      } else {
        merged.add(key, page.values[i], page.versions?.[i], page.expiries?.[i]);
      }
      if (order >= 0) i++;
    }
    for (; next && !merged.isFull; next = own.next().value) merged.addOperation(next);
    return merged.page(page.last);
  }
}

/** A page that is being built. */
class Merged<E extends KeyEncoding> {
  readonly #format: KeyFormat<E>;
  readonly #range: ByteRange;
  readonly #isShared: boolean;
  /** The version of operations. */
  readonly #version: number;
  readonly #keys: Uint8Array[] = [];
  readonly #values: Uint8Array<ArrayBuffer>[] = [];
  readonly #versions: number[] = [];
  readonly #expiries: number[] = [];
  #ownBytes = 0;
  #last: Uint8Array | undefined;

  constructor(format: KeyFormat<E>, range: ByteRange, { isShared, version }: { isShared: boolean; version: number }) {
    this.#format = format;
    this.#range = range;
    this.#isShared = isShared;
    this.#version = version;
  }

  /** Whether the page has as many entries, or bytes of operations, as it may have. */
  get isFull(): boolean {
    const { limit, pageBytes = LARGEST_PAGE_BYTES } = this.#range;
    return this.#keys.length === limit || this.#ownBytes >= pageBytes;
  }

  add(key: Uint8Array, value: Uint8Array<ArrayBuffer> | undefined, version = 0, expiresMs = 0): void {
    this.#last = key;
    this.#keys.push(key);
    this.#versions.push(version);
    this.#expiries.push(expiresMs);
    if (!this.#range.keysOnly && value) this.#values.push(value);
  }

  addOperation(operation: StoredOperation): void {
    const { key, value, expiresMs } = operation;
    this.#ownBytes += Math.max(BYTES_AN_OPERATION, sizeOf(operation));
    this.#last = key;
    if (value) this.add(key, this.#range.keysOnly ? undefined : value.slice(), this.#version, expiresMs);
  }

  /** `lastOfAll` is the key after which the original page continues. */
  page(lastOfAll: Uint8Array | undefined): Page<E> {
    const keys = this.#keys.map((key): KeyIn<E> => formatKey(key, this.#format));
    const isDone = keys.length === this.#range.limit;
    const behind = this.isFull ? this.#last : lastOfAll;
    const last = isDone ? undefined : behind;
    return {
      keys,
      values: this.#values,
      versions: this.#versions,
      expiries: this.#expiries,
      last,
      isShared: this.#isShared,
    };
  }
}

/** The names in a range, in its order. Looks at no more of them than the caller takes. */
function* namesIn(names: SortedKeys, range: ByteRange): Generator<string, undefined> {
  const { lower, lowerIncluded, upper, upperIncluded, reverse } = range;
  const [low, high] = [lower && nameOf(lower), upper && nameOf(upper)];
  for (const name of reverse ? names.backFrom(high) : names.from(low ?? "")) {
    if (reverse ? low !== undefined && name < low : high !== undefined && name > high) return;
    if ((name !== low || lowerIncluded !== false) && (name !== high || upperIncluded)) yield name;
  }
}

/** The part of a range that a page covers: up to `last`, or all of it without `last`. */
export function upTo(range: ByteRange, last: Uint8Array | undefined): ByteRange {
  if (!last) return range;
  return range.reverse
    ? { ...range, lower: last, lowerIncluded: true }
    : { ...range, upper: last, upperIncluded: true };
}
