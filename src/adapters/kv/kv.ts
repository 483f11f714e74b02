/**
 * The interface of Deno KV over a store.
 *
 * @module
 */

import type { ValueEntry } from "../../api/entries.ts";
import type { Store } from "../../api/store.ts";
import { concat } from "../../bytes.ts";
import { describe } from "../../encoding.ts";
import { AtomicOperation, type Commit } from "./atomic.ts";
import { checkConsistency, checkPositive } from "./checks.ts";
import { commitVersionstamp, decodeParts, encodeParts, entryKey, Space } from "./keys.ts";
import { KvListIterator, type ListSource } from "./list.ts";
import { type Handler, Queue } from "./queue.ts";
import type {
  KvCommitResult,
  KvEnqueueOptions,
  KvEntry,
  KvEntryMaybe,
  KvKey,
  KvListOptions,
  KvListSelector,
  KvReadOptions,
  KvSetOptions,
} from "./types.ts";
import { decodeValue } from "./values.ts";
import { versionstampOf } from "./versionstamp.ts";
import { type Seen, watchKeys } from "./watch.ts";
import { write } from "./write.ts";

/** What a database is made of. */
export interface Opened {
  readonly store: Store;
  /** Called once, when the database is closed. */
  readonly release: () => Promise<void>;
}

/**
 * A key-value database with the methods of `Deno.Kv`: see {@linkcode openKv}. Reads see all writes before them. A write
 * is durable when its promise resolves.
 */
export class Kv implements Disposable, AsyncDisposable {
  readonly #store: Store;
  readonly #release: () => Promise<void>;
  readonly #closing = new AbortController();
  #released: Promise<void> | undefined;

  /** @internal */
  constructor(opened: Opened) {
    if (typeof opened?.release !== "function") throw new TypeError("Kv can not be constructed: use openKv instead");
    this.#store = opened.store;
    this.#release = opened.release;
  }

  /** The entry of a key. Value and versionstamp are `null` if there is none. */
  async get<T = unknown>(key: KvKey, options?: KvReadOptions): Promise<KvEntryMaybe<T>> {
    const [entry] = await this.getMany<[T]>([key], options);
    return entry;
  }

  /** The entries of several keys at one version, in the order of the keys. */
  async getMany<T extends readonly unknown[]>(
    keys: readonly [...{ [K in keyof T]: KvKey }],
    options?: KvReadOptions,
  ): Promise<{ [K in keyof T]: KvEntryMaybe<T[K]> }> {
    this.#assertOpen();
    checkConsistency(options);
    const encoded = encodeAll(keys);
    const entries = await this.#store.getEntries(encoded.map(entryKey));
    return showAll(encoded, entries) as { [K in keyof T]: KvEntryMaybe<T[K]> };
  }

  /**
   * Sets a key to a value that `structuredClone` can copy, or to a `KvU64`. Rejects with `TypeError` for anything else,
   * and for a wrong key or `expireIn`.
   */
  async set(key: KvKey, value: unknown, options?: KvSetOptions): Promise<KvCommitResult> {
    return (await this.atomic().set(key, value, options).commit()) as KvCommitResult;
  }

  /** Removes a key. */
  async delete(key: KvKey): Promise<void> {
    await this.atomic().delete(key).commit();
  }

