/**
 * The operations of a commit in one buffer: each key and value is checked and copied once, where an object and an array for each
 * would cost more than the engine's part of the work.
 *
 * For each operation it has `[key length u32][value length u32, or NO_VALUE][expiry in ms f64][key][value]`, little endian: what the
 * engine takes.
 *
 * @module
 */

import type { Key, Value } from "./api/keys.ts";
import type { StoredOperation } from "./backend.ts";
import { asciiInto, encodeKey, encodeValue, SHORT_LENGTH } from "./encoding.ts";
import { MAX_BATCH_BYTES } from "./limits.ts";

/** The length of a value that is none: the key is deleted. */
export const NO_VALUE = 0xffffffff;
/** Of each operation. */
export const HEADER_BYTES = 16;

const LEAST_BYTES = 4096;
/** A buffer that is no larger than this is kept for the next batch. */
const KEPT_BYTES: number = 1024 * 1024;

/** Taken by the batch that is being made: its operations may be objects whose getters make another one. */
let spare: Uint8Array<ArrayBuffer> | undefined;

/** Operations that are added one by one. They hold until {@linkcode EncodedBatch.release}. */
export class EncodedBatch implements Iterable<StoredOperation> {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #end = 0;
  /** Bytes of keys and values, also of those that are too many to be held. */
  sizeBytes = 0;
  /** How many operations there are. */
  length = 0;
  /** Whether all of them delete. */
  deletesOnly = true;

  constructor() {
    this.#bytes = spare ?? new Uint8Array(LEAST_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
    spare = undefined;
  }

  /** The operations as the engine takes them. */
  get encoded(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  /** Throws `TypeError` or `RangeError` for what is no valid key or value, and whatever `expiry` throws. */
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

  /** Gives the buffer to the next batch. */
  release(): void {
    if (this.#bytes.length <= KEPT_BYTES) spare = this.#bytes;
    this.#bytes = new Uint8Array(0);
    this.#end = 0;
  }

  /** Keys and values are parts of the buffer. */
  *[Symbol.iterator](): Generator<StoredOperation, undefined> {
    for (let at = 0; at < this.#end; ) {
      const keyAt = at + HEADER_BYTES;
      const valueAt = keyAt + this.#view.getUint32(at, true);
      const length = this.#view.getUint32(at + 4, true);
      const end = length === NO_VALUE ? valueAt : valueAt + length;
      const value = length === NO_VALUE ? undefined : this.#bytes.subarray(valueAt, end);
      yield { key: this.#bytes.subarray(keyAt, valueAt), value, expiresMs: this.#view.getFloat64(at + 8, true) };
      at = end;
    }
  }

  /** Copies the key to where it belongs; returns its length. */
  #addKey(key: Key): number {
    if (typeof key === "string" && key.length > 0 && key.length <= SHORT_LENGTH) {
      this.#makeRoom(HEADER_BYTES + SHORT_LENGTH);
      if (asciiInto(key, this.#bytes, this.#end + HEADER_BYTES)) return key.length;
    }
    const bytes = encodeKey(key);
    this.#makeRoom(HEADER_BYTES + bytes.length);
    this.#bytes.set(bytes, this.#end + HEADER_BYTES);
    return bytes.length;
  }

  #finish(keyBytes: number, value: Uint8Array | undefined, expiresMs: number): void {
    const bytes = keyBytes + (value?.length ?? 0);
    this.sizeBytes += bytes;
    this.length += 1;
    // Too many are refused as a whole, once all of them are checked.
    if (this.sizeBytes > MAX_BATCH_BYTES) return;
    this.#makeRoom(HEADER_BYTES + bytes);
    const at = this.#end;
    this.#view.setUint32(at, keyBytes, true);
    this.#view.setUint32(at + 4, value ? value.length : NO_VALUE, true);
    this.#view.setFloat64(at + 8, expiresMs, true);
    if (value) this.#bytes.set(value, at + HEADER_BYTES + keyBytes);
    this.#end = at + HEADER_BYTES + bytes;
  }

  /** The key that was added last is copied, too. */
  #makeRoom(bytes: number): void {
    const wanted = this.#end + bytes;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
