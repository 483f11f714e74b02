/**
 * What all stores share: lifecycle, validation, encoding and group commit over a backend that only holds bytes.
 *
 * @module
 */

import { Background } from "./commit/background.ts";
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
  /** Whether there is work behind the writes. */
  readonly hasWork: boolean;
  /** Does a small part of that work; says whether there is more. */
  step(): boolean;
  /** Returns when everything so far survives the end of the process. */
  writeOut(): void;
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
  /** What a write waits for. */
  readonly #writes: CommitQueue;
  readonly #commit: (backend: Backend) => void;
  readonly #flushes: CommitQueue;
  readonly #background: Background;
  readonly #readOnly: boolean;
  #closing: Promise<void> | undefined;
  #failure: unknown;

  /** With `syncWrites` a write settles once it is durable, without once it survives the end of the process. */
  constructor(backend: Backend, { syncWrites, readOnly }: { syncWrites: boolean; readOnly: boolean }) {
    this.#backend = backend;
    this.#readOnly = readOnly;
    this.#commit = syncWrites ? (backend) => backend.flush() : (backend) => backend.writeOut();
    this.#writes = new CommitQueue(() => this.#settle(this.#commit));
    this.#flushes = new CommitQueue(() => this.#settle((backend) => backend.flush()));
    this.#background = new Background(() => this.#step());
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

  put(key: Key, value: Value): Promise<void> {
    return this.#write(() => this.#put(key, value));
  }

  putSync(key: Key, value: Value): void {
    this.#put(key, value);
    this.#run(this.#commit);
  }

  delete(key: Key): Promise<void> {
    return this.#write(() => this.#delete(key));
  }

  deleteSync(key: Key): void {
    this.#delete(key);
    this.#run(this.#commit);
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
    await this.#flushes.committed();
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
    this.assertWritable("put");
    const [keyBytes, valueBytes] = [encodeKey(key), encodeValue(value)];
    this.#run((backend) => backend.put(keyBytes, valueBytes));
    if (this.#backend.hasWork) this.#background.wake();
  }

  #delete(key: Key): void {
    this.assertWritable("delete");
    const bytes = encodeKey(key);
    this.#run((backend) => backend.delete(bytes));
    if (this.#backend.hasWork) this.#background.wake();
  }

  /** For methods of one store alone: runs a call as all others are. */
  protected run<T>(action: string, call: () => T): T {
    this.#assertOpen(action);
    return this.#run(call);
  }

  /** Throws unless the store is open, and for writing. */
  protected assertWritable(action: string): void {
    this.#assertOpen(action);
    if (this.#readOnly) throw new StoreError("STORE_READ_ONLY", `Cannot ${action}: the store is open for reading only`);
  }

  /** The longest step of the work behind the writes, in milliseconds. */
  protected get longestStepMs(): number {
    return this.#background.longestMs;
  }

  /** Writes now, and waits for the commit with all others: not an `async` function, for these cost more than the write. */
  #write(write: () => void): Promise<void> {
    try {
      write();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#writes.committed();
  }

  /** Nobody waits for a step: what fails it fails the store, and the next call says so. */
  #step(): boolean {
    try {
      return this.#failure === undefined && this.#run((backend) => backend.step());
    } catch {
      return false;
    }
  }

  async #close(): Promise<void> {
    this.#background.stop();
    this.#writes.run();
    this.#flushes.run();
    if (this.#failure === undefined) this.#run((backend) => backend.close());
  }

  /** Commits what waits, unless the store failed meanwhile. */
  #settle(commit: (backend: Backend) => void): void {
    this.#assertSound("commit");
    this.#run(commit);
  }

  #assertOpen(action: string): void {
    if (this.#closing) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the store is closed`);
    this.#assertSound(action);
  }

  #assertSound(action: string): void {
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
