/**
 * One life of a store on a simulated disk, from its open to its end. A crash is tried at every call of the disk.
 *
 * @module
 */

import { open, type SledStore, type SledStoreConfig, type Snapshot } from "../../../mod.ts";
import type { FileSystem } from "../../../src/api/file_system.ts";
import type { Random } from "../../lib/random.ts";
import { BackupChain } from "./backups.ts";
import { actBeside, verifyWhole } from "./beside.ts";
import type { Capture, SimulatedDisk } from "./disk.ts";
import type { EnginePool, Lease } from "./engine_pool.ts";
import {
  CrashFault,
  type Expectation,
  explain,
  explainsVersions,
  type Found,
  type History,
  isSame,
  type Model,
  type ModelChange,
} from "./history.ts";
import { type JobMoment, SimulatedWorkers, withWorkers } from "./jobs.ts";
import { mergesOf } from "./merges.ts";
import { lookedAround } from "./trespass.ts";
import { changesAfter, compareTold, tellUntil, Watcher } from "./watcher.ts";
import { keyOf, type Profile, sizeOf, valueFor } from "./workload.ts";

/** A wait of more turns of the event loop than this counts as a hang. */
const TURNS_TO_HANG = 20_000;
/** An open with more calls of the disk than this counts as a hang. */
const CALLS_TO_HANG = 200_000;
/**
 * What a compaction may leave at most: bytes of files for each byte of keys and values, not counting the index and
 * empty logs.
 */
const MOST_BYTES_A_KEPT_BYTE = 1.5;
const MOST_BYTES_BESIDE = 2 ** 20;
/** The index has the first key of each block, and is not compacted at once. */
const MOST_BYTES_OF_LONG_KEYS = 16 * 2 ** 20;
/** How many bytes are written in one turn to fill a lane. A lane takes 32 MiB. */
const FLOOD_BYTES = 36 * 2 ** 20;
const FLOOD_VALUE_BYTES = 3 * 2 ** 20;
/** A larger disk is flooded no more, because reading each of its states costs as much. */
const MOST_BYTES_TO_FLOOD = 8 * 2 ** 20;
/** One shared error: its stack references no life. */
const POWER_OFF = Object.assign(new Error("EIO: the power is off"), { code: "EIO" });
/**
 * The most keys whose versions are listed, beginning at any key. Listing all keys of a large store takes longer than
 * the rest.
 */
const MOST_LISTED = 60;
/** The last key that is written when a watch must deliver everything. */
const LAST_KEY = "~last";

/** A moment at which the power may fail. */
export interface Point {
  readonly capture: Capture;
  readonly expectation: Expectation;
  /** How many commits survive if only the process ends. */
  readonly settled: number;
  /** The path of the store on the disk. */
  readonly path: string;
  readonly jobs: JobMoment | undefined;
  /** The same for the other store on the disk. */
  readonly beside?: Point;
}

/** The common context of all lives of a simulation. */
export interface LifeContext {
  readonly pool: EnginePool;
  readonly random: Random;
  readonly clock: { nowMs: number; turn(): Promise<void> };
  readonly config: Pick<SledStoreConfig, "syncWrites" | "numVersionsToKeep" | "writeBufferSize" | "compression">;
  readonly profile: Profile;
  /** The store's view of a disk. */
  readonly view: (disk: SimulatedDisk) => FileSystem;
  /** Returns a number for the next value. */
  readonly nextNumber: () => number;
  /** Whether lives are backed up. */
  readonly backups: boolean;
  /** The most bytes of a request that a call of the disk transfers. */
  readonly most?: (length: number) => number;
  /** Whether lives watch, verify, list versions, and do several things at once. */
  readonly extended: boolean;
  /** Who does the jobs of its stores: by chance of its own, and with syncs or without. Default: nobody. */
  readonly jobs?: { readonly random: Random; readonly isUnsynced: boolean; done: number };
}

/** The place of a life, and what else is on the disk. */
export interface LifePlace {
  readonly path: string;
  /** The life of the other store on the disk. Its moments are recorded together with those of this life. */
  readonly beside?: Life | undefined;
  /** Whether this life is the other one, which does not listen to the disk. */
  readonly isBeside?: boolean;
}

interface LossError {
  readonly code?: string;
  readonly cause?: { readonly code?: string };
}

