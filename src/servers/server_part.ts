/**
 * A store over a server, or a part of it: the methods of `AsyncStore`. The file is long because it has each of them.
 *
 * @module
 */

import type { AsyncStore } from "../api/async_store.ts";
import type { BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import type { ChangeIn, WatchedRanges, WatchOptions } from "../api/changes.ts";
import type { LongOptions } from "../api/entries.ts";
import type { Key, KeyEncoding, Value } from "../api/keys.ts";
import type { KeyRange } from "../api/range.ts";
import type { AsyncSnapshot, ReadRange, SnapshotRange } from "../api/reader.ts";
import type { AsyncTransaction, TransactionOptions } from "../api/transaction.ts";
import type { AsyncView, ViewOptions } from "../api/view.ts";
import type { BatchOperation, CommitOptions, KeyVersion, PutOptions, WriteOptions } from "../api/writes.ts";
import type { StoredOperation, StoredValue } from "../backend.ts";
import { type ByteRange, restOf } from "../byte_range.ts";
import { type Combine, type Counted, combined, larger, smaller, sum } from "../memory/counters.ts";
import { checkArray, checkExpectedVersion, checkFunction, signalOf, wrongType } from "../options.ts";
import type { OpenSource } from "../store/base_reader.ts";
import { toKeyVersion } from "../store/key_versions.ts";
import { toOperand } from "../store/merges.ts";
import { toByteRange, toDeletedRange, toWatchedRanges } from "../store/ranges.ts";
import { StoreView, type ViewedPart } from "../store/view.ts";
import { readViewOptions } from "../store/view_codecs.ts";
import type { Watching } from "../store/watch.ts";
import { checkWriteOptions, expiryAfter, putExpiry, readCommitOptions } from "../store/write_options.ts";
import type { AsyncOperation, CommitRequest, KeyCheck } from "./backend.ts";
import type { Decided, ServerCore } from "./core.ts";
import type { LimitedSpace } from "./limited_space.ts";
import { mergesOf, ownValue, toKeyChecks, toOperations, toServerMerge } from "./requests.ts";
import { ServerReader, sumOf } from "./server_reader.ts";
import { openOfSnapshot, ServerSnapshot } from "./server_snapshot.ts";
import { runServerTransaction } from "./server_transaction.ts";
import { watchServer } from "./server_watch.ts";
import { NewestSource, type ServerOpen, serverOpen } from "./sources.ts";

/** A commit of `deleteRange` removes at most this many entries. */
const DELETED_A_COMMIT = 1000;
/** No value has this version: a check of it is never true. Below the surface it says that there is no value. */
const NO_VERSION = 0;

type Update<V> = (value: Uint8Array<ArrayBuffer> | undefined) => V | undefined;
type PartOptions<T, K, P> = ViewOptions<T, K, P> | { readonly prefix: Key };

/** See the module. */
export abstract class ServerPart extends ServerReader implements AsyncStore {
  override readonly space: LimitedSpace;
  readonly open: ServerOpen;
  protected readonly core: ServerCore;

  constructor(core: ServerCore, space: LimitedSpace) {
    super(space);
    this.core = core;
    this.space = space;
    this.open = serverOpen(new NewestSource(core), core.backend.name);
  }

  abstract backup(options?: BackupOptions): ReadableStream<Uint8Array<ArrayBuffer>>;
  abstract restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult>;
  abstract close(): Promise<void>;

  /** The newest version that this store has heard of. */
  get version(): number {
    return this.core.version;
  }

  async put(key: Key, value: Value, options?: PutOptions): Promise<void> {
    this.core.checkWrite("put");
    const expiresMs = this.#expiry(putExpiry(options));
    await this.#write([this.#put(key, value, expiresMs)]);
  }

  async delete(key: Key, options?: WriteOptions): Promise<boolean> {
    this.core.checkWrite("delete");
    checkWriteOptions(options);
    return existedIn(await this.#write([this.#deletion(key)])) > 0;
  }

  async batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void> {
    this.core.checkWrite("write a batch");
    checkWriteOptions(options);
    await this.#write(this.#operations(operations));
  }

  async commit(operations: readonly BatchOperation[], options?: CommitOptions): Promise<number | undefined> {
    this.core.checkWrite("commit");
    const { checks = [] } = readCommitOptions(options);
    const wanted = toKeyChecks(checks, this.space);
    const all = this.#operations(operations);
    if (checks.some(({ version }) => version === NO_VERSION)) return undefined;
    const decided = await this.#write(all, wanted);
    return decided.state === "done" ? decided.version : undefined;
  }

  async deleteRange(range: SnapshotRange<AsyncSnapshot>, options?: LongOptions): Promise<number> {
    const bytes = toDeletedRange(range as SnapshotRange, this.space);
    return await this.deleteIn(bytes, options, this.openAt(range.snapshot as never));
  }

  /** As {@linkcode AsyncStore.deleteRange}, for a range in bytes. */
  async deleteIn(range: ByteRange, options?: LongOptions, open: OpenSource = this.open): Promise<number> {
    const signal = signalOf(options);
    this.core.checkWrite("delete a range");
    signal?.throwIfAborted();
    const { source } = open as ServerOpen;
    const held = await source.holdNow();
    const most = Math.min(DELETED_A_COMMIT, this.core.backend.limits.operations);
    let [deleted, rest]: [number, ByteRange | undefined] = [0, { ...range, keysOnly: true }];
    try {
      while (rest && rest.limit !== 0) {
        const part: ByteRange = { ...rest, limit: Math.min(most, rest.limit ?? most) };
        const { entries, last } = await held.scan(part);
        signal?.throwIfAborted();
        this.core.checkWrite("delete a range");
        const operations = entries.map(({ key }) => ({ key, value: undefined, expiresMs: 0 }));
        if (operations.length > 0) deleted += existedIn(await this.#write(operations));
        const end: Uint8Array | undefined = last ?? (entries.length === most ? entries.at(-1)?.key : undefined);
        rest = end && restOf(rest, end, entries.length);
      }
    } finally {
      held.release();
    }
    return deleted;
  }

  async compareAndSet(key: Key, expected: number | undefined, value: Value, options?: PutOptions): Promise<boolean> {
    this.core.checkWrite("compare and set");
    checkExpectedVersion(expected);
    const operation = this.#put(key, value, this.#expiry(putExpiry(options)));
    if (expected === NO_VERSION) return false;
    const decided = await this.#write([operation], [{ key: operation.key, version: expected ?? 0 }]);
    return decided.state === "done";
  }

  async compareAndDelete(key: Key, expected: number, options?: WriteOptions): Promise<boolean> {
    this.core.checkWrite("compare and delete");
    if (expected === undefined) {
      throw new TypeError("Wrong expected version: expected the number of a version, got undefined");
    }
    checkExpectedVersion(expected);
    checkWriteOptions(options);
    const operation = this.#deletion(key);
    if (expected === NO_VERSION) return false;
    const decided = await this.#write([operation], [{ key: operation.key, version: expected }]);
    return decided.state === "done";
  }

  async touch(key: Key, ttl: number, options?: WriteOptions): Promise<boolean> {
    this.core.checkWrite("touch");
    if (ttl === undefined) wrongType("ttl", ttl, "a number");
    checkWriteOptions(options);
    const expiresMs = this.#expiry(expiryAfter(ttl));
    let isThere = false;
    await this.#change(key, (found) => {
      isThere = found !== undefined;
      return found && { value: found.value, expiresMs };
    });
    return isThere;
  }

  /** See {@linkcode AsyncStore.update}. `update` runs again if another write came in between. */
  async update<V extends Value>(key: Key, update: Update<V>, options?: PutOptions): Promise<V | undefined> {
    this.core.checkWrite("update");
    checkFunction(update, "update with");
    const expiresMs = this.#expiry(putExpiry(options));
    const keepsExpiry = options?.ttl === undefined;
    let value: V | undefined;
    await this.#change(key, (found) => {
      value = update(found?.value.slice());
      if (value === undefined) return undefined;
      return { value: ownValue(value), expiresMs: keepsExpiry ? (found?.expiresMs ?? 0) : expiresMs };
    });
    return value;
  }

  increment(key: Key, by?: number, options?: PutOptions): Promise<number>;
  increment(key: Key, by: bigint, options?: PutOptions): Promise<bigint>;
  increment(key: Key, by: Counted = 1, options?: PutOptions): Promise<never> {
    return this.#count(key, sum, by, options);
  }

  min(key: Key, value: number, options?: PutOptions): Promise<number>;
  min(key: Key, value: bigint, options?: PutOptions): Promise<bigint>;
  min(key: Key, value: Counted, options?: PutOptions): Promise<never> {
    return this.#count(key, smaller, value, options);
  }

  max(key: Key, value: number, options?: PutOptions): Promise<number>;
  max(key: Key, value: bigint, options?: PutOptions): Promise<bigint>;
  max(key: Key, value: Counted, options?: PutOptions): Promise<never> {
    return this.#count(key, larger, value, options);
  }

  async append(key: Key, end: Value, options?: PutOptions): Promise<void> {
    this.core.checkWrite("append");
    putExpiry(options);
    const own = this.space.encode(key).slice();
    const merge = toServerMerge("append", own, end, options?.ttl, (expiresMs) => this.#expiry(expiresMs));
    await this.#write([mergesOf(own, [merge])]);
  }

  async transaction<T>(
    run: (transaction: AsyncTransaction) => T | Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    this.core.check("begin a transaction");
    return await runServerTransaction(this.core, this.space, run, options);
  }

  snapshot(options?: Parameters<AsyncStore["snapshot"]>[0]): ServerSnapshot {
    this.core.check("open a snapshot");
    return new ServerSnapshot(this.core, this.space, options);
  }

  async versions(key: Key): Promise<KeyVersion[]> {
    this.core.check("read the versions of a key");
    const bytes = this.space.encode(key).slice();
    await this.core.queue.settled([bytes]);
    const versions = await this.core.backend.versions(bytes);
    return versions.map(toKeyVersion);
  }

  watch<E extends KeyEncoding = "utf8">(
    range?: ReadRange<E, AsyncSnapshot> | WatchedRanges<E>,
    options?: WatchOptions,
  ): AsyncIterable<ChangeIn<E>> {
    const given = range as ReadRange<E> | undefined;
    return this.watchIn(toWatchedRanges(given, this.space), this.formatOf(given), options);
  }

  /** As {@linkcode AsyncStore.watch}, for ranges in bytes. */
  watchIn<E extends KeyEncoding>(...watching: Watching<E>): AsyncIterable<ChangeIn<E>> {
    return watchServer(this.core, ...watching);
  }

  view<T, K = Key, P = K>(options: ViewOptions<T, K, P>): AsyncView<T, K, P>;
  view(options: { readonly prefix: Key }): AsyncStore;
  view<T, K = Key, P = K>(options: PartOptions<T, K, P>): AsyncView<T, K, P> | AsyncStore {
    const { prefix, codecs } = readViewOptions(options);
    const part = this.part(this.space.within(prefix));
    // The view has `Sync` methods, too. Its type here does not, and they throw.
    return codecs ? new StoreView(part as unknown as ViewedPart, this.core, codecs) : part;
  }

  /** A part with the keys of that space. */
  protected abstract part(space: LimitedSpace): ServerPart;

  /** Settles once the writes so far are done or have failed. */
  async flush(): Promise<void> {
    this.core.check("flush");
    await this.core.queue.idle();
  }

  async approximateSize(range?: KeyRange, options?: LongOptions): Promise<number> {
    return await this.sizeIn(toByteRange(range, this.space), options);
  }

  /** As {@linkcode AsyncStore.approximateSize}, for a range in bytes. */
  async sizeIn({ lower, lowerIncluded, upper, upperIncluded }: ByteRange, options?: LongOptions): Promise<number> {
    this.core.check("measure a range");
    const ends = { lower, lowerIncluded, upper, upperIncluded } as ByteRange;
    const { backend } = this.core;
    return await sumOf(this.open.source, ends, (_, rest) => backend.size(rest), signalOf(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected override openAt(snapshot: AsyncSnapshot | undefined): OpenSource {
    return snapshot === undefined ? this.open : openOfSnapshot(this.core, snapshot);
  }

  #expiry(expiresMs: number): number {
    return this.core.expiry(expiresMs);
  }

  #put(key: Key, value: Value, expiresMs: number): StoredOperation {
    return { key: this.space.encode(key).slice(), value: ownValue(value), expiresMs };
  }

  #deletion(key: Key): StoredOperation {
    return { key: this.space.encode(key).slice(), value: undefined, expiresMs: 0 };
  }

  #operations(operations: readonly BatchOperation[]): AsyncOperation[] {
    checkArray(operations, "a batch", "operations");
    return toOperations(operations, this.space, (expiresMs) => this.#expiry(expiresMs));
  }

  async #count(key: Key, combine: Combine, given: Counted, options: PutOptions | undefined): Promise<never> {
    this.core.checkWrite("count");
    const expiresMs = this.#expiry(putExpiry(options));
    const keepsExpiry = options?.ttl === undefined;
    // Throws for a wrong number before anything is sent.
    toOperand("increment", given, undefined);
    combined(combine, given);
    let result: Counted = given;
    await this.#change(key, (found) => {
      const { update, made } = combined(combine, given);
      const value = update(found?.value);
      result = made();
      return { value, expiresMs: keepsExpiry ? (found?.expiresMs ?? 0) : expiresMs };
    });
    return result as never;
  }

  async #change(
    key: Key,
    change: (found: StoredValue | undefined) => Omit<StoredOperation, "key"> | undefined,
  ): Promise<void> {
    await this.#write([{ key: this.space.encode(key).slice(), change }]);
  }

  async #write(operations: readonly AsyncOperation[], checks: readonly KeyCheck[] = []): Promise<Decided> {
    const request: Partial<CommitRequest> = { operations, checks };
    return await this.core.commit(request);
  }
}

function existedIn(decided: Decided): number {
  return decided.state === "done" ? decided.existed : 0;
}
