/**
 * Writes of one key: checks and encodes the arguments, and commits.
 *
 * @module
 */

import type { Key, Value } from "../api/keys.ts";
import type { PutOptions, WriteOptions } from "../api/writes.ts";
import { NEWEST } from "../backend.ts";
import { encodeValue } from "../encoding.ts";
import type { KeySpace } from "../key_space.ts";
import { checkExpectedVersion, checkFunction, wrongType } from "../options.ts";
import type { Commits } from "./commits.ts";
import type { StoreCore } from "./core.ts";
import type { OpenStore } from "./open_store.ts";
import { checkWriteOptions, expiryAfter, putExpiry } from "./write_options.ts";

/** What {@linkcode KeyWrites.update} calls. */
export type Update<V extends Value> = (value: Uint8Array<ArrayBuffer> | undefined) => V | undefined;

/** The writes of single keys of a store or of a part of one. Nothing is durable before the commits say so. */
export class KeyWrites {
  readonly #core: StoreCore;
  readonly #commits: Commits;
  readonly #space: KeySpace;

  constructor({ core, commits, space }: OpenStore) {
    this.#core = core;
    this.#commits = commits;
    this.#space = space;
  }

  /** See {@linkcode Store.put}. */
  put(key: Key, value: Value, options: PutOptions | undefined): void {
    this.#core.assertWritable("put");
    const expiresMs = putExpiry(options);
    const valueBytes = encodeValue(value);
    this.#commit(this.#space.borrow(key), valueBytes, expiresMs);
  }

  /** See {@linkcode Store.delete}. */
  delete(key: Key, options: WriteOptions | undefined): boolean {
    this.#core.assertWritable("delete");
    checkWriteOptions(options);
    const bytes = this.#space.borrow(key);
    const isThere = this.#versionOf(bytes) !== undefined;
    this.#remove(bytes);
    return isThere;
  }

  /** See {@linkcode Store.compareAndSet}. */
  compareAndSet(key: Key, expectedVersion: number | undefined, value: Value, options: PutOptions | undefined): boolean {
    this.#core.assertWritable("compare and set");
    checkExpectedVersion(expectedVersion);
    const [bytes, valueBytes, expiresMs] = [this.#space.encode(key), encodeValue(value), putExpiry(options)];
    if (this.#versionOf(bytes) !== expectedVersion) return false;
    this.#commit(bytes, valueBytes, expiresMs);
    return true;
  }

  /** See {@linkcode Store.compareAndDelete}. */
  compareAndDelete(key: Key, expectedVersion: number, options: WriteOptions | undefined): boolean {
    this.#core.assertWritable("compare and delete");
    if (expectedVersion === undefined) {
      throw new TypeError("Wrong expected version: expected the number of a version, got undefined");
    }
    checkExpectedVersion(expectedVersion);
    checkWriteOptions(options);
    const bytes = this.#space.encode(key);
    if (this.#versionOf(bytes) !== expectedVersion) return false;
    this.#remove(bytes);
    return true;
  }

  /** See {@linkcode Store.touch}. */
  touch(key: Key, ttl: number, options: WriteOptions | undefined): boolean {
    this.#core.assertWritable("touch");
    if (ttl === undefined) wrongType("ttl", ttl, "a number");
    checkWriteOptions(options);
    const [bytes, expiresMs] = [this.#space.encode(key), expiryAfter(ttl)];
    const found = this.#core.newest(bytes);
    if (found) this.#commit(bytes, found.value, expiresMs);
    return found !== undefined;
  }

  /** See {@linkcode Store.update}. */
  update<V extends Value>(key: Key, update: Update<V>, options: PutOptions | undefined): V | undefined {
    this.#core.assertWritable("update");
    checkFunction(update, "update with");
    // The function may change the bytes that the caller passed as the key.
    const bytes = this.#space.encode(key).slice();
    const expiresMs = putExpiry(options);
    const found = this.#core.newest(bytes);
    const { version } = this.#core;
    const value = update(found?.value);
    this.#core.assertWritable("update");
    if (this.#core.version !== version) {
      throw new TypeError("Cannot update: the function wrote to the store; expected one that only returns a value");
    }
    if (value === undefined) return undefined;
    const keepsExpiry = options?.ttl === undefined && found !== undefined;
    this.#commit(bytes, encodeValue(value), keepsExpiry ? found.expiresMs : expiresMs);
    return value;
  }

  #versionOf(key: Uint8Array): number | undefined {
    return this.#core.run((backend) => backend.versionOf(key, NEWEST));
  }

  #commit(key: Uint8Array, value: Uint8Array, expiresMs: number): void {
    const version = this.#core.run((backend) => backend.put(key, value, expiresMs));
    this.#commits.wrote(version, key);
  }

  #remove(key: Uint8Array): void {
    const version = this.#core.run((backend) => backend.delete(key));
    this.#commits.wrote(version, key);
  }
}