/** A value for a store that must not write any more. */
const LATE = new Uint8Array(20_000);

interface HeldSnapshot {
  readonly snapshot: Snapshot;
  readonly model: Model;
}

/** A life, see the module. */
export class Life {
  readonly disk: SimulatedDisk;
  readonly points: Point[] = [];
  /** How many calls of the disk this life has made. */
  calls = 0;
  readonly #context: LifeContext;
  #expectation: Expectation;
  #history: History;
  /** How many commits are certainly durable, and how many survive the end of the process. */
  #durable: number;
  #settled: number;
  /** How many commits are in progress. */
  #announced = 0;
  #store: SledStore | undefined;
  /** The store as soon as it is open, before it was compared. */
  #opened: SledStore | undefined;
  #lease: Lease | undefined;
  readonly #snapshots: HeldSnapshot[] = [];
  readonly #failures: unknown[] = [];
  readonly #backups = new BackupChain();
  #path: string;
  readonly #mayMove: boolean;
  #workers: SimulatedWorkers | undefined;
  /** The path that the store's own path points to now, and what the store changed there. */
  #elsewhere: string | undefined;
  #trespass: string | undefined;
  readonly #beside: Life | undefined;
  /** Called instead of recording a moment. */
  noted: (() => void) | undefined;
  #watcher: Watcher | undefined;

