/**
 * The common part of all stores: the methods, which check and encode their arguments and call the core of an open
 * store. The file is long because it is the one list of these methods. Longer methods are in other files.
 *
 * @module
 */

import type { BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import type { ChangeIn, WatchOptions } from "../api/changes.ts";
import type { Key, KeyEncoding, Value } from "../api/keys.ts";
import type { StoreMetrics } from "../api/metrics.ts";
import type { KeyRange } from "../api/range.ts";
import type { LongOptions, ReadRange, Snapshot } from "../api/reader.ts";
import type { CompactResult, Store, VerifyResult } from "../api/store.ts";
import type { Transaction, TransactionOptions } from "../api/transaction.ts";
import type { View, ViewOptions } from "../api/view.ts";
import type { BatchOperation, KeyVersion, PutOptions } from "../api/writes.ts";
import { NEWEST } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { NOTHING } from "../bytes.ts";
import { afterLightWork, runInSteps, weightOf } from "../commit/event_loop.ts";
import { borrowKey, encodeKey, encodeValue } from "../encoding.ts";
import { checkExpectedVersion, OptionNames, refuseSecond, signalOf } from "../options.ts";
import { backupStream } from "./backup.ts";
import { BaseReader } from "./base_reader.ts";
import { toBatch } from "./batches.ts";
import { Commits } from "./commits.ts";
import type { StoreCore } from "./core.ts";
import { RangeDeletion } from "./delete_range.ts";
import { expiryOf } from "./expiry.ts";
import { versionPages } from "./key_versions.ts";
import { compact, verify } from "./maintenance.ts";
import { formatOf, toByteRange, toDeletedRange } from "./ranges.ts";
import { BackendSource, type ReadSource, SnapshotSource } from "./read_source.ts";
import { Restores } from "./restore.ts";
import { runTransaction } from "./run_transaction.ts";
import { StoreSnapshot } from "./snapshot.ts";
import { StoreView, type ViewedStore } from "./view.ts";
import { type Watching, watchChanges } from "./watch.ts";

const SNAPSHOT_OPTIONS = new OptionNames<SnapshotOptions>({ version: true }, { example: "{ version }" });

type SnapshotOptions = NonNullable<Parameters<Store["snapshot"]>[0]>;

/**
 * A {@linkcode Store} over a {@linkcode Backend}.
 *
 * @internal
 */
export abstract class BaseStore extends BaseReader implements ViewedStore {
  readonly #core: StoreCore;
  readonly #commits: Commits;
  readonly #restores: Restores;
  readonly #newest: ReadSource;
  #closing: Promise<void> | undefined;

  constructor(core: StoreCore) {
    super();
    this.#core = core;
    this.#commits = new Commits(core);
    this.#restores = new Restores(core, this.#commits);
    this.#newest = new BackendSource(core.read, NEWEST, () => core.version);
  }

  get version(): number {
    return this.#core.version;
  }

  async versions(key: Key): Promise<KeyVersion[]> {
    const versions: KeyVersion[] = [];
    this.#core.assertOpen("list the versions");
    for (const page of versionPages(this.#core, encodeKey(key))) {
      versions.push(...page);
      await afterLightWork(page.reduce((weight, { value }) => weight + weightOf(value?.length ?? 0), 1));
    }
    return versions;
  }

  versionsSync(key: Key): KeyVersion[] {
    this.#core.assertOpen("list the versions");
    return [...versionPages(this.#core, encodeKey(key))].flat();
  }

  snapshot(options?: SnapshotOptions): Snapshot {
    this.#core.assertOpen("open a snapshot");
    const { version } = SNAPSHOT_OPTIONS.read(options);
    return new StoreSnapshot(this, new SnapshotSource(this.#core.read, this.#core.checkVersion(version, "version")));
  }

  put(key: Key, value: Value, options?: PutOptions): Promise<void> {
    // Neither an `async` function nor a closure: these cost as much as the engine's part of the write.
    try {
      this.#put(key, value, options);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#commits.writes.committed();
  }

  putSync(key: Key, value: Value, options?: PutOptions): void {
    this.#put(key, value, options);
    this.#commits.commitNow();
  }

  delete(key: Key): Promise<void> {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    return this.#write(() => this.#delete(key, arguments));
  }

  deleteSync(key: Key): void {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    this.#delete(key, arguments);
    this.#commits.commitNow();
  }

  batch(operations: readonly BatchOperation[]): Promise<void> {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    return this.#write(() => this.#batch(operations, arguments));
  }

  batchSync(operations: readonly BatchOperation[]): void {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    this.#batch(operations, arguments);
    this.#commits.commitNow();
  }

  async deleteRange(range: KeyRange, options?: LongOptions): Promise<number> {
    return await this.deleteIn(toDeletedRange(range), options);
  }

  deleteRangeSync(range: KeyRange): number {
    const deletion = this.#deletion(toDeletedRange(range));
    while (deletion.step());
    this.#commits.commitNow();
    return deletion.count;
  }

  /** As {@linkcode Store.deleteRange}, for a range in bytes. */
  async deleteIn(range: ByteRange, options: LongOptions | undefined): Promise<number> {
    const signal = signalOf(options);
    const deletion = this.#deletion(range);
    try {
      const wait = () => (deletion.isSyncDue ? this.#commits.writes.committed() : undefined);
      await runInSteps(() => deletion.step(), { signal, wait });
    } finally {
      deletion.release();
    }
    await this.#commits.writes.committed();
    return deletion.count;
  }

  async compareAndSet(
    key: Key,
    expectedVersion: number | undefined,
    value: Value,
    options?: PutOptions,
  ): Promise<boolean> {
    if (!this.#compareAndPut(key, expectedVersion, value, options)) {
      await afterLightWork(1);
      return false;
    }
    await this.#commits.writes.committed();
    return true;
  }

  compareAndSetSync(key: Key, expectedVersion: number | undefined, value: Value, options?: PutOptions): boolean {
    const isSet = this.#compareAndPut(key, expectedVersion, value, options);
    if (isSet) this.#commits.commitNow();
    return isSet;
  }

  async transaction<T>(run: (transaction: Transaction) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
    return await runTransaction(this.#core, this.#commits, run, options);
  }

  watch<E extends KeyEncoding = "utf8">(range?: ReadRange<E>, options?: WatchOptions): AsyncIterable<ChangeIn<E>> {
    return this.watchIn(toByteRange(range), formatOf(range), options);
  }

  /** As {@linkcode Store.watch}, for a range in bytes. `decode` makes the changes. */
  watchIn<E extends KeyEncoding>(...watching: Watching<E>): AsyncIterable<ChangeIn<E>> {
    return watchChanges(this.#core, ...watching);
  }

  view<T, K = Key, P = K>(options: ViewOptions<T, K, P>): View<T, K, P> {
    return new StoreView(this, NOTHING, options);
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

  backup(options?: BackupOptions): ReadableStream<Uint8Array> {
    return backupStream(this.#core, this.#commits, options);
  }

  restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult> {
    return this.#restores.restore(stream, options);
  }

  metrics(): StoreMetrics {
    this.#core.assertOpen("read the metrics");
    return this.#core.run((backend) => backend.metrics());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected override readerOf(snapshot: Snapshot | undefined): BaseReader {
    if (snapshot === undefined) return this;
    if (snapshot instanceof StoreSnapshot && snapshot.isOf(this)) return snapshot;
    throw new TypeError("Wrong range option 'snapshot': expected one of this store");
  }

  protected source(action: string): ReadSource {
    this.#core.assertOpen(action);
    return this.#newest;
  }

  #put(key: Key, value: Value, options: PutOptions | undefined): void {
    this.#core.assertWritable("put");
    const expiresMs = expiryOf(options);
    const valueBytes = encodeValue(value);
    const keyBytes = borrowKey(key);
    const version = this.#core.run((backend) => backend.put(keyBytes, valueBytes, expiresMs));
    this.#commits.wrote(version, keyBytes);
  }

  #delete(key: Key, given: ArrayLike<unknown>): void {
    this.#core.assertWritable("delete");
    refuseSecond(given, "a key alone");
    const bytes = borrowKey(key);
    const version = this.#core.run((backend) => backend.delete(bytes));
    this.#commits.wrote(version, bytes);
  }

  #batch(operations: readonly BatchOperation[], given: ArrayLike<unknown>): void {
    this.#core.assertWritable("commit a batch");
    refuseSecond(
      given,
      'operations alone, each with its own options, such as { type: "put", key, value, ttl: 60_000 }',
    );
    const batch = toBatch(operations);
    try {
      if (batch.length > 0) this.#commits.batch(batch);
    } finally {
      batch.release();
    }
  }

  #compareAndPut(
    key: Key,
    expectedVersion: number | undefined,
    value: Value,
    options: PutOptions | undefined,
  ): boolean {
    this.#core.assertWritable("compare and set");
    checkExpectedVersion(expectedVersion);
    const [keyBytes, valueBytes, expiresMs] = [encodeKey(key), encodeValue(value), expiryOf(options)];
    if (this.#core.run((backend) => backend.versionOf(keyBytes, NEWEST)) !== expectedVersion) return false;
    const version = this.#core.run((backend) => backend.put(keyBytes, valueBytes, expiresMs));
    this.#commits.wrote(version, keyBytes);
    return true;
  }

  #deletion(range: ByteRange): RangeDeletion {
    this.#core.assertWritable("delete a range");
    return new RangeDeletion(this.#newest.hold(), range, (operations) => {
      this.#core.assertWritable("delete a range");
      this.#commits.batch(operations);
    });
  }

  /** Writes now, and waits for the group commit. Not an `async` function: it would cost more than the write. */
  #write(write: () => void): Promise<void> {
    try {
      write();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#commits.writes.committed();
  }

  async #close(): Promise<void> {
    this.#core.beginToClose();
    this.#commits.stop();
    await this.#restores.end();
    await this.#commits.drained();
    await this.#core.close();
  }
}
