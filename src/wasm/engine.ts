/**
 * One engine instance with its host: typed calls in, bytes and {@linkcode StoreError}s out. The file is long because it
 * is the one list of all calls of a `Backend`. Work that takes more than one call is in other files.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { StoreMetrics } from "../api/metrics.ts";
import {
  type Backend,
  type ChangePage,
  type ChangePlace,
  type ChangeWindow,
  type Counted,
  NEWEST,
  type NewestPage,
  type Operations,
  PAGE_VISITS,
  type Page,
  type RestoredChange,
  type Sized,
  type StoredValue,
  type VerifyStep,
  type VersionPage,
  type VersionPlace,
  type WriteTime,
} from "../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../byte_range.ts";
import { concat, NOTHING } from "../bytes.ts";
import { clock } from "../clock.ts";
import { EncodedBatch } from "../encoded_batch.ts";
import { TooLongError, WrongBytesError } from "../encoding.ts";
import type { HostPlace } from "../host/host.ts";
import type { KeyFormat } from "../key_format.ts";
import { toMetrics } from "../metrics.ts";
import { EngineCalls, type EngineOptions } from "./calls.ts";
import { EngineDisk } from "./engine_disk.ts";
import { type EngineExports, ReplyNumber, Status } from "./interface.ts";
import { Jobs, type JobWorkers } from "./jobs.ts";
import { PART_BYTES, putLarge, readLarge, restoreLarge } from "./large_values.ts";
import { damagesOf, figuresOf } from "./lines.ts";
import type { EngineMemory } from "./memory.ts";
import { flagsOf } from "./range.ts";
import { Room } from "./room.ts";

/** Bytes of the changes that one call returns. */
const PAGE_BYTES = 128 * 1024;
/** Larger values are not part of a page of newest versions. */
const LARGEST_IN_PAGE = 64 * 1024;
/** How many blocks in the index one call looks at: less than a millisecond of work. */
const SIZE_VISITS = 1024;
const NO_LIMIT = 0xffffffff;
const FIRST_VERSION: VersionPlace = { below: NEWEST, listed: 0 };

/** The bindings of one instance. Any error except `OUT_OF_MEMORY` makes the instance unusable. */
export class Engine implements Backend {
  readonly disk: EngineDisk;
  readonly #calls: EngineCalls;
  readonly #exports: EngineExports;
  readonly #memory: EngineMemory;
  readonly #room: Room;
  readonly #jobs: Jobs;
  versionsToKeep = 1;