  /** `isRecorded` says whether to record the moments at which the power may fail. */
  constructor(
    context: LifeContext,
    disk: SimulatedDisk,
    expectation: Expectation,
    isRecorded: boolean,
    { path, beside, isBeside = false }: LifePlace = { path: "data" },
  ) {
    this.#context = context;
    this.#path = path;
    this.#mayMove = isRecorded;
    this.#beside = beside;
    this.disk = disk;
    disk.most = context.most;
    this.#expectation = expectation;
    this.#history = expectation.history;
    this.#durable = this.#settled = expectation.least;
    const before = () => {
      this.calls += 1;
      if (this.calls > CALLS_TO_HANG && !this.#store) throw new CrashFault("unopenable", "opening does not end");
    };
    if (isBeside) return;
    if (beside && isRecorded) beside.noted = () => this.#point();
    disk.events = isRecorded ? { before, changed: () => this.#point() } : { before };
  }

  get #open(): SledStore {
    if (!this.#store) throw new Error("The store is not open");
    return this.#store;
  }

  /** The state that a crash now must leave. */
  get expectation(): Expectation {
    const opened = this.#store !== undefined;
    const history = this.#history;
    const before = this.#expectation;
    const least = opened ? Math.max(this.#durable, this.#toldDurably) : (before.durable ?? before.least);
    const most = opened ? history.length + this.#announced : before.most;
    const told = this.#watcher?.position ?? before.told;
    const version = opened ? history.newestVersion : before.version;
    return { history, least, most, version, ...(told === undefined ? {} : { told }) };
  }

  /** How many commits a watch has delivered. It delivers only settled commits. */
  get #toldCount(): number {
    const told = this.#watcher?.position;
    return told === undefined ? 0 : this.#history.countUpTo(told);
  }

  get #toldDurably(): number {
    return this.#context.config.syncWrites === false ? 0 : this.#toldCount;
  }

  /** Opens the store and compares it with the expected content. Returns what it found. */
  async open(): Promise<Found> {
    const { pool, config, view, clock } = this.#context;
    let store: SledStore;
    const before = pool.last;
    const seen = this.#mayMove ? lookedAround(view(this.disk), (run) => this.#lookAround(run)) : view(this.disk);
    const { jobs } = this.#context;
    if (jobs) this.#workers = new SimulatedWorkers({ pool, view: seen, ...jobs });
    try {
      const opening = open({
        path: this.#path,
        fileSystem: this.#workers ? withWorkers(seen, this.#workers) : seen,
        wasm: pool.module,
        cacheSize: 1024 * 1024,
        writeBufferSize: 256 * 1024,
        workers: "auto",
        logger: SILENT,
        ...config,
      });
      store = await this.#until(opening);
    } catch (error) {
      if (pool.last !== before) this.#lease = pool.last;
      if (error instanceof CrashFault) throw error;
      throw new CrashFault("unopenable", String(error), { cause: error });
    }
    this.#lease = pool.last;
    this.#opened = store;
    const found = readAll(store);
    const count = this.#countOf(store, explain(found, this.#expectation, clock.nowMs));
    if (store.version < this.#expectation.version) {
      throw new CrashFault("wrong", `version ${store.version} after ${this.#expectation.version} was given out`);
    }
    // The version is never below one that was used before: that has just been checked.
    this.#history = this.#expectation.history.branch(count, store.version);
    this.#durable = this.#settled = 0;
    this.#store = store;
    if (this.#context.extended) this.#watcher = new Watcher(store, this.#expectation.told ?? store.version);
    return found;
  }

  /** Decides between several numbers of commits by the versions of keys. */
  #countOf(store: SledStore, counts: [number, ...number[]]): number {
    const isThere = (count: number) => {
      const commit = this.#expectation.history.commitAt(count);
      return commit?.changes.some(({ key }) => store.versionsSync(key)[0]?.version === commit.version);
    };
    const [least, ...more] = counts;
    const found = more.toReversed().find(isThere);
    if (found !== undefined || !this.#context.extended || more.length === 0) return found ?? least;
    // A deletion without older versions may be forgotten. Then the versions that it replaced decide.
    const { history } = this.#expectation;
    const changed = Array.from({ length: (counts.at(-1) ?? least) - least }, (_, i) => history.commitAt(least + i + 1));
    const keys = new Set(changed.flatMap((commit) => commit?.changes.map(({ key }) => key) ?? []));
    return counts.find((count) => this.#wrongVersions(store, history.modelAt(count), keys) === undefined) ?? least;
  }

  /** The first of some keys whose versions cannot be the rest of the model's versions. */
  #wrongVersions(store: SledStore, model: Model, keys: Iterable<string>): string | undefined {
    const { clock, config } = this.#context;
    for (const key of keys) {
      const listed = store.versionsSync(key);
      const all = model.get(key) ?? [];
      if (explainsVersions(listed, all, config.numVersionsToKeep ?? 1, clock.nowMs)) continue;
      const shown = (each: readonly { version: number; value?: Uint8Array | undefined }[]) =>
        each.map(({ version, value }) => `${version}${value ? "" : "-"}`).join();
      return `the versions of '${key.slice(0, 40)}' are ${shown(listed)}, of ${shown(all)}`;
    }
    return undefined;
  }

  /** Lists the versions of a few keys, or of many. */
  checkVersions(areMany: boolean): void {
    const { random, profile } = this.#context;
    if (this.#announced > 0) return;
    const count = Math.min(profile.keys, areMany ? MOST_LISTED : 12);
    const first = random.below(profile.keys);
    const keys = Array.from({ length: count }, (_, i) => keyOf((first + i) % profile.keys, profile));
    const wrong = this.#wrongVersions(this.#open, this.#history.modelAt(this.#history.length), keys);
    if (wrong) throw new CrashFault("wrong", wrong);
  }

  /**
   * Watches from the position of an earlier watch, from the start or from anywhere. Each change must be delivered once.
   */
  async checkWatch(): Promise<void> {
    const { random, clock, nextNumber } = this.#context;
    const store = this.#open;
    const key = LAST_KEY;
    const change = { key, value: valueFor(20, nextNumber()), expiresMs: 0 };
    while (this.#announced > 0) await this.#until(this.turn());
    const from = random.pick([this.#expectation.told ?? 0, 0, random.below(store.version + 1), store.version]);
    this.#issue([change], () => store.put(key, change.value));
    const { since, told } = await this.#until(tellUntil(store, Math.min(from, store.version), key, store.version));
    const expected = changesAfter(this.#history.modelAt(this.#history.length), since);
    if (expected) compareTold(told, expected, clock.nowMs, true);
  }

  /** Reads the same content in other ways. */
  async lookCloser(found: Found): Promise<void> {
    const { random, clock, config } = this.#context;
    const store = this.#open;
    const reverse = Array.from(store.keys({ reverse: true }));
    const isSame = reverse.reverse().every((key, index) => key === found[index]?.[0]);
    if (!isSame || reverse.length !== found.length) throw new CrashFault("wrong", "the reverse order is another one");
    if (store.countSync() !== found.length) throw new CrashFault("wrong", `the count is ${store.countSync()}`);
    const model = this.#history.modelAt(0);
    for (let i = 0; i < 5; i++) {
      const key = keyOf(random.below(this.#context.profile.keys), this.#context.profile);
      const value = found.find(([each]) => each === key)?.[1];
      const got = store.getSync(key);
      const isEqual = got && value ? Buffer.compare(got, value) === 0 : got === value;
      if (!isEqual) throw new CrashFault("wrong", `get and scan differ for '${key}'`);
      const listed = store.versionsSync(key);
      const kept = config.numVersionsToKeep ?? 1;
      if (!explainsVersions(listed, model.get(key) ?? [], kept, clock.nowMs)) {
        const versions = listed.map(({ version }) => version);
        throw new CrashFault("wrong", `the versions of '${key}' are ${versions}`);
      }
    }
  }

  /** Verifies all files. */
  async verify(): Promise<void> {
    await this.#until(verifyWhole(this.#open));
  }

  /** Compacts, and compares the size of the disk with the versions that stay. An expired one may be among them. */
  async checkSize(): Promise<void> {
    const store = this.#open;
    await this.#until(store.compact());
    // The last files are removed in the background.
    await this.#until(store.flush().then(() => this.turn()));
    let kept = 0;
    for (const [key, versions] of this.#history.modelAt(this.#history.length))
      for (const { value } of versions.slice(0, this.#context.config.numVersionsToKeep))
        kept += key.length + (value?.length ?? 0);
    const used = this.disk.usedBytes();
    const beside = this.#context.profile.keyBytes === undefined ? MOST_BYTES_BESIDE : MOST_BYTES_OF_LONG_KEYS;
    if (used > MOST_BYTES_A_KEPT_BYTE * kept + beside) {
      throw new CrashFault("wrong", `the disk holds ${used} bytes after a compaction, for ${kept} of keys and values`);
    }
  }

  /** One more step of a workload. */
  async step(): Promise<void> {
    await this.#act();
    await this.settle();
    if (this.#context.random.below(8) === 0) await this.turn();
    if (this.#announced === 0) this.#watcher?.check(this.#history, this.#context.clock.nowMs);
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  /** Lets the disk finish some syncs, and runs everything that waited for them. */
  async settle(): Promise<void> {
    const { random } = this.#context;
    await microtasks();
    this.#workers?.act();
    while (this.disk.syncsInFlight > 0 && random.below(3) > 0) {
      this.disk.completeSync(random.below(this.disk.syncsInFlight));
      await microtasks();
    }
  }

  /** Lets the event loop turn, so that the store does background work. */
  turn(): Promise<void> {
    return this.#context.clock.turn();
  }

  /** Closes the store normally. */
  async close(): Promise<void> {
    for (const { snapshot } of this.#snapshots) snapshot.dispose();
    await this.#until(this.#open.close());
    this.#endWorkers();
    this.#durable = this.#settled = this.#history.length;
    this.#lease?.release();
  }

  /** Ends the life as a crash does: from now on nothing reaches the disk. */
  async crash(): Promise<void> {
    this.disk.events = {
      before: () => {
        throw POWER_OFF;
      },
    };
    this.#opened?.close().catch(() => {});
    while (this.disk.syncsInFlight > 0) this.disk.completeSync(0, POWER_OFF);
    this.#endWorkers();
    await microtasks();
    // A pending step would keep the process alive.
    void this.#watcher?.stop();
    await microtasks();
    this.#forget();
  }

  /** Ends a life that wrote nothing. */
  leave(): void {
    // A pending step would keep the process alive.
    void this.#watcher?.stop();
    this.disk.events = {};
    // Whoever waits for a sync that never ends would keep the store.
    while (this.disk.syncsInFlight > 0) this.disk.completeSync(0, POWER_OFF);
    this.#endWorkers();
    this.#forget();
  }

  #endWorkers(): void {
    const { jobs } = this.#context;
    if (jobs) jobs.done += this.#workers?.done ?? 0;
    this.#workers?.end();
    this.#workers = undefined;
  }

  /**
   * Drops references. An object that waits for the collection of a snapshot or store must not reference it, or this
   * life would never be collected.
   */
  #forget(): void {
    this.#lease?.release();
    this.#snapshots.length = 0;
    this.#watcher = undefined;
    this.#store = this.#opened = undefined;
    this.points.length = 0;
    this.disk.most = undefined;
  }

  /** The present moment, at which the power may fail. */
  now(): Point {
    const { expectation } = this;
    const settled = this.#store ? Math.max(this.#settled, this.#toldCount) : expectation.least;
    const beside = this.#beside ? { beside: this.#beside.now() } : {};
    const capture = this.disk.capture();
    const jobs = this.#workers?.moment();
    return { capture, expectation, settled: Math.max(settled, expectation.least), path: this.#path, jobs, ...beside };
  }

  /** Moves the directory of the store, durably, while the store is open. From now on its own path points elsewhere. */
  leadElsewhere(to: string): void {
    const { events } = this.disk;
    this.disk.events = {};
    this.disk.rename(this.#path, to);
    this.disk.syncDirectory("/");
    this.disk.events = events;
    this.#elsewhere = this.#path;
    this.#path = to;
  }

  /** A store whose path points elsewhere must fail at its next change, and change nothing there. */
  async assertLost(): Promise<void> {
    const codes: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      const put = this.#open.put(`late ${i}`, LATE);
      // Work that was in flight during the move may have noticed the loss already.
      await this.#until(put).catch((error: LossError) => {
        codes.push(error.code === "STORE_FAILED" ? error.cause?.code : error.code);
      });
    }
    await this.#until(this.#open.close()).catch(() => {});
    this.#lease?.release();
    if (this.#trespass) {
      throw new CrashFault("wrong", `a store whose path leads elsewhere changed '${this.#trespass}' there`);
    }
    if (codes.join() !== "LOCK_LOST,LOCK_LOST") throw new CrashFault("wrong", `writes elsewhere gave ${codes}`);
  }

  /** The store at the other place continues meanwhile. Only changes by this store's own calls count. */
  #lookAround<T>(run: () => T): T {
    if (this.#elsewhere === undefined) return run();
    const before = this.disk.contentOf(this.#elsewhere);
    try {
      return run();
    } finally {
      const after = this.disk.contentOf(this.#elsewhere);
      this.#trespass ??= [...new Set([...before.keys(), ...after.keys()])].find((path) => {
        const [old, now] = [before.get(path), after.get(path)];
        return !old || !now || Buffer.compare(old, now) !== 0;
      });
    }
  }

  #point(): void {
    if (this.noted) this.noted();
    else this.points.push(this.now());
  }

  /** Does one of the actions that a store offers. */
  #act(): Promise<void> | void {
    const puts = (): void => this.#put();
    const batches = (): void => this.#batch();
    const [deletes, transactions] = [(): void => this.#delete(), (): void => this.#transaction()];
    const backups = this.#context.backups ? [() => this.#backUp()] : [];
    const once = [
      () => this.#waitLong(),
      () => this.#flush(),
      () => this.#flushNow(),
      () => this.#deleteRange(),
      () => this.#snapshot(),
      () => this.#check(),
      () => this.#compact(),
      () => this.#sync(),
      () => this.#compareAndSet(),
    ];
    const often = [
      deletes,
      deletes,
      transactions,
      transactions,
      batches,
      batches,
      batches,
      puts,
      puts,
      puts,
      puts,
      puts,
    ];
    return this.#context.random.pick([puts, puts, puts, ...often, ...once, ...backups, ...this.#extendedActs()])();
  }

  #extendedActs(): (() => Promise<void> | void)[] {
    const { extended, profile } = this.#context;
    if (!extended) return [];
    const floods = profile.floods ? [() => this.#flood(), () => this.#flood()] : [];
    const merges = profile.merges ? Array.from({ length: 20 }, () => () => this.#merge()) : [];
    const compact = () => this.#follow(this.#open.compact());
    const compactions = profile.compactsOften ? [compact, compact, compact, compact] : [];
    return [() => this.#actBeside(), () => this.checkVersions(false), ...floods, ...merges, ...compactions];
  }

  async #actBeside(): Promise<void> {
    while (this.#announced > 0) await this.#until(this.turn());
    await actBeside({
      store: this.#open,
      random: this.#context.random,
      nowMs: this.#context.clock.nowMs,
      model: this.#history.modelAt(this.#history.length),
      follow: (promise) => this.#follow(promise),
      until: (promise) => this.#until(promise),
    });
  }

  /** Increments and appends. Nothing else is written until they are committed, so what they make is known. */
  async #merge(): Promise<void> {
    while (this.#announced > 0) await this.#until(this.turn());
    const { random, profile, clock } = this.#context;
    const { operations, changes } = mergesOf({
      model: this.#history.modelAt(this.#history.length),
      random,
      nowMs: clock.nowMs,
      count: 1 + random.below(profile.batchKeys),
      sizeOf: () => sizeOf(profile, random) - 4,
      key: () => this.#key(),
    });
    this.#issue(changes, () => this.#open.batch(operations));
  }

  /** Writes more than a lane takes, so that the rest blocks. */
  #flood(): void {
    if (this.disk.usedBytes() > MOST_BYTES_TO_FLOOD) return;
    for (let bytes = 0; bytes < FLOOD_BYTES; bytes += FLOOD_VALUE_BYTES) {
      const change = { key: this.#key(), value: valueFor(FLOOD_VALUE_BYTES, this.#context.nextNumber()), expiresMs: 0 };
      this.#issue([change], () => this.#open.put(change.key, change.value));
    }
  }

  #waitLong(): void {
    this.#context.clock.nowMs += this.#context.random.pick([1, 50, 1000, 100_000]);
  }

  #put(): void {
    const { random } = this.#context;
    const ttl = random.below(8) === 0 ? random.pick([10, 500, 5000]) : 0;
    const changes = this.#changes(1, ttl);
    for (const { key, value } of changes)
      if (value) this.#issue(changes, () => this.#open.put(key, value, ttl ? { ttl } : undefined));
  }

  #delete(): void {
    const key = this.#key();
    this.#issue([{ key, value: undefined, expiresMs: 0 }], () => this.#open.delete(key));
  }

  #batch(): void {
    const changes = this.#changes(1 + this.#context.random.below(this.#context.profile.batchKeys));
    this.#issue(changes, () => this.#open.batch(changes.map((change) => this.#operation(change))));
  }

  #compareAndSet(): void {
    const changes = this.#changes(1, 0);
    for (const { key, value } of changes) {
      const version = this.#open.getEntrySync(key)?.version;
      if (value) this.#issue(changes, () => this.#open.compareAndSet(key, version, value));
    }
  }

  #compact(): void {
    if (this.#context.random.below(6) === 0) this.#follow(this.#open.compact());
  }

  /** No write may be waiting for its version during a backup. */
  async #backUp(): Promise<void> {
    while (this.#announced > 0) await this.#until(this.turn());
    const model = this.#history.modelAt(this.#history.length);
    await this.#until(this.#backups.add(this.#open, model, this.#context.clock.nowMs));
  }

  #flushNow(): void {
    this.#open.flushSync();
    this.#settle(this.#history.length, true);
  }

  /** A synchronous write. */
  #sync(): void {
    const { random, profile } = this.#context;
    const store = this.#open;
    const [first] = this.#changes(1, 0);
    if (!first?.value) return;
    const { key, value } = first;
    const changes = this.#changes(1 + random.below(profile.batchKeys), 0);
    random.pick([
      () => this.#issueNow([first], () => store.putSync(key, value)),
      () => this.#issueNow([{ key, value: undefined, expiresMs: 0 }], () => store.deleteSync(key)),
      () => this.#issueNow(changes, () => store.batchSync(changes.map((change) => this.#operation(change)))),
    ])();
  }

  #issueNow(changes: readonly ModelChange[], call: () => void): void {
    this.#announced += 1;
    call();
    this.#announced -= 1;
    this.#settle(this.#history.add(this.#open.version, changes), this.#context.config.syncWrites !== false);
  }

  #settle(count: number, isDurable: boolean): void {
    this.#settled = Math.max(this.#settled, count);
    if (isDurable) this.#durable = Math.max(this.#durable, count);
    if (this.disk.events.changed) this.#point();
  }

  #flush(): void {
    const count = this.#history.length;
    this.#follow(this.#open.flush().then(() => this.#settle(count, true)));
  }

  #transaction(): void {
    const changes = this.#changes(1 + this.#context.random.below(5), 0);
    this.#issue(changes, () =>
      this.#open.transaction((transaction) => {
        for (const { key, value } of changes) {
          transaction.getSync(key);
          if (value) transaction.put(key, value);
          else transaction.delete(key);
        }
      }),
    );
  }

