/**
 * The operations of a commit in one buffer. Each key and value is checked and copied once. An object and an array per
 * operation would cost more than the engine's part of the work.
 *
 * Each operation is `[key length u24][merge u8][value length u32, or NO_VALUE][expiry in ms f64][key][value]`, little
 * endian. The engine reads this format.
 *
 * @module
 */

import type { Key, Value } from "./api/keys.ts";
import type { StoredOperation } from "./backend.ts";
import { asciiInto, checkKeyLength, encodeKey, encodeValue, SHORT_LENGTH } from "./encoding.ts";
import type { KeySpace } from "./key_space.ts";
import { MAX_BATCH_BYTES } from "./limits.ts";

/** The value length of an operation that deletes its key. */
export const NO_VALUE = 0xffffffff;
/** Bytes of the header of each operation. */
export const HEADER_BYTES = 16;

/** The length of a key is below this. */
const MERGE: number = 2 ** 24;

const LEAST_BYTES = 4096;
/** A buffer of at most this many bytes is kept for the next batch. */
const KEPT_BYTES: number = 1024 * 1024;

/** The kept buffer. A batch takes it while it is built, because the getters of its operations may build another batch. */
let spare: Uint8Array<ArrayBuffer> | undefined;

/** Throws `RangeError` if a commit has too many bytes of keys and values. */
export function checkBatchSize(bytes: number): void {
  if (bytes <= MAX_BATCH_BYTES) return;
  throw new RangeError(`Cannot commit ${bytes} bytes at once: the limit is ${MAX_BATCH_BYTES}`);
}

/** Writes the header of an operation at `at`. */
export function writeHeader(
  view: DataView,
  at: number,
  keyBytes: number,
  value: Uint8Array | undefined,
  expiresMs: number,
  merge = 0,
): void {
  view.setUint32(at, keyBytes + merge * MERGE, true);
  view.setUint32(at + 4, value ? value.length : NO_VALUE, true);
  view.setFloat64(at + 8, expiresMs, true);
}

/** Operations that are added one by one. They are valid until {@linkcode EncodedBatch.release}. */
export class EncodedBatch implements Iterable<StoredOperation> {
  readonly #prefix: Uint8Array;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #end = 0;
  /** Bytes of all keys and values, including those beyond the limit, which the buffer does not hold. */
  sizeBytes = 0;
  /** The number of operations. */
  length = 0;
  /** Whether all operations are deletions. */
  deletesOnly = true;

  /** The keys of the operations are in `space`. */
  constructor(space: KeySpace) {
    this.#prefix = space.prefix;
    this.#bytes = spare ?? new Uint8Array(LEAST_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
    spare = undefined;
  }

  /** The operations in the engine's format. */
  get encoded(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  /** Throws `TypeError` or `RangeError` for an invalid key or value, and any error that `expiry` throws. */
  put(key: Key, value: Value, expiry: () => number): void {
    const keyBytes = this.#addKey(key);
    const bytes = encodeValue(value);
    const expiresMs = expiry();
    this.#finish(keyBytes, bytes, expiresMs);
    this.deletesOnly = false;
  }

  /** As {@linkcode EncodedBatch.put}. */
  delete(key: Key): void {
    this.#finish(this.#addKey(key), undefined, 0);
  }

  /** As {@linkcode EncodedBatch.put}, for an operation that merges. */
  merge(key: Key, { value, expiresMs, merge }: Omit<StoredOperation, "key">): void {
    this.#finish(this.#addKey(key), value, expiresMs, merge);
    this.deletesOnly = false;
  }

  /** Releases the buffer for the next batch. */
  release(): void {
    if (this.#bytes.length <= KEPT_BYTES) spare = this.#bytes;
    this.#bytes = new Uint8Array(0);
    this.#end = 0;
  }

  /** Yields the operations. Their keys and values are views of the buffer. */
  *[Symbol.iterator](): Generator<StoredOperation, undefined> {
    for (let at = 0; at < this.#end; ) {
      const keyAt = at + HEADER_BYTES;
      const first = this.#view.getUint32(at, true);
      const valueAt = keyAt + (first % MERGE);
      const length = this.#view.getUint32(at + 4, true);
      const end = length === NO_VALUE ? valueAt : valueAt + length;
      const value = length === NO_VALUE ? undefined : this.#bytes.subarray(valueAt, end);
      const key = this.#bytes.subarray(keyAt, valueAt);
      yield { key, value, expiresMs: this.#view.getFloat64(at + 8, true), merge: Math.floor(first / MERGE) };
      at = end;
    }
  }

  /** Copies the prefix and the key to their place in the buffer. Returns their length. */
  #addKey(key: Key): number {
    const prefix = this.#prefix;
    if (typeof key === "string" && key.length > 0 && key.length <= SHORT_LENGTH && prefix.length === 0) {
      this.#makeRoom(HEADER_BYTES + SHORT_LENGTH);
      if (asciiInto(key, this.#bytes, this.#end + HEADER_BYTES)) return key.length;
    }
    const bytes = encodeKey(key);
    const length = prefix.length + bytes.length;
    checkKeyLength(length);
    this.#makeRoom(HEADER_BYTES + length);
    this.#bytes.set(prefix, this.#end + HEADER_BYTES);
    this.#bytes.set(bytes, this.#end + HEADER_BYTES + prefix.length);
    return length;
  }

  #finish(keyBytes: number, value: Uint8Array | undefined, expiresMs: number, merge?: number): void {
    const bytes = keyBytes + (value?.length ?? 0);
    this.sizeBytes += bytes;
    this.length += 1;
    // A batch that is too large is refused as a whole, after all its operations are checked.
    if (this.sizeBytes > MAX_BATCH_BYTES) return;
    this.#makeRoom(HEADER_BYTES + bytes);
    const at = this.#end;
    writeHeader(this.#view, at, keyBytes, value, expiresMs, merge);
    if (value) this.#bytes.set(value, at + HEADER_BYTES + keyBytes);
    this.#end = at + HEADER_BYTES + bytes;
  }

  /** Grows the buffer if needed. Keeps the key that was added last, too. */
  #makeRoom(bytes: number): void {
    const wanted = this.#end + bytes;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