  private constructor(calls: EngineCalls, workers: JobWorkers | undefined) {
    this.#calls = calls;
    this.#exports = calls.exports;
    this.#memory = calls.memory;
    this.#room = new Room(calls.host.reserve, () => this.sizeBytes());
    this.#jobs = new Jobs(calls, workers);
    this.disk = new EngineDisk(calls, this.#room, this.#jobs);
  }

  /**
   * Starts an instance of `module`, which may still be compiled. Refuses a module that is not an engine of this
   * release. Touches no file.
   */
  static async start(module: Promise<WebAssembly.Module>, place: HostPlace, workers?: JobWorkers): Promise<Engine> {
    return new Engine(await EngineCalls.start(module, place), workers);
  }

  /** The calls of the instance: see commit_pages.ts. */
  get calls(): EngineCalls {
    return this.#calls;
  }

  /** Opens the store in the directory. Creates it if it is missing. Settles once the recovered data is durable. */
  async open(options: EngineOptions): Promise<void> {
    if (options.shareBuffers) this.#memory.shareBuffers();
    this.versionsToKeep = options.numVersionsToKeep;
    try {
      await this.#calls.open({ ...options, writeBufferSize: this.#room.bufferFor(options.writeBufferSize) });
      this.#room.opened();
    } catch (error) {
      this.giveUp();
      throw error;
    }
  }

  /** Whether there is work for {@linkcode Engine.step}, as of the last write. */
  get hasWork(): boolean {
    return this.#memory.hasWork;
  }

  /** The value of `key`. The caller owns the bytes. */
  get(key: Uint8Array, version: number = NEWEST): Uint8Array<ArrayBuffer> | undefined {
    this.#memory.request(key, undefined);
    const status = this.#calls.run("read", () => this.#exports.luge_get(key.length, version, clock.now()));
    if (status === Status.Ok) return this.#memory.reply();
    return status === Status.Streamed ? readLarge(this.#calls, this.#memory.replyLength) : undefined;
  }

  entry(key: Uint8Array, version: number = NEWEST): StoredValue | undefined {
    const value = this.get(key, version);
    if (!value) return undefined;
    const expiresMs = this.#memory.replyNumber(ReplyNumber.expiresMs);
    return { value, version: this.#memory.replyNumber(ReplyNumber.version), expiresMs };
  }

  versionOf(key: Uint8Array, version: number = NEWEST): number | undefined {
    this.#memory.request(key, undefined);
    const status = this.#calls.run("read", () => this.#exports.luge_version_of(key.length, version, clock.now()));
    return status === Status.Ok ? this.#memory.replyNumber(ReplyNumber.version) : undefined;
  }

  put(key: Uint8Array, value: Uint8Array, expiresMs = 0): number {
    this.#room.toWrite();
    if (value.length > PART_BYTES) {
      putLarge(this.#calls, key, value, expiresMs);
    } else {
      this.#memory.request(key, value);
      this.#calls.run("write", () => this.#exports.luge_put(key.length, value.length, expiresMs, clock.now()));
    }
    return this.#memory.replyNumber(ReplyNumber.version);
  }

  delete(key: Uint8Array): number {
    this.#room.toDelete(1);
    this.#memory.request(key, undefined);
    this.#calls.run("delete", () => this.#exports.luge_delete(key.length, clock.now()));
    return this.#memory.replyNumber(ReplyNumber.version);
  }

  batch(operations: Operations): number {
    if (deletesOnly(operations)) this.#room.toDelete(operations.length);
    else this.#room.toWrite();
    const length = this.#memory.requestOf(operations);
    const status = this.#calls.run("commit a batch", () => this.#exports.luge_batch(length, clock.now()));
    if (status > Status.Streamed)
      throw new (status === Status.NoNumber ? WrongBytesError : TooLongError)(`Cannot ${this.#memory.replyText()}`);
    return this.#memory.replyNumber(ReplyNumber.version);
  }

  scan<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E> {
    const { lower = NOTHING, upper = NOTHING, limit = NO_LIMIT, version = NEWEST } = range;
    const { pageBytes = LARGEST_PAGE_BYTES } = range;
    const flags = flagsOf(range);
    this.#memory.request(lower, upper);
    const [low, high, now] = [lower.length, upper.length, clock.now()];
    const run = () => this.#exports.luge_scan(flags, low, high, limit, pageBytes, PAGE_VISITS, version, now);
    const more = this.#calls.run("scan", run) === Status.More && this.#memory.replyCount < limit;
    return this.#memory.replyPage(format, range, more);
  }

  count(range: ByteRange): Counted {
    const { limit = NO_LIMIT, version = NEWEST } = range;
    const [flags, low, high] = this.#request(range);
    const run = () => this.#exports.luge_count(flags, low, high, limit, PAGE_VISITS, version, clock.now());
    const more = this.#calls.run("count", run) === Status.More;
    const count = this.#memory.replyCount;
    return { count, last: more && count < limit ? this.#memory.reply() : undefined };
  }

  sizeOf(range: ByteRange, from: Uint8Array): Sized {
    const [flags, low, high] = this.#request(range, from);
    const run = () => this.#exports.luge_size(flags, low, high, from.length, SIZE_VISITS);
    const more = this.#calls.run("read", run) === Status.More;
    const bytes = this.#memory.replyNumber(ReplyNumber.size);
    return { bytes, next: more ? this.#memory.reply() : undefined };
  }

  versions(key: Uint8Array, { below, listed }: VersionPlace = FIRST_VERSION): VersionPage {
    const now = clock.now();
    this.#memory.request(key, undefined);
    const run = () => this.#exports.luge_versions(key.length, PAGE_BYTES, LARGEST_IN_PAGE, below, listed, now);
    const more = this.#calls.run("read", run) === Status.More;
    const next = more ? this.#memory.replyVersionPlace : undefined;
    const versions = this.#memory.replyChanges().entries.map(({ version, expiresMs, value, isLarge }) => ({
      version,
      expiresMs,
      value: isLarge ? this.get(key, version) : value,
      written: this.#written(version),
    }));
    return { versions, next };
  }

  #written(version: number): WriteTime | undefined {
    if (this.#calls.run("read", () => this.#exports.luge_write_time(version)) !== Status.Ok) return undefined;
    const writtenAt = this.#memory.replyNumber(ReplyNumber.writtenFrom);
    return { writtenAt, writtenBefore: this.#memory.replyNumber(ReplyNumber.writtenTo) };
  }

  #history(which: number): number {
    this.#calls.run("read", () => this.#exports.luge_history());
    return this.#memory.replyNumber(which);
  }

  get version(): number {
    return this.#history(ReplyNumber.version);
  }

  get changesFrom(): number {
    return this.#history(ReplyNumber.changesFrom);
  }

  openSnapshot(version: number): boolean {
    return (
      this.#calls.run("open a snapshot", () => this.#exports.luge_open_snapshot(version, clock.now())) === Status.Ok
    );
  }

  closeSnapshot(version: number): void {
    this.#calls.run("close a snapshot", () => this.#exports.luge_close_snapshot(version));
  }

  changed(range: ByteRange, since: number): boolean {
    const [flags, low, high] = this.#request(range);
    const run = () => this.#exports.luge_changed(flags, low, high, since);
    return this.#calls.run("read", run) === Status.Ok;
  }

  commits(range: ByteRange, from: ChangePlace, until: number): ChangePage | undefined {
    const { key, version } = from;
    const [flags, low, high] = this.#request(range, key);
    const now = clock.now();
    const run = () =>
      this.#exports.luge_commits(flags, low, high, key.length, PAGE_BYTES, PAGE_VISITS, version, until, now);
    const status = this.#calls.run("read", run);
    return status === Status.NotFound ? undefined : this.#changePage(status);
  }

  changes(range: ByteRange, { since, until }: ChangeWindow, from?: ChangePlace): ChangePage {
    const rest = from ? { ...range, lower: from.key, lowerIncluded: true } : range;
    const [flags, low, high] = this.#request(rest);
    const now = clock.now();
    const below = from?.version ?? NEWEST;
    const run = () => this.#exports.luge_changes(flags, low, high, PAGE_BYTES, PAGE_VISITS, since, until, below, now);
    return this.#changePage(this.#calls.run("read", run));
  }

  /** Puts the ends of a range into the request, and `third` after them. Returns its flags, and the lengths of its ends. */
  #request(range: ByteRange, third?: Uint8Array): readonly [flags: number, low: number, high: number] {
    const { lower = NOTHING, upper = NOTHING } = range;
    this.#memory.request(lower, upper, third);
    return [flagsOf(range), lower.length, upper.length];
  }

  #changePage(status: number): ChangePage {
    const { entries, next } = this.#memory.replyChanges();
    return { changes: entries, next: status === Status.More ? next : undefined };
  }

  get newestFrom(): number {
    return this.#history(ReplyNumber.newestFrom);
  }

  holdGone(since: number): void {
    this.#calls.run("back up", () => this.#exports.luge_hold_gone(since));
  }

  releaseGone(since: number): void {
    this.#calls.run("back up", () => this.#exports.luge_release_gone(since));
  }

  newest(from: ChangePlace | undefined, { since, until }: ChangeWindow): NewestPage {
    const { key, version } = from ?? { key: NOTHING, version: NEWEST };
    this.#memory.request(key, undefined);
    const [length, withDeletions, now] = [key.length, since > 0 ? 1 : 0, clock.now()];
    const [bytes, visits, largest] = [PAGE_BYTES, PAGE_VISITS, LARGEST_IN_PAGE];
    const run = () =>
      this.#exports.luge_newest(length, bytes, visits, largest, since, until, version, withDeletions, now);
    const status = this.#calls.run("read", run);
    const { framed, next } = this.#memory.replyFrame();
    if (status === Status.Ok) return { framed, entries: [], next: undefined };
    if (status === Status.More) return { framed, entries: [], next };
    const expiresMs = this.#memory.replyNumber(ReplyNumber.expiresMs);
    const large = { ...next, expiresMs, value: undefined, isLarge: true };
    // No key is between this key and this key with a zero byte.
    return { framed, entries: [large], next: { key: concat(next.key, Uint8Array.of(0)), version: NEWEST } };
  }

  beginRestore(version: number): void {
    this.#room.toRestore();
    this.#calls.run("restore", () => this.#exports.luge_begin_restore(version));
  }

  restore(entries: readonly RestoredChange[]): void {
    for (const entry of entries) if (entry.value) restoreLarge(this.#calls, entry, entry.value);
  }

  restoreFrame(entries: Uint8Array): void {
    this.#memory.request(entries, undefined);
    this.#calls.run("restore", () => this.#exports.luge_restore(entries.length, clock.now()));
  }

  endRestore(): void {
    this.#calls.run("restore", () => this.#exports.luge_end_restore());
  }

  step(): boolean {
    // Steps need space, so on a full disk they would fail the store. A compaction then does their work.
    if (this.#room.isMissing) return false;
    // Before the step, too: a worker does also what one step could do.
    this.#jobs.pump();
    const more = this.#calls.run("write", () => this.#exports.luge_step(clock.now())) === Status.More;
    this.#jobs.pump();
    return more;
  }

  /** Does a small part of a compaction. Starts one if none is running. Returns whether there is more. */
  compactStep(): boolean {
    this.#room.toCompact();
    this.#jobs.pump();
    const more = this.#calls.run("compact", () => this.#exports.luge_compact_step(clock.now())) === Status.More;
    this.#jobs.pump();
    return more;
  }

  verifyStep(first: boolean): VerifyStep {
    const more = this.#calls.run("verify", () => this.#exports.luge_verify_step(first ? 1 : 0)) === Status.More;
    return {
      more,
      entries: this.#memory.replyNumber(ReplyNumber.verifiedEntries),
      damages: damagesOf(this.#memory.replyText()),
    };
  }

  metrics(): StoreMetrics {
    this.#calls.run("read", () => this.#exports.luge_metrics(clock.now()));
    const memoryBytes = this.#exports.memory.buffer.byteLength;
    return toMetrics(figuresOf(this.#memory.replyText()), { memoryBytes, ...this.#jobs.figures });
  }

  sizeBytes(): number {
    const { logFileBytes, blockFileBytes, indexBytes } = this.metrics();
    return logFileBytes + blockFileBytes + indexBytes;
  }

  /** Releases all files of a failed engine, as a crash would. */
  abandon(): void {
    // The worker may still write blocks, but nothing refers to them.
    void this.#jobs.stop();
    this.#calls.host.abandon();
  }

  /** As {@linkcode Engine.abandon}, but ignores errors, because an earlier failure says more. Idempotent. */
  giveUp(): void {
    try {
      this.abandon();
    } catch {
      // A file could not be closed. The caller gets the earlier failure.
    }
  }
}

function deletesOnly(operations: Operations): boolean {
  if (operations instanceof EncodedBatch) return operations.deletesOnly;
  for (const { value } of operations) if (value !== undefined) return false;
  return true;
}
