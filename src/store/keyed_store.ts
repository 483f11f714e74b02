/**
 * The methods of a store, or of a part of one. They check and encode their arguments, and call the core of the open
 * store. The file is long because it is the one list of these methods. Longer methods are in other files.
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
import { NEWEST } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { afterLightWork, runInSteps, weightOf } from "../commit/event_loop.ts";
import type { EncodedBatch } from "../encoded_batch.ts";
import { type Combine, type Counted, combined, larger, smaller, sum } from "../memory/counters.ts";
import { OptionNames, signalOf } from "../options.ts";
import { BaseReader, type OpenSource } from "./base_reader.ts";
import { areTrue, toBatch } from "./batches.ts";
import type { Commits } from "./commits.ts";
import type { StoreCore } from "./core.ts";
import { RangeDeletion } from "./delete_range.ts";
import { versionPages } from "./key_versions.ts";
import { KeyWrites, type Update } from "./key_writes.ts";
import { approximateSize, compact, verify } from "./maintenance.ts";
import type { OpenStore } from "./open_store.ts";
import { toByteRange, toDeletedRange, toWatchedRanges } from "./ranges.ts";
import { BackendSource, type ReadSource, SnapshotSource } from "./read_source.ts";
import { runTransaction } from "./run_transaction.ts";
import { StoreSnapshot } from "./snapshot.ts";
import { type Watching, watchChanges } from "./watch.ts";
import { checkWriteOptions, putExpiry, readCommitOptions } from "./write_options.ts";

const SNAPSHOT_OPTIONS = new OptionNames<SnapshotOptions>({ version: true }, { example: "{ version }" });

type SnapshotOptions = NonNullable<Parameters<Store["snapshot"]>[0]>;

/**
 * A {@linkcode Store} over the keys of an open store that are in a space.
 *
 * @internal
 */
export abstract class KeyedStore extends BaseReader implements Store {
  readonly #opened: OpenStore;
  readonly #core: StoreCore;
  readonly #commits: Commits;
  readonly #writes: KeyWrites;
  readonly #newest: ReadSource;
  /** How many calls of `get` come until the next one that is timed, which is included. */
  #untilTimed = 1;

  constructor(opened: OpenStore) {
    super(opened.space);
    const { core, commits } = opened;
    this.#opened = opened;
    this.#core = core;
    this.#commits = commits;
    this.#writes = new KeyWrites(opened);
    this.#newest = new BackendSource(core.read, NEWEST, () => core.version);
    if (!core.observer.logsSlow) return;
    // Each read is timed here, so `get`, which calls it, must not time it again.
    this.#untilTimed = Number.POSITIVE_INFINITY;
    this.getSync = (key) => this.#timed(() => super.getSync(key));
  }

  abstract view<T, K = Key, P = K>(options: ViewOptions<T, K, P>): View<T, K, P>;
  abstract view(options: { readonly prefix: Key }): Store;
  abstract backup(options?: BackupOptions): ReadableStream<Uint8Array<ArrayBuffer>>;
  abstract restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult>;
  abstract close(): Promise<void>;

  get version(): number {
    return this.#core.version;
  }