  #deleteRange(): void {
    const from = this.#key();
    // A page has few long keys, and each page is a commit of its own.
    const most = this.#context.profile.keyBytes === undefined ? 20 : 1;
    const range = { gte: from, limit: 1 + this.#context.random.below(most) };
    const changes = Array.from(this.#open.keys(range), (key) => ({ key, value: undefined, expiresMs: 0 }));
    if (changes.length > 0) this.#issue(changes, () => this.#open.deleteRange(range));
  }

  #snapshot(): void {
    const { random, clock } = this.#context;
    const [held] = this.#snapshots;
    if (!held || (this.#snapshots.length < 3 && random.below(2) === 0)) {
      this.#snapshots.push({ snapshot: this.#open.snapshot(), model: this.#history.modelAt(this.#history.length) });
      return;
    }
    if (!isSame(readAll(held.snapshot), held.model, clock.nowMs))
      throw new CrashFault("wrong", `a snapshot of version ${held.snapshot.version} changed`);
    if (random.below(2) === 0) {
      held.snapshot.dispose();
      this.#snapshots.shift();
    }
  }

  /** Checks everything that can be read now, before any crash. */
  #check(): void {
    const { length } = this.#history;
    const expectation = { history: this.#history, least: length, most: length, version: 0 };
    explain(readAll(this.#open), expectation, this.#context.clock.nowMs);
  }

  /** Makes a commit. From the first call of the disk on, the commit may be found after a crash. */
  #issue(changes: readonly ModelChange[], call: () => Promise<unknown>): void {
    const store = this.#open;
    const before = store.version;
    this.#announced += 1;
    const noted = () => {
      if (store.version <= before || this.#announced === 0) return false;
      this.#announced -= 1;
      count = this.#history.add(store.version, changes);
      return true;
    };
    let count = 0;
    const promise = call();
    // A transaction commits a little later. Nothing else is written until then.
    const isDurable = this.#context.config.syncWrites !== false;
    noted();
    this.#follow(
      promise.then(() => {
        if (count === 0 && !noted()) throw new CrashFault("wrong", "a write settled without a version");
        this.#settle(count, isDurable);
      }),
    );
    if (count === 0) this.#noteLater(noted);
  }

  #noteLater(noted: () => boolean): void {
    let tries = 0;
    const again = (): void => {
      tries += 1;
      try {
        if (!noted() && tries < 50) queueMicrotask(again);
      } catch (error) {
        this.#failures.push(error);
      }
    };
    queueMicrotask(again);
  }

  /** An error while the disk works is a fault. An error after its end is none. */
  #follow(promise: Promise<unknown>): void {
    promise.catch((error: unknown) => {
      if (!isPowerOff(error)) this.#failures.push(error);
    });
  }