  /**
   * The entries of a range. Throws `TypeError` for a selector that is not complete, and `Error` for a wrong `limit` or
   * `batchSize`.
   *
   * @example
   * ```ts
   * import { openKv } from "@luge/luge/kv";
   * import assert from "node:assert/strict";
   *
   * await using kv = await openKv(":memory:");
   * for (const name of ["ada", "bob", "eve"]) await kv.set(["user", name], name.length);
   * const page = kv.list({ prefix: ["user"] }, { limit: 2 });
   * for await (const { key, value } of page) console.log(key, value);
   * const rest = kv.list({ prefix: ["user"] }, { cursor: page.cursor });
   * for await (const { key } of rest) assert.deepEqual(key, ["user", "eve"]);
   * ```
   */
  list<T = unknown>(selector: KvListSelector, options: KvListOptions = {}): KvListIterator<T> {
    const { limit, batchSize, reverse, cursor } = options;
    checkPositive("Limit", limit);
    checkPositive("batchSize", batchSize);
    checkConsistency(options);
    const isReverse = reverse ?? false;
    return new KvListIterator<T>(this.#listSource(), { selector, limit, batchSize, isReverse, cursor });
  }

  /** A new atomic operation. */
  atomic(): AtomicOperation {
    return new AtomicOperation(this.#commit);
  }

  /** The last part of a key that is set: it becomes the versionstamp of the commit, as a string. */
  commitVersionstamp(): symbol {
    return commitVersionstamp;
  }

  /**
   * Adds a message to the queue. A listener gets it at least once, also after a restart. Rejects with `TypeError` for
   * a value that cannot be cloned, and for wrong options.
   */
  async enqueue(value: unknown, options?: KvEnqueueOptions): Promise<KvCommitResult> {
    return (await this.atomic().enqueue(value, options).commit()) as KvCommitResult;
  }

  /**
   * Calls `handler` with each message of the queue, up to 100 at a time, until the database is closed. If it throws or
   * rejects, the message comes again later. Resolves once the database is closed. Keeps the process alive.
   */
  async listenQueue(handler: Handler): Promise<void> {
    if (typeof handler !== "function") {
      throw new TypeError(`Cannot listen with ${describe(handler)}: expected a function`);
    }
    if (this.#closing.signal.aborted) throw new Error("Queue already closed");
    await Queue.of(this.#store).listen(handler, this.#closing.signal);
  }

  /**
   * A stream of the entries of keys: as they are now, and again after a change. Changes that the consumer has not read
   * yet become one. With `raw` every write counts, also one that changes nothing. The stream keeps the process alive,
   * and ends when the database is closed.
   */
  watch<T extends readonly unknown[]>(
    keys: readonly [...{ [K in keyof T]: KvKey }],
    options?: { raw?: boolean | undefined },
  ): ReadableStream<{ [K in keyof T]: KvEntryMaybe<T[K]> }> {
    this.#assertOpen();
    const encoded = encodeAll(keys);
    return watchKeys(this.#store, {
      keys: encoded.map(entryKey),
      isRaw: options?.raw ?? false,
      closing: this.#closing.signal,
      show: (seen) => showAll(encoded, seen) as { [K in keyof T]: KvEntryMaybe<T[K]> },
    });
  }

  /**
   * Closes the database. Later calls reject with an error whose name is `BadResource`. Writes that have begun become
   * durable. A store that the caller opened stays open. Throws if the database is closed already.
   */
  close(): void {
    this.#assertOpen();
    this[Symbol.dispose]();
  }

  /** As {@linkcode Kv.close}, but a second call does nothing. */
  [Symbol.dispose](): void {
    // Who wants to know about a failure uses `await using`.
    this[Symbol.asyncDispose]().catch(() => {});
  }

  /** Closes the database, and resolves once everything is durable and the directory is released. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#released ??= this.#release();
    return this.#released;
  }

  readonly #commit: Commit = async (atomic) => {
    this.#assertOpen();
    const version = await write(this.#store, atomic);
    return version === undefined ? undefined : versionstampOf(version);
  };

  #listSource(): ListSource {
    return {
      read: async ({ start, end }, { limit, isReverse }) => {
        this.#assertOpen();
        const [gte, lt] = [concat(Space.ENTRY, start), concat(Space.ENTRY, end)];
        return await this.#store.records({ gte, lt, limit, reverse: isReverse, keyEncoding: "bytes" }).toArray();
      },
      show,
    };
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw badResource();
  }
}

// The build of the package shortens class names.
Object.defineProperty(Kv, "name", { value: "Kv" });

function encodeAll(keys: readonly KvKey[]): Uint8Array[] {
  if (!Array.isArray(keys)) throw new TypeError(`Invalid keys: expected an array of keys, got ${describe(keys)}`);
  return keys.map((key) => encodeParts(key));
}

function show(key: Uint8Array, { value, version }: ValueEntry): KvEntry<unknown> {
  return { key: decodeParts(key), value: decodeValue(value), versionstamp: versionstampOf(version) };
}

function showAll(keys: readonly Uint8Array[], entries: Seen): KvEntryMaybe<unknown>[] {
  return keys.map((key, i) => {
    const entry = entries[i];
    return entry ? show(key, entry) : { key: decodeParts(key), value: null, versionstamp: null };
  });
}

/** The error of a closed database. On Deno it has Deno's own class. */
function badResource(): Error {
  const { Deno } = globalThis as { Deno?: { errors?: { BadResource?: new (message: string) => Error } } };
  const message = "Bad resource ID: the database is closed";
  if (Deno?.errors?.BadResource) return new Deno.errors.BadResource(message);
  return Object.assign(new Error(message), { name: "BadResource" });
}
