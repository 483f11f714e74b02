/**
 * What all stores share: lifecycle, validation, encoding and group commit over a backend that only holds bytes.
 *
 * @module
 */

import type { BackupHeader, BackupInfo, BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import type { ChangeIn, WatchOptions } from "../api/changes.ts";
import type { KeyRange } from "../api/range.ts";
import type { LongOptions, ReadRange, Snapshot } from "../api/reader.ts";
import type { CompactResult, Store, VerifyResult } from "../api/store.ts";
import type { Transaction, TransactionOptions } from "../api/transaction.ts";
import type { View, ViewOptions } from "../api/view.ts";
import type { BatchOperation, KeyVersion, PutOptions } from "../api/writes.ts";
import { type Backend, type Damage, NEWEST, type StoredOperation, type VersionPlace } from "../backend.ts";
import { StreamSource } from "../backup/source.ts";
import { MemorySpool, type Spool } from "../backup/spool.ts";
import type { ByteRange } from "../byte_range.ts";
import { Background } from "../commit/background.ts";
import { CommitQueue } from "../commit/queue.ts";
import { afterLightWork, runInSteps, Turns, weightOf } from "../commit/turns.ts";
import { borrowKey, describe, encodeKey, encodeValue, type Key, NotUtf8Error, type Value } from "../encoding.ts";
import { messageOf, RefusedError, StoreError } from "../errors.ts";
import type { KeyEncoding } from "../key_format.ts";
import type { StoreMetrics } from "../metrics.ts";
import { checkSignal, OptionNames, signalOf } from "../options.ts";
import { backupStream } from "./backup.ts";
import { BaseReader } from "./base_reader.ts";
import { toOperations } from "./batches.ts";
import { Contention } from "./contention.ts";
import { RangeDeletion } from "./delete_range.ts";
import { expiryOf } from "./expiry.ts";
import { formatOf, toByteRange, toDeletedRange } from "./ranges.ts";
import { BackendSource, type ReadSource, type Run, SnapshotSource } from "./read_source.ts";
import { apply, checkFits, receive } from "./restore.ts";
import { runTransaction } from "./run_transaction.ts";
import { StoreSnapshot } from "./snapshot.ts";
import { StoreView, type ViewedStore } from "./view.ts";
import { Watch } from "./watch.ts";
import { Watchers } from "./watchers.ts";

const NOTHING = new Uint8Array(0);
/** What a flush or a transaction that has nothing to write counts as light work. */
const NO_COMMIT = 8;
const SNAPSHOT_OPTIONS = new OptionNames<SnapshotOptions>({ version: true }, { example: "{ version }" });
const WATCH_OPTIONS = new OptionNames<WatchOptions>({ since: true, signal: true }, { example: "{ since }" });
const BACKUP_OPTIONS = new OptionNames<BackupOptions>({ since: true, signal: true }, { example: "{ since }" });
const RESTORE_OPTIONS = new OptionNames<RestoreOptions>({ signal: true }, { example: "{ signal }" });

type SnapshotOptions = NonNullable<Parameters<Store["snapshot"]>[0]>;

/** How a store behaves, whatever holds its data. */
export interface StoreBehaviour {
  /** With it a write settles once it is durable, without once it survives the end of the process. */
  readonly syncWrites: boolean;
  readonly readOnly: boolean;
  /** Where a backup is kept while it is restored. Default: in memory. */
  spool?(): Spool;
  /** Called when the store failed. */
  failed?(error: unknown): void;
  /** Called when the store is closed, and did not fail. */
  closed?(): void;
  /** Called before that, and after a failure: nothing of the store can write any more. */
  released?(): void;
  /** Called for an error while a failed store was given back: its callers get the failure that came first. */
  leftBehind?(error: unknown): void;
}

/**
 * A {@linkcode Store} over a {@linkcode Backend}.
 *
 * @internal
 */
export abstract class BaseStore extends BaseReader implements ViewedStore {
  readonly #backend: Backend;
  readonly #newest: ReadSource;
  readonly #behaviour: StoreBehaviour;
  /** What a write waits for. */
  readonly #writes: CommitQueue;
  readonly #flushes: CommitQueue;
  readonly #background: Background;
  readonly #turns = new Turns();
  readonly #contention = new Contention();
  readonly #watchers = new Watchers();
  #version: number;
  #settledVersion: number;
  #closing: Promise<void> | undefined;
  /** Whether the backend is being closed, or is: nothing may be asked of it any more. */
  #isClosed = false;
  #failure: unknown;
  /** The failure while it is a lost lock that no call has met: the first one gets it. */
  #untold: StoreError | undefined;
  /** Ends the restore that is going on, unless it is being applied already. */
  #restore: AbortController | undefined;
  #restored: Promise<unknown> = Promise.resolve();
  #isApplying = false;

  /** Takes the backend over. */
  constructor(backend: Backend, behaviour: StoreBehaviour) {
    super();
    this.#backend = backend;
    this.#behaviour = behaviour;
    this.#version = this.#settledVersion = backend.version;
    this.#newest = new BackendSource(this.#read);
    this.#writes = new CommitQueue(() => {
      const committing = this.#settle((backend) => (behaviour.syncWrites ? backend.sync() : backend.writeOut()));
      if (committing) return committing.then(() => this.#catchUp());
      return backend.isBehind ? this.#catchUp() : this.#turns.next();
    });
    this.#flushes = new CommitQueue(() => this.#settle((backend) => backend.sync()) ?? afterLightWork(NO_COMMIT));
    this.#background = new Background(
      () => this.#step(),
      () => backend.congestion(),
    );
    backend.onFailure(BaseStore.#failureListener(new WeakRef(this)));
  }

  /**
   * Whoever gives the backend back once the store was collected must not keep it. Made here, since closures of one function keep
   * everything that any of them uses.
   */
  static #failureListener(self: WeakRef<BaseStore>): (error: unknown) => void {
    return (error) => {
      const store = self.deref();
      if (store) store.#failUnseen(error);
    };
  }

  get version(): number {
    return this.#version;
  }

  async versions(key: Key): Promise<KeyVersion[]> {
    const versions: KeyVersion[] = [];
    this.#assertOpen("list the versions");
    for (const page of this.#versionPages(encodeKey(key))) {
      versions.push(...page);
      await afterLightWork(page.reduce((weight, { value }) => weight + weightOf(value?.length ?? 0), 1));
    }
    return versions;
  }

  versionsSync(key: Key): KeyVersion[] {
    this.#assertOpen("list the versions");
    return [...this.#versionPages(encodeKey(key))].flat();
  }

  *#versionPages(key: Uint8Array): Generator<KeyVersion[]> {
    let from: VersionPlace | undefined;
    do {
      this.#assertOpen("list the versions");
      const { versions, next } = this.#run((backend) => backend.versions(key, from));
      yield versions.map(({ version, value, expiresMs }) => ({
        version,
        ...(value ? { value } : {}),
        deleted: value === undefined && expiresMs === 0,
        ...(expiresMs === 0 ? {} : { expiresAt: expiresMs }),
      }));
      from = next;
    } while (from);
  }

  snapshot(options?: SnapshotOptions): Snapshot {
    this.#assertOpen("open a snapshot");
    const { version } = SNAPSHOT_OPTIONS.read(options);
    return new StoreSnapshot(this, new SnapshotSource(this.#read, this.#checkVersion(version, "version")));
  }

  put(key: Key, value: Value, options?: PutOptions): Promise<void> {
    return this.#write(() => this.#put(key, value, options));
  }

  putSync(key: Key, value: Value, options?: PutOptions): void {
    this.#put(key, value, options);
    this.#commitNow();
  }

  delete(key: Key): Promise<void> {
    return this.#write(() => this.#delete(key));
  }

  deleteSync(key: Key): void {
    this.#delete(key);
    this.#commitNow();
  }

  batch(operations: readonly BatchOperation[]): Promise<void> {
    return this.#write(() => this.#batch(operations));
  }

  batchSync(operations: readonly BatchOperation[]): void {
    this.#batch(operations);
    this.#commitNow();
  }

  async deleteRange(range: KeyRange, options?: LongOptions): Promise<number> {
    return await this.deleteIn(toDeletedRange(range), options);
  }

  deleteRangeSync(range: KeyRange): number {
    const deletion = this.#deletion(toDeletedRange(range));
    while (deletion.step());
    this.#commitNow();
    return deletion.count;
  }

  /** As {@linkcode Store.deleteRange}, of a range in bytes. */
  async deleteIn(range: ByteRange, options: LongOptions | undefined): Promise<number> {
    const signal = signalOf(options);
    const deletion = this.#deletion(range);
    try {
      await runInSteps(() => deletion.step(), { signal, wait: () => this.#writes.committed() });
    } finally {
      deletion.release();
    }
    await this.#writes.committed();
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
    await this.#writes.committed();
    return true;
  }

  compareAndSetSync(key: Key, expectedVersion: number | undefined, value: Value, options?: PutOptions): boolean {
    const isSet = this.#compareAndPut(key, expectedVersion, value, options);
    if (isSet) this.#commitNow();
    return isSet;
  }

  async transaction<T>(run: (transaction: Transaction) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
    const begin = () => {
      this.#assertOpen("begin a transaction");
      return new SnapshotSource(this.#read, this.#version);
    };
    return await runTransaction(
      {
        begin,
        commit: (transaction) => {
          const operations = transaction.operations();
          if (operations.length === 0) return afterLightWork(NO_COMMIT) ?? Promise.resolve();
          this.#assertWritable("commit a transaction");
          const isOutdated =
            this.#version > transaction.version && this.#run((backend) => transaction.isOutdated(backend));
          if (isOutdated) return undefined;
          this.#commit(operations);
          return this.#writes.committed();
        },
        contention: this.#contention,
      },
      run,
      options,
    );
  }

  watch<E extends KeyEncoding = "utf8">(range?: ReadRange<E>, options?: WatchOptions): AsyncIterable<ChangeIn<E>> {
    this.#assertOpen("watch");
    const { reverse: _reverse, limit: _limit, ...bytes } = toByteRange(range);
    const { since, signal: given } = WATCH_OPTIONS.read(options);
    const signal = checkSignal(given);
    const watched = { range: bytes, format: formatOf(range), since: this.#checkVersion(since, "since"), signal };
    const store = this;
    const host = {
      run: this.#read,
      get version() {
        return store.#version;
      },
      get settledVersion() {
        return store.#settledVersion;
      },
      isFinal: this.#behaviour.readOnly,
      isOver: () => {
        this.#assertSound("watch");
        return this.#closing !== undefined;
      },
      lookout: (bytes: ByteRange) => this.#watchers.lookout(bytes),
    };
    return { [Symbol.asyncIterator]: () => new Watch(host, watched) };
  }

  view<T>(options: ViewOptions<T>): View<T> {
    return new StoreView(this, NOTHING, options);
  }

  async flush(): Promise<void> {
    this.#assertOpen("flush");
    await this.#flushes.committed();
  }

  flushSync(): void {
    this.#assertOpen("flush");
    this.#run((backend) => backend.syncNow());
    this.#told(this.#version);
  }

  async compact(options?: LongOptions): Promise<CompactResult> {
    const signal = signalOf(options);
    this.#assertWritable("compact");
    const bytesBefore = this.#run((backend) => backend.sizeBytes());
    await this.#runInSteps("compact", signal, (backend) => backend.compactStep());
    this.#assertOpen("compact");
    // What is removed may still wait for a sync before it: until then it takes its space.
    await this.#run((backend) => backend.filesSettled());
    this.#assertOpen("compact");
    return { bytesBefore, bytesAfter: this.#run((backend) => backend.sizeBytes()) };
  }

  async verify(options?: LongOptions): Promise<VerifyResult> {
    const signal = signalOf(options);
    const damages: Damage[] = [];
    let [entries, first] = [0, true];
    await this.#runInSteps("verify", signal, (backend) => {
      const step = backend.verifyStep(first);
      [entries, first] = [step.entries, false];
      damages.push(...step.damages);
      return step.more;
    });
    return { entries, damages };
  }

  backup(options?: BackupOptions): ReadableStream<Uint8Array> {
    const action = "back up";
    this.#assertOpen(action);
    const { since, signal } = BACKUP_OPTIONS.read(options);
    const store = this;
    const host = {
      run: this.#run,
      version: this.#version,
      flush: () => this.flush(),
      get isOpen() {
        return !store.#closing && store.#failure === undefined;
      },
      check: () => this.#assertOpen(action),
    };
    return backupStream(
      host,
      since === undefined ? undefined : this.#checkVersion(since, "since"),
      checkSignal(signal),
    );
  }

  async restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult> {
    this.#assertWritable("restore");
    const signal = checkSignal(RESTORE_OPTIONS.read(options).signal);
    if (this.#restore) throw new StoreError("STORE_RESTORING", "Cannot restore: another restore is going on");
    signal?.throwIfAborted();
    const ending = new AbortController();
    const source = new StreamSource(stream, ending.signal);
    const abort = () => ending.abort(signal?.reason);
    signal?.addEventListener("abort", abort);
    this.#restore = ending;
    const restored = this.#receiveAndApply(source, ending.signal);
    this.#restored = restored.catch(() => {});
    try {
      return await restored;
    } catch (error) {
      await source.cancel(error);
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      source.release();
      this.#restore = undefined;
    }
  }

  metrics(): StoreMetrics {
    this.#assertOpen("read the metrics");
    return this.#run((backend) => backend.metrics());
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
    this.#assertOpen(action);
    return this.#newest;
  }

  #put(key: Key, value: Value, options: PutOptions | undefined): void {
    this.#assertWritable("put");
    const [expiresMs, valueBytes, keyBytes] = [expiryOf(options), encodeValue(value), borrowKey(key)];
    const version = this.#run((backend) => backend.put(keyBytes, valueBytes, expiresMs));
    this.#written(version, keyBytes);
  }

  #delete(key: Key): void {
    this.#assertWritable("delete");
    const bytes = borrowKey(key);
    const version = this.#run((backend) => backend.delete(bytes));
    this.#written(version, bytes);
  }

  #batch(operations: readonly BatchOperation[]): void {
    this.#assertWritable("commit a batch");
    const stored = toOperations(operations);
    if (stored.length > 0) this.#commit(stored);
  }

  #commit(operations: readonly StoredOperation[]): void {
    const version = this.#run((backend) => backend.batch(operations));
    for (const { key } of operations) this.#watchers.wrote(key, version);
    this.#advanced(version);
  }

  #compareAndPut(
    key: Key,
    expectedVersion: number | undefined,
    value: Value,
    options: PutOptions | undefined,
  ): boolean {
    this.#assertWritable("compare and set");
    if (expectedVersion !== undefined && typeof expectedVersion !== "number") {
      throw new TypeError(`Wrong expected version: expected a number or undefined, got ${describe(expectedVersion)}`);
    }
    const [keyBytes, valueBytes, expiresMs] = [encodeKey(key), encodeValue(value), expiryOf(options)];
    if (this.#run((backend) => backend.versionOf(keyBytes, NEWEST)) !== expectedVersion) return false;
    const version = this.#run((backend) => backend.put(keyBytes, valueBytes, expiresMs));
    this.#written(version, keyBytes);
    return true;
  }

  #deletion(range: ByteRange): RangeDeletion {
    this.#assertWritable("delete a range");
    return new RangeDeletion(this.#newest.hold(), range, (operations) => {
      this.#assertWritable("delete a range");
      this.#commit(operations);
    });
  }

  #written(version: number, key: Uint8Array): void {
    this.#watchers.wrote(key, version);
    this.#advanced(version);
  }

  #advanced(version: number): void {
    this.#version = version;
    if (this.#backend.hasWork) this.#background.wake();
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

  #commitNow(): void {
    this.#run((backend) => (this.#behaviour.syncWrites ? backend.syncNow() : backend.writeOutNow()));
    this.#told(this.#version);
  }

  /** Begins to commit what waits, unless the store failed meanwhile. */
  #settle(commit: (backend: Backend) => Promise<void> | undefined): Promise<void> | undefined {
    this.#assertSound("commit");
    const version = this.#version;
    const committing = this.#run(commit);
    if (!committing) {
      this.#told(version);
      return undefined;
    }
    return committing.then(
      () => this.#told(version),
      (error: unknown) => {
        this.#fail(error);
        this.#untold = undefined;
        // What failed before, elsewhere, is why this did: files that were given up.
        if (causeOf(this.#failure) !== causeOf(error)) this.#assertSound("commit");
        throw error;
      },
    );
  }

  /** Commits up to this one may be told. */
  #told(version: number): void {
    this.#settledVersion = Math.max(this.#settledVersion, version);
    this.#watchers.settled(this.#settledVersion);
  }

  /**
   * Writers wait until the work behind their writes has caught up: what is not done, and the memory it needs, is bounded, and no
   * write has to do the work itself.
   */
  async #catchUp(): Promise<void> {
    const step = () => this.#backend.isBehind && this.#closing === undefined && this.#step();
    await runInSteps(step, { wait: () => this.#backend.congestion() });
  }

  /** Nobody waits for a step: what fails it fails the store, and the next call says so. */
  #step(): boolean {
    if (this.#failure !== undefined) return false;
    try {
      return this.#backend.step();
    } catch (error) {
      if (!isOfOneCall(error)) this.#failUnseen(error);
      return false;
    }
  }

  async #runInSteps(
    action: string,
    signal: AbortSignal | undefined,
    step: (backend: Backend) => boolean,
  ): Promise<void> {
    const checked = () => {
      this.#assertOpen(action);
      return this.#run(step);
    };
    await runInSteps(checked, { signal, wait: () => this.#backend.congestion() });
  }

  async #receiveAndApply(source: StreamSource, signal: AbortSignal): Promise<RestoreResult> {
    const spool = this.#behaviour.spool?.() ?? new MemorySpool();
    const check = (header: BackupHeader) => checkFits(this.#run, this.#version, header);
    let info: BackupInfo;
    try {
      info = await receive(source, spool, check);
      await this.#flushes.committed();
      signal.throwIfAborted();
      // Others may have written meanwhile; from here on they cannot.
      check(info);
      this.#assertUnused();
      this.#isApplying = true;
    } catch (error) {
      this.#discard(spool);
      throw error;
    }
    await this.#apply(spool, info.to);
    const { entries, deletions, bytes } = info;
    return { version: this.#version, entries, deletions, bytes };
  }

  /** The caller gets the error that came before. */
  #discard(spool: Spool): void {
    try {
      spool.discard();
    } catch (left) {
      this.#behaviour.leftBehind?.(left);
    }
  }

  /** What fails here fails the store: the next open goes on, or finds nothing of it. */
  async #apply(spool: Spool, version: number): Promise<void> {
    try {
      await spool.seal();
      await apply(this.#run, spool.read());
      await spool.done();
      this.#watchers.wroteAll(this.#version + 1);
      this.#version = this.#run((backend) => backend.version);
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      this.#isApplying = false;
    }
    this.#told(version);
    if (this.#backend.hasWork) this.#background.wake();
  }

  #assertUnused(): void {
    const { openSnapshots } = this.#run((backend) => backend.metrics());
    if (openSnapshots === 0) return;
    const what = `${openSnapshots} snapshots, transactions, iterators or backups are open`;
    throw new StoreError("STORE_BUSY", `Cannot restore: ${what}`);
  }

  async #close(): Promise<void> {
    this.#background.stop();
    this.#contention.release();
    if (this.#restore) {
      this.#restore.abort(new StoreError("STORE_CLOSED", "Cannot restore: the store is closed"));
      await this.#restored;
    }
    await this.#writes.drained();
    await this.#flushes.drained();
    this.#watchers.wakeAll();
    if (this.#failure !== undefined) return;
    const step = () => this.#failure === undefined && this.#run((backend) => backend.closeStep());
    await runInSteps(step, { wait: () => this.#backend.congestion() });
    try {
      if (this.#failure === undefined) {
        this.#isClosed = true;
        await this.#backend.close();
      }
    } catch (error) {
      this.#fail(error);
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#behaviour.released?.();
    this.#behaviour.closed?.();
  }

  #checkVersion(version: unknown, name: string): number {
    if (version === undefined) return this.#version;
    if (typeof version !== "number") {
      throw new TypeError(`Wrong option '${name}': expected a number, got ${describe(version)}`);
    }
    if (Number.isInteger(version) && version >= 0 && version <= this.#version) return version;
    throw new RangeError(`Wrong option '${name}': expected a version from 0 to ${this.#version}, got ${version}`);
  }

  #assertOpen(action: string): void {
    if (this.#closing) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the store is closed`);
    this.#assertSound(action);
    if (this.#isApplying) throw new StoreError("STORE_RESTORING", `Cannot ${action}: a backup is being restored`);
  }

  #assertSound(action: string): void {
    if (this.#failure === undefined) return;
    const untold = this.#untold;
    this.#untold = undefined;
    if (untold) throw untold;
    const message = `Cannot ${action}: the store failed before: ${messageOf(this.#failure)}`;
    throw new StoreError("STORE_FAILED", message, { cause: this.#failure });
  }

  #assertWritable(action: string): void {
    this.#assertOpen(action);
    if (this.#behaviour.readOnly)
      throw new StoreError("STORE_READ_ONLY", `Cannot ${action}: the store is open for reading only`);
  }

  /** Runs a call of what reads a store that may be closed meanwhile. */
  readonly #read: Run = (call) => {
    this.#assertOpen("read");
    return this.#run(call);
  };

  /** Runs a call of the backend; one that fails fails the store for good: what it holds in memory may be wrong. */
  readonly #run: Run = (call) => {
    // What waited meanwhile, and what was begun by who knew nothing of the end.
    if (this.#isClosed) this.#assertOpen("go on");
    try {
      return call(this.#backend);
    } catch (error) {
      if (!isOfOneCall(error)) this.#fail(error);
      throw error;
    }
  };

  /** As {@linkcode BaseStore.#fail}, for an error that no call meets. */
  #failUnseen(error: unknown): void {
    if (this.#failure !== undefined) return;
    if (error instanceof StoreError && error.code === "LOCK_LOST") this.#untold = error;
    this.#fail(error);
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#behaviour.failed?.(error);
    for (const giveBack of [() => this.#backend.abandon(), () => this.#behaviour.released?.()]) {
      try {
        giveBack();
      } catch (left) {
        this.#behaviour.leftBehind?.(left);
      }
    }
    this.#contention.release();
    this.#watchers.wakeAll();
  }
}

/** Whether an error fails a call, and not the store. */
function isOfOneCall(error: unknown): boolean {
  if (error instanceof NotUtf8Error || error instanceof RefusedError) return true;
  return error instanceof StoreError && error.code === "OUT_OF_MEMORY";
}

function causeOf(error: unknown): unknown {
  return error instanceof StoreError ? error.cause : error;
}