  #changes(count: number, ttl = this.#context.random.below(12) === 0 ? 2000 : 0): ModelChange[] {
    const { random, profile, clock } = this.#context;
    const changes = new Map<string, ModelChange>();
    for (let i = 0; i < count; i++) {
      const key = this.#key();
      const isDeleted = count > 1 && random.below(6) === 0 && ttl === 0;
      const value = isDeleted ? undefined : valueFor(sizeOf(profile, random), this.#context.nextNumber());
      changes.set(key, { key, value, expiresMs: value && ttl ? clock.nowMs + ttl : 0 });
    }
    return [...changes.values()];
  }

  #operation({ key, value, expiresMs }: ModelChange) {
    if (!value) return { type: "delete" as const, key };
    const ttl = expiresMs === 0 ? {} : { ttl: expiresMs - this.#context.clock.nowMs };
    return { type: "put" as const, key, value, ...ttl };
  }

  #key(): string {
    return keyOf(this.#context.random.below(this.#context.profile.keys), this.#context.profile);
  }

  /** The result of a promise. Meanwhile the disk completes its syncs. */
  async #until<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    promise.then(done, done);
    for (let turns = 0; turns < TURNS_TO_HANG; turns++) {
      await microtasks();
      if (isDone) return await promise;
      this.#workers?.act();
      if (this.disk.syncsInFlight > 0) this.disk.completeSync(0);
      else await this.turn();
    }
    throw new CrashFault("unopenable", "what is waited for does not end");
  }
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function readAll(reader: Pick<SledStore, "entries">): Found {
  return Array.from(reader.entries());
}

function isPowerOff(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if (each.message.includes("the power is off")) return true;
  return false;
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 12; i++) await undefined;
}
