/**
 * What all stores share: lifecycle, validation, encoding and group commit over a backend that only holds bytes.
 *
 * @module
 */

import { CommitQueue } from "./commit/queue.ts";
import { decodeKey, encodeKey, encodePrefix, encodeValue, type Key, type Value } from "./encoding.ts";
import { messageOf, StoreError } from "./errors.ts";
import type { Store } from "./store.ts";

/** What holds the bytes of a store. Arguments are valid; a call that throws anything but `OUT_OF_MEMORY` is fatal. */
export interface Backend {
  get(key: Uint8Array): Uint8Array | undefined;
  has(key: Uint8Array): boolean;
  /** Must copy what it keeps. */
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** In byte order of the keys. */
  scan(prefix: Uint8Array): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
  /** Makes everything so far durable. */
  flush(): void;
  /** Makes everything durable and gives everything back. */
  close(): void;
  /** Gives everything back, as a crash would, after `failure`. */
  abandon(failure: unknown): void;
}

/** A {@linkcode Store} over a {@linkcode Backend}. */
export abstract class BaseStore implements Store {
  readonly #backend: Backend;
  readonly #syncWrites: boolean;
  readonly #queue: CommitQueue;
  #closing: Promise<void> | undefined;
  #failure: unknown;

  /** With `syncWrites` a write settles once it is durable. */
  constructor(backend: Backend, syncWrites: boolean) {
    this.#backend = backend;
    this.#syncWrites = syncWrites;
    this.#queue = new CommitQueue(() => this.#run((backend) => backend.flush()));
  }

  async get(key: Key): Promise<Uint8Array | undefined> {
    return this.getSync(key);
  }

  getSync(key: Key): Uint8Array | undefined {
    this.#assertOpen("get");
    const bytes = encodeKey(key);
    return this.#run((backend) => backend.get(bytes));
  }

  async has(key: Key): Promise<boolean> {
    return this.hasSync(key);
  }

  hasSync(key: Key): boolean {
    this.#assertOpen("has");
    const bytes = encodeKey(key);
    return this.#run((backend) => backend.has(bytes));
  }

  async put(key: Key, value: Value): Promise<void> {
    this.#put(key, value);
    if (this.#syncWrites) await this.#queue.durable();
  }

  putSync(key: Key, value: Value): void {
    this.#put(key, value);
    if (this.#syncWrites) this.#run((backend) => backend.flush());
  }

  async delete(key: Key): Promise<void> {
    this.#delete(key);
    if (this.#syncWrites) await this.#queue.durable();
  }

  deleteSync(key: Key): void {
    this.#delete(key);
    if (this.#syncWrites) this.#run((backend) => backend.flush());
  }

  async scan(prefix: Key): Promise<Map<string, Uint8Array>> {
    return this.scanSync(prefix);
  }

  scanSync(prefix: Key): Map<string, Uint8Array> {
    this.#assertOpen("scan");
    const bytes = encodePrefix(prefix);
    const entries = this.#run((backend) => Array.from(backend.scan(bytes)));
    return new Map(entries.map(({ key, value }) => [decodeKey(key), value]));
  }

  async flush(): Promise<void> {
    this.#assertOpen("flush");
    await this.#queue.durable();
  }

  flushSync(): void {
    this.#assertOpen("flush");
    this.#run((backend) => backend.flush());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #put(key: Key, value: Value): void {
    this.#assertOpen("put");
    const [keyBytes, valueBytes] = [encodeKey(key), encodeValue(value)];
    this.#run((backend) => backend.put(keyBytes, valueBytes));
  }

  #delete(key: Key): void {
    this.#assertOpen("delete");
    const bytes = encodeKey(key);
    this.#run((backend) => backend.delete(bytes));
  }

  async #close(): Promise<void> {
    this.#queue.run();
    if (this.#failure === undefined) this.#run((backend) => backend.close());
  }

  #assertOpen(action: string): void {
    if (this.#closing) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the store is closed`);
    if (this.#failure === undefined) return;
    const message = `Cannot ${action}: the store failed before: ${messageOf(this.#failure)}`;
    throw new StoreError("STORE_FAILED", message, { cause: this.#failure });
  }

  /** Runs a call of the backend; one that fails fails the store for good: what it holds in memory may be wrong. */
  #run<T>(call: (backend: Backend) => T): T {
    try {
      return call(this.#backend);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === "OUT_OF_MEMORY")) {
        this.#failure ??= error;
        this.#backend.abandon(error);
      }
      throw error;
    }
  }
}
