/**
 * What a transaction has written so far.
 *
 * @module
 */

import type { Page, StoredOperation } from "../backend.ts";
import { type ByteRange, compareBytes, isInRange } from "../byte_range.ts";
import { formatKey, type KeyEncoding, type KeyFormat, type KeyIn } from "../key_format.ts";
import { firstAtLeast } from "../sorted.ts";

/** Operations, one a key: the last one. */
export class WriteSet {
  /** By their names, which are ordered as the keys are. */
  readonly #operations: Map<string, StoredOperation> = new Map();
  #sorted: string[] | undefined;
  #bytes = 0;
  #deletions = 0;

  /** A key as a string of one character a byte. */
  static name(key: Uint8Array): string {
    return String.fromCharCode(...key.subarray(0, 4096)) + (key.length > 4096 ? WriteSet.name(key.subarray(4096)) : "");
  }

  /** Bytes of keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many of the operations delete. */
  get deletions(): number {
    return this.#deletions;
  }

  add(operation: StoredOperation): void {
    const name = WriteSet.name(operation.key);
    const before = this.#operations.get(name);
    if (!before) this.#sorted = undefined;
    this.#bytes += sizeOf(operation) - (before ? sizeOf(before) : 0);
    this.#deletions += (operation.value ? 0 : 1) - (before && !before.value ? 1 : 0);
    this.#operations.set(name, operation);
  }

  get(key: Uint8Array): StoredOperation | undefined {
    return this.#operations.size === 0 ? undefined : this.#operations.get(WriteSet.name(key));
  }

  /** In the order of the keys. */
  operations(): StoredOperation[] {
    return this.#names().map((name) => this.#operations.get(name) as StoredOperation);
  }

  /** Those in a range, in the order of the keys. */
  #operationsIn(range: ByteRange): StoredOperation[] {
    const names = this.#names();
    const start = range.lower ? firstAtLeast(names, WriteSet.name(range.lower)) : 0;
    const end = range.upper ? firstAtLeast(names, WriteSet.name(range.upper)) + 1 : names.length;
    const near = names.slice(start, end).map((name) => this.#operations.get(name) as StoredOperation);
    return near.filter(({ key }) => isInRange(range, key));
  }

  #names(): string[] {
    this.#sorted ??= [...this.#operations.keys()].sort();
    return this.#sorted;
  }

  /** The page of a range with what is written here over it. It may have more entries than the limit of the range. */
  over<E extends KeyEncoding>(page: Page<"bytes">, range: ByteRange, format: KeyFormat<E>): Page<E> {
    const covered = page.last ? upTo(range, page.last) : range;
    const own = this.#operationsIn(covered);
    if (range.reverse) own.reverse();
    const merged = new Merged(format, range.keysOnly !== true);
    let next = 0;
    page.keys.forEach((key, i) => {
      let order = -1;
      for (; next < own.length; next++) {
        const operation = own[next] as StoredOperation;
        order = compareBytes(operation.key, key) * (range.reverse ? -1 : 1);
        if (order > 0) break;
        merged.addOperation(operation);
        if (order === 0) {
          next++;
          break;
        }
      }
      if (order !== 0) merged.add(key, page.values[i]);
    });
    for (const operation of own.slice(next)) merged.addOperation(operation);
    return { ...merged.upTo(range.limit, page.last), isShared: page.isShared === true };
  }
}

/** A page that is being made. */
class Merged<E extends KeyEncoding> {
  readonly #format: KeyFormat<E>;
  readonly #withValues: boolean;
  readonly #keys: Uint8Array[] = [];
  readonly #values: Uint8Array[] = [];

  constructor(format: KeyFormat<E>, withValues: boolean) {
    this.#format = format;
    this.#withValues = withValues;
  }

  add(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#keys.push(key);
    if (this.#withValues && value) this.#values.push(value);
  }

  addOperation({ key, value }: StoredOperation): void {
    if (value) this.add(key, value.slice());
  }

  upTo(limit: number | undefined, last: Uint8Array | undefined): Page<E> {
    const end = Math.min(limit ?? this.#keys.length, this.#keys.length);
    const keys = this.#keys.slice(0, end).map((key): KeyIn<E> => formatKey(key, this.#format));
    return { keys, values: this.#values.slice(0, end), last: end === limit ? undefined : last };
  }
}

function upTo(range: ByteRange, last: Uint8Array): ByteRange {
  return range.reverse
    ? { ...range, lower: last, lowerIncluded: true }
    : { ...range, upper: last, upperIncluded: true };
}

function sizeOf({ key, value }: StoredOperation): number {
  return key.length + (value?.length ?? 0);
}