  /** Times one call of some hundred. `getSync` has nothing to count with: that alone would take 3 % of its time. */
  override get(key: Key): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#untilTimed -= 1;
    return this.#untilTimed > 0 ? super.get(key) : this.#timed(() => super.get(key));
  }

  #timed<T>(read: () => T): T {
    const { observer } = this.#core;
    this.#untilTimed = observer.readsATime;
    const start = observer.start();
    const found = read();
    observer.got(start);
    return found;
  }

  async versions(key: Key): Promise<KeyVersion[]> {
    const versions: KeyVersion[] = [];
    this.#core.assertOpen("list the versions");
    for (const page of versionPages(this.#core, this.space.encode(key))) {
      versions.push(...page);
      await afterLightWork(page.reduce((weight, { value }) => weight + weightOf(value?.length ?? 0), 1));
    }
    return versions;
  }

  versionsSync(key: Key): KeyVersion[] {
    this.#core.assertOpen("list the versions");
    return [...versionPages(this.#core, this.space.encode(key))].flat();
  }

  snapshot(options?: SnapshotOptions): Snapshot {
    this.#core.assertOpen("open a snapshot");
    const { version } = SNAPSHOT_OPTIONS.read(options);
    const source = new SnapshotSource(this.#core.read, this.#core.checkVersion(version, "version"));
    return new StoreSnapshot(this.#core, this.space, source);
  }

  put(key: Key, value: Value, options?: PutOptions): Promise<void> {
    // Neither an `async` function nor a closure: these cost as much as the engine's part of the write.
    try {
      this.#writes.put(key, value, options);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#commits.committed(options?.durable);
  }

  putSync(key: Key, value: Value, options?: PutOptions): void {
    this.#writes.put(key, value, options);
    this.#commits.commitNow(options?.durable);
  }

  async delete(key: Key, options?: WriteOptions): Promise<boolean> {
    const isThere = this.#writes.delete(key, options);
    await this.#commits.committed(options?.durable);
    return isThere;
  }

  deleteSync(key: Key, options?: WriteOptions): boolean {
    const isThere = this.#writes.delete(key, options);
    this.#commits.commitNow(options?.durable);
    return isThere;
  }

  batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void> {
    try {
      this.#batch(operations, options);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#commits.committed(options?.durable);
  }

  batchSync(operations: readonly BatchOperation[], options?: WriteOptions): void {
    this.#batch(operations, options);
    this.#commits.commitNow(options?.durable);
  }

  async commit(operations: readonly BatchOperation[], options?: CommitOptions): Promise<number | undefined> {
    const version = this.#commit(operations, options);
    if (version === undefined) await afterLightWork(1);
    else await this.#commits.committed(options?.durable);
    return version;
  }

  commitSync(operations: readonly BatchOperation[], options?: CommitOptions): number | undefined {
    const version = this.#commit(operations, options);
    if (version !== undefined) this.#commits.commitNow(options?.durable);
    return version;
  }

  async deleteRange(range: SnapshotRange, options?: LongOptions): Promise<number> {
    return await this.deleteIn(toDeletedRange(range, this.space), options, this.openAt(range.snapshot));
  }

  deleteRangeSync(range: SnapshotRange): number {
    return this.deleteInSync(toDeletedRange(range, this.space), this.openAt(range.snapshot));
  }

  /** As {@linkcode Store.deleteRange}, for a range in bytes. */
  async deleteIn(range: ByteRange, options?: LongOptions, open: OpenSource = this.open): Promise<number> {
    const signal = signalOf(options);
    const deletion = this.#deletion(range, open);
    try {
      const wait = () => (deletion.isSyncDue ? this.#commits.writes.committed() : undefined);
      await runInSteps(() => deletion.step(), { signal, wait });
    } finally {
      deletion.release();
    }
    await this.#commits.writes.committed();
    return deletion.count;
  }

  /** As {@linkcode Store.deleteRangeSync}, for a range in bytes. */
  deleteInSync(range: ByteRange, open: OpenSource = this.open): number {
    const deletion = this.#deletion(range, open);
    while (deletion.step());
    this.#commits.commitNow();
    return deletion.count;
  }

  async compareAndSet(
    key: Key,
    expectedVersion: number | undefined,
    value: Value,
    options?: PutOptions,
  ): Promise<boolean> {
    return await this.#settled(this.#writes.compareAndSet(key, expectedVersion, value, options), options);
  }

  compareAndSetSync(key: Key, expectedVersion: number | undefined, value: Value, options?: PutOptions): boolean {
    return this.#settledNow(this.#writes.compareAndSet(key, expectedVersion, value, options), options);
  }

  async compareAndDelete(key: Key, expectedVersion: number, options?: WriteOptions): Promise<boolean> {
    return await this.#settled(this.#writes.compareAndDelete(key, expectedVersion, options), options);
  }

  compareAndDeleteSync(key: Key, expectedVersion: number, options?: WriteOptions): boolean {
    return this.#settledNow(this.#writes.compareAndDelete(key, expectedVersion, options), options);
  }

  async touch(key: Key, ttl: number, options?: WriteOptions): Promise<boolean> {
    return await this.#settled(this.#writes.touch(key, ttl, options), options);
  }

  touchSync(key: Key, ttl: number, options?: WriteOptions): boolean {
    return this.#settledNow(this.#writes.touch(key, ttl, options), options);
  }

  async update<V extends Value>(key: Key, update: Update<V>, options?: PutOptions): Promise<V | undefined> {
    const value = this.#writes.update(key, update, options);
    await this.#settled(value !== undefined, options);
    return value;
  }

  updateSync<V extends Value>(key: Key, update: Update<V>, options?: PutOptions): V | undefined {
    const value = this.#writes.update(key, update, options);
    this.#settledNow(value !== undefined, options);
    return value;
  }

  increment(key: Key, by?: number, options?: PutOptions): Promise<number>;
  increment(key: Key, by: bigint, options?: PutOptions): Promise<bigint>;
  increment(key: Key, by: Counted = 1, options?: PutOptions): Promise<never> {
    return this.#count(key, sum, by, options) as Promise<never>;
  }

  min(key: Key, value: number, options?: PutOptions): Promise<number>;
  min(key: Key, value: bigint, options?: PutOptions): Promise<bigint>;
  min(key: Key, value: Counted, options?: PutOptions): Promise<never> {
    return this.#count(key, smaller, value, options) as Promise<never>;
  }

  max(key: Key, value: number, options?: PutOptions): Promise<number>;
  max(key: Key, value: bigint, options?: PutOptions): Promise<bigint>;
  max(key: Key, value: Counted, options?: PutOptions): Promise<never> {
    return this.#count(key, larger, value, options) as Promise<never>;
  }

  async append(key: Key, end: Value, options?: PutOptions): Promise<void> {
    this.#core.assertWritable("append");
    putExpiry(options);
    this.#write(toBatch([{ type: "append", key, value: end, ttl: options?.ttl }], this.space));
    await this.#commits.committed(options?.durable);
  }

  async transaction<T>(run: (transaction: Transaction) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
    return await runTransaction(this.#opened, run, options);
  }

  watch<E extends KeyEncoding = "utf8">(
    range?: ReadRange<E> | WatchedRanges<E>,
    options?: WatchOptions,
  ): AsyncIterable<ChangeIn<E>> {
    return this.watchIn(toWatchedRanges(range, this.space), this.formatOf(range as ReadRange<E>), options);
  }

  /** As {@linkcode Store.watch}, for ranges in bytes. `decode` makes the changes. */
  watchIn<E extends KeyEncoding>(...watching: Watching<E>): AsyncIterable<ChangeIn<E>> {
    return watchChanges(this.#core, ...watching);
  }

  flush(): Promise<void> {
    return this.#commits.flush();
  }

  flushSync(): void {
    this.#commits.flushNow();
  }

  compact(options?: LongOptions): Promise<CompactResult> {
    return compact(this.#core, options);
  }

  verify(options?: LongOptions): Promise<VerifyResult> {
    return verify(this.#core, options);
  }

  async approximateSize(range?: KeyRange, options?: LongOptions): Promise<number> {
    return await this.sizeIn(toByteRange(range, this.space), options);
  }

  /** As {@linkcode Store.approximateSize}, for a range in bytes. */
  async sizeIn(range: ByteRange, options?: LongOptions): Promise<number> {
    return await approximateSize(this.#core, range, options);
  }

  metrics(): StoreMetrics {
    this.#core.assertOpen("read the metrics");
    return this.#core.run((backend) => backend.metrics());
  }

  latencies(): StoreLatencies {
    this.#core.assertOpen("read the latencies");
    return this.#core.observer.latencies;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly open = (action: string): ReadSource => {
    this.#core.assertOpen(action);
    return this.#newest;
  };

  protected override openAt(snapshot: Snapshot | undefined): OpenSource {
    if (snapshot === undefined) return this.open;
    if (snapshot instanceof StoreSnapshot && snapshot.isOf(this.#core)) return snapshot.open;
    throw new TypeError("Wrong range option 'snapshot': expected one of this store");
  }

  #batch(operations: readonly BatchOperation[], options: WriteOptions | undefined): void {
    this.#core.assertWritable("commit a batch");
    checkWriteOptions(options);
    this.#write(toBatch(operations, this.space));
  }

  /** Returns the version, or `undefined` if a check is not true. */
  #commit(operations: readonly BatchOperation[], options: CommitOptions | undefined): number | undefined {
    this.#core.assertWritable("commit");
    const { checks = [] } = readCommitOptions(options);
    const core = this.#core;
    const { version } = core;
    const isTrue = areTrue(checks, this.space, core);
    const batch = toBatch(operations, this.space);
    // A getter of an operation may have written to the store.
    if (!isTrue || (core.version !== version && !areTrue(checks, this.space, core))) {
      batch.release();
      return undefined;
    }
    this.#write(batch);
    return core.version;
  }

  #write(batch: EncodedBatch): void {
    try {
      if (batch.length > 0) this.#commits.batch(batch);
    } finally {
      batch.release();
    }
  }

  #deletion(range: ByteRange, open: OpenSource): RangeDeletion {
    this.#core.assertWritable("delete a range");
    return new RangeDeletion(open("delete a range").hold(), range, (operations) => {
      this.#core.assertWritable("delete a range");
      this.#commits.batch(operations);
    });
  }

  async #count<N extends Counted>(key: Key, combine: Combine, given: N, options: PutOptions | undefined): Promise<N> {
    const { update, made } = combined(combine, given);
    await this.update(key, update, options);
    return made() as N;
  }

  /** Waits for a write, if there was one; returns whether there was. */
  async #settled(hasWritten: boolean, options: WriteOptions | undefined): Promise<boolean> {
    if (hasWritten) await this.#commits.committed(options?.durable);
    else await afterLightWork(1);
    return hasWritten;
  }

  /** As {@linkcode KeyedStore.#settled}, but returns when the write is done. */
  #settledNow(hasWritten: boolean, options: WriteOptions | undefined): boolean {
    if (hasWritten) this.#commits.commitNow(options?.durable);
    return hasWritten;
  }
}
