/**
 * A shared store, or a part of it: the methods of `Store`. In the owner they work on the store itself. Elsewhere they
 * ask the owner. The file is long because it has each of these methods.
 *
 * @module
 */

import type { BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import type { ChangeIn, WatchedRanges, WatchOptions } from "../api/changes.ts";
import type { LongOptions } from "../api/entries.ts";
import type { Key, KeyEncoding, Value } from "../api/keys.ts";
import type { StoreLatencies } from "../api/latencies.ts";
import type { CompactResult, VerifyResult } from "../api/maintenance.ts";
import type { StoreMetrics } from "../api/metrics.ts";
import type { KeyRange } from "../api/range.ts";
import type { ReadRange, Snapshot, SnapshotRange } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { Transaction, TransactionOptions } from "../api/transaction.ts";
import type { View, ViewOptions } from "../api/view.ts";
import type { BatchOperation, CommitOptions, KeyVersion, PutOptions, WriteOptions } from "../api/writes.ts";
import type { ByteRange } from "../byte_range.ts";
import { encodeValue } from "../encoding.ts";
import type { Counted } from "../memory/counters.ts";
import { checkFunction, checkSignal, OptionNames, signalOf } from "../options.ts";
import type { OpenSource } from "../store/base_reader.ts";
import { toByteRange, toDeletedRange, toWatchedRanges } from "../store/ranges.ts";
import { wroteInside } from "../store/remote_errors.ts";
import { StoreView } from "../store/view.ts";
import { readViewOptions } from "../store/view_codecs.ts";
import type { Watching } from "../store/watch.ts";
import { putExpiry } from "../store/write_options.ts";
import type { Client } from "./client.ts";
import { notOwner } from "./owner_errors.ts";
import { ReplicaSnapshot } from "./replica_snapshot.ts";
import { visibleOf, visibleRange } from "./reserved.ts";
import { SharedReader } from "./shared_reader.ts";
import { SharedSnapshot } from "./shared_snapshot.ts";
import { type SharedOpen, storeOpen } from "./shared_source.ts";
import type { SharedSpace } from "./shared_space.ts";
import { runSharedTransaction } from "./shared_transaction.ts";
import { sentRange } from "./shared_walk.ts";
import { presentOf, SharedWatch } from "./shared_watch.ts";
import { wholeCommit, wholeKeys } from "./whole_keys.ts";

const WATCH_OPTIONS = new OptionNames<WatchOptions>({ since: true, signal: true }, { example: "{ since }" });

type Update<V> = (value: Uint8Array<ArrayBuffer> | undefined) => V | undefined;
type PartOptions<T, K, P> = ViewOptions<T, K, P> | { readonly prefix: Key };

/** See the module. */
export abstract class SharedPart extends SharedReader implements Store {
  override readonly space: SharedSpace;
  readonly open: SharedOpen;

  constructor(client: Client, space: SharedSpace) {
    super(client, space);
    this.space = space;
    this.open = storeOpen(client);
  }

  abstract backup(options?: BackupOptions): ReadableStream<Uint8Array<ArrayBuffer>>;
  abstract restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult>;
  abstract close(): Promise<void>;

  /**
   * The newest version that this process knows: in the owner that of the store, in a follower that of its replica,
   * elsewhere that of the last answer.
   */
  get version(): number {
    return this.client.near?.version ?? this.client.version;
  }

  put(key: Key, value: Value, options?: PutOptions): Promise<void> {
    return this.#write("put", key, (bytes) => [bytes, encodeValue(value), options]);
  }

  putSync(key: Key, value: Value, options?: PutOptions): void {
    this.#owner("call putSync").putSync(this.space.encode(key), value, options);
  }

  delete(key: Key, options?: WriteOptions): Promise<boolean> {
    return this.#write("delete", key, (bytes) => [bytes, options]);
  }

  deleteSync(key: Key, options?: WriteOptions): boolean {
    return this.#owner("call deleteSync").deleteSync(this.space.encode(key), options);
  }

  async batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void> {
    await this.#send("batch", [wholeKeys(this.space, operations), options]);
  }

  batchSync(operations: readonly BatchOperation[], options?: WriteOptions): void {
    this.#owner("call batchSync").batchSync(wholeKeys(this.space, operations), options);
  }

  async commit(operations: readonly BatchOperation[], options?: CommitOptions): Promise<number | undefined> {
    return (await this.#send("commit", wholeCommit(this.space, operations, options))) as number | undefined;
  }

  commitSync(operations: readonly BatchOperation[], options?: CommitOptions): number | undefined {
    return this.#owner("call commitSync").commitSync(...wholeCommit(this.space, operations, options));
  }

  async deleteRange(range: SnapshotRange, options?: LongOptions): Promise<number> {
    const deleted = toDeletedRange(range, this.space);
    if (!(range.snapshot instanceof ReplicaSnapshot)) {
      return await this.deleteIn(deleted, options, this.openAt(range.snapshot));
    }
    this.openAt(range.snapshot);
    using held = new SharedSnapshot(this.client, this.space, { version: range.snapshot.version });
    return await this.deleteIn(deleted, options, held.open);
  }

  deleteRangeSync(range: SnapshotRange): number {
    if (range?.snapshot) throw notOwner("delete a range of a snapshot without await");
    return this.deleteInSync(toDeletedRange(range, this.space));
  }

  /** As {@linkcode Store.deleteRange}, for a range in bytes. */
  async deleteIn(range: ByteRange, options?: LongOptions, open: OpenSource = this.open): Promise<number> {
    const { holder } = open as SharedOpen;
    this.open.check("delete a range");
    const call = { method: "deleteRange", args: [sentRange(visibleOf(range)), holder] };
    return (await this.client.call(call, signalOf(options), "write")) as number;
  }

  /** As {@linkcode Store.deleteRangeSync}, for a range in bytes. */
  deleteInSync(range: ByteRange): number {
    return this.#owner("call deleteRangeSync").deleteRangeSync(visibleRange(range));
  }

  compareAndSet(key: Key, expected: number | undefined, value: Value, options?: PutOptions): Promise<boolean> {
    return this.#write("compareAndSet", key, (bytes) => [bytes, expected, encodeValue(value), options]);
  }

  compareAndSetSync(key: Key, expected: number | undefined, value: Value, options?: PutOptions): boolean {
    return this.#owner("call compareAndSetSync").compareAndSetSync(this.space.encode(key), expected, value, options);
  }

  compareAndDelete(key: Key, expected: number, options?: WriteOptions): Promise<boolean> {
    return this.#write("compareAndDelete", key, (bytes) => [bytes, expected, options]);
  }

  compareAndDeleteSync(key: Key, expected: number, options?: WriteOptions): boolean {
    return this.#owner("call compareAndDeleteSync").compareAndDeleteSync(this.space.encode(key), expected, options);
  }

  touch(key: Key, ttl: number, options?: WriteOptions): Promise<boolean> {
    return this.#write("touch", key, (bytes) => [bytes, ttl, options]);
  }

  touchSync(key: Key, ttl: number, options?: WriteOptions): boolean {
    return this.#owner("call touchSync").touchSync(this.space.encode(key), ttl, options);
  }

  /** See {@linkcode Store.update}. Elsewhere than in the owner, `update` runs again if another write came in between. */
  async update<V extends Value>(key: Key, update: Update<V>, options?: PutOptions): Promise<V | undefined> {
    const bytes = this.space.encode(key).slice();
    const { local } = this.client;
    if (local) return await this.here(local.update(bytes, update, options));
    checkFunction(update, "update with");
    putExpiry(options);
    for (;;) {
      const found = await this.getEntry(key);
      const { begunWrites } = this.client;
      const value = update(found?.value);
      // It would come in between, again and again.
      if (this.client.begunWrites !== begunWrites) throw wroteInside();
      if (value === undefined) return undefined;
      this.open.check("update");
      // Also if this process has become the owner meanwhile: a store itself has no such call.
      const args = [bytes, found?.version, encodeValue(value), options];
      if (await this.client.write({ method: "replace", args })) return value;
    }
  }

  updateSync<V extends Value>(key: Key, update: Update<V>, options?: PutOptions): V | undefined {
    return this.#owner("call updateSync").updateSync(this.space.encode(key), update, options);
  }

  increment(key: Key, by?: number, options?: PutOptions): Promise<number>;
  increment(key: Key, by: bigint, options?: PutOptions): Promise<bigint>;
  increment(key: Key, by: Counted = 1, options?: PutOptions): Promise<never> {
    return this.#write("increment", key, (bytes) => [bytes, by, options]);
  }

  min(key: Key, value: number, options?: PutOptions): Promise<number>;
  min(key: Key, value: bigint, options?: PutOptions): Promise<bigint>;
  min(key: Key, value: Counted, options?: PutOptions): Promise<never> {
    return this.#write("min", key, (bytes) => [bytes, value, options]);
  }

  max(key: Key, value: number, options?: PutOptions): Promise<number>;
  max(key: Key, value: bigint, options?: PutOptions): Promise<bigint>;
  max(key: Key, value: Counted, options?: PutOptions): Promise<never> {
    return this.#write("max", key, (bytes) => [bytes, value, options]);
  }

  append(key: Key, end: Value, options?: PutOptions): Promise<void> {
    return this.#write("append", key, (bytes) => [bytes, encodeValue(end), options]);
  }

  async transaction<T>(run: (transaction: Transaction) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
    this.open.check("begin a transaction");
    return await runSharedTransaction(this.client, this.space, run, options);
  }

  snapshot(options?: Parameters<Store["snapshot"]>[0]): Snapshot {
    this.open.check("open a snapshot");
    const { local, near } = this.client;
    // The one of an owner goes through its link, so that it survives a change of the owner.
    if (near && !local) return new ReplicaSnapshot(this.client, this.space, near, options);
    return new SharedSnapshot(this.client, this.space, options);
  }

  async versions(key: Key): Promise<KeyVersion[]> {
    const bytes = this.space.encode(key);
    const replica = this.#replica("versions");
    return replica ? await replica.versions(bytes) : ((await this.ask("versions", [bytes])) as KeyVersion[]);
  }

  versionsSync(key: Key): KeyVersion[] {
    const replica = this.#replica("call versionsSync");
    return (replica ?? this.#owner("call versionsSync")).versionsSync(this.space.encode(key));
  }

  watch<E extends KeyEncoding = "utf8">(
    range?: ReadRange<E> | WatchedRanges<E>,
    options?: WatchOptions,
  ): AsyncIterable<ChangeIn<E>> {
    return this.watchIn(toWatchedRanges(range, this.space), this.formatOf(range as ReadRange<E>), options);
  }

  /** As {@linkcode Store.watch}, for ranges in bytes. */
  watchIn<E extends KeyEncoding>(...[ranges, format, options, decode]: Watching<E>): AsyncIterable<ChangeIn<E>> {
    this.open.check("watch");
    const { since, signal } = WATCH_OPTIONS.read(options);
    const sent = ranges.map((range) => sentRange(visibleOf(range)));
    // A watch without a version begins now, and not when it is read.
    const begins = since ?? this.client.near?.version ?? presentOf(this.client);
    if (typeof begins === "object") begins.catch(() => {});
    const asked = { client: this.client, ranges: sent, format, begins, signal: checkSignal(signal), decode };
    return { [Symbol.asyncIterator]: () => new SharedWatch(asked) };
  }

  view<T, K = Key, P = K>(options: ViewOptions<T, K, P>): View<T, K, P>;
  view(options: { readonly prefix: Key }): Store;
  view<T, K = Key, P = K>(options: PartOptions<T, K, P>): View<T, K, P> | Store {
    const { prefix, codecs } = readViewOptions(options);
    const part = this.part(this.space.within(prefix));
    return codecs ? new StoreView(part, this.client, codecs) : part;
  }

  /** A part with the keys of that space. */
  protected abstract part(space: SharedSpace): SharedPart;

  async flush(): Promise<void> {
    await this.ask("flush", []);
  }

  flushSync(): void {
    this.#owner("call flushSync").flushSync();
  }

  async compact(options?: LongOptions): Promise<CompactResult> {
    return (await this.ask("compact", [], options)) as CompactResult;
  }

  async verify(options?: LongOptions): Promise<VerifyResult> {
    return (await this.ask("verify", [], options)) as VerifyResult;
  }

  async approximateSize(range?: KeyRange, options?: LongOptions): Promise<number> {
    return await this.sizeIn(toByteRange(range, this.space), options);
  }

  /** As {@linkcode Store.approximateSize}, for a range in bytes. */
  async sizeIn(range: ByteRange, options?: LongOptions): Promise<number> {
    const visible = visibleOf(range);
    const replica = this.#replica("approximateSize");
    if (replica) return await replica.approximateSize(visibleRange(visible), options);
    return (await this.ask("approximateSize", [sentRange(visible)], options)) as number;
  }

  /** The metrics of the owner. Elsewhere it throws `NOT_OWNER`: see {@linkcode SharedPart.ownerMetrics}. */
  metrics(): StoreMetrics {
    return this.#owner("read the metrics").metrics();
  }

  /** The latencies of the owner. Elsewhere it throws `NOT_OWNER`: see {@linkcode SharedPart.ownerLatencies}. */
  latencies(): StoreLatencies {
    return this.#owner("read the latencies").latencies();
  }

  /** As {@linkcode SharedPart.metrics}, in every process. */
  async ownerMetrics(): Promise<StoreMetrics> {
    return (await this.ask("metrics", [])) as StoreMetrics;
  }

  /** As {@linkcode SharedPart.latencies}, in every process. */
  async ownerLatencies(): Promise<StoreLatencies> {
    return (await this.ask("latencies", [])) as StoreLatencies;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected override openAt(snapshot: Snapshot | undefined): OpenSource {
    if (snapshot === undefined) return this.open;
    const isShared = snapshot instanceof SharedSnapshot || snapshot instanceof ReplicaSnapshot;
    if (isShared && snapshot.isOf(this.client)) return snapshot.open;
    throw new TypeError("Wrong range option 'snapshot': expected one of this store");
  }

  /** The replica, in a follower. */
  #replica(what: string): Store | undefined {
    this.open.check(what);
    return this.client.local ? undefined : this.client.near;
  }

  /** The store itself, in the owner. */
  #owner(what: string): Store {
    this.open.check(what);
    const { local } = this.client;
    if (local) return local;
    throw notOwner(what);
  }

  /** A write of one key. Rejects with `TypeError` or `RangeError` if the arguments are wrong. */
  async #write<T>(method: string, key: Key, args: (bytes: Uint8Array) => readonly unknown[]): Promise<T> {
    return (await this.#send(method, args(this.space.encode(key)))) as T;
  }

  /** In the owner the write is done at the call, as in any store. */
  #send(method: string, args: readonly unknown[]): Promise<unknown> {
    this.open.check(method);
    const { local } = this.client;
    if (!local) return this.client.write({ method, args });
    const write = local[method as "put"] as unknown as (...args: readonly unknown[]) => Promise<unknown>;
    return this.here(write.apply(local, args as never));
  }
}
