/**
 * One engine instance with its host: typed calls in, bytes and {@linkcode StoreError}s out.
 *
 * @module
 */

import {
  type Backend,
  type ChangePage,
  type ChangePlace,
  type ChangeWindow,
  type Counted,
  type Damage,
  NEWEST,
  type NewestPage,
  PAGE_VISITS,
  type Page,
  type StoredChange,
  type StoredOperation,
  type StoredValue,
  type VerifyStep,
  type VersionPage,
  type VersionPlace,
} from "../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../byte_range.ts";
import { fromHex } from "../bytes.ts";
import { clock } from "../clock.ts";
import { messageOf, StoreError } from "../errors.ts";
import { isDiskFailure } from "../host/errno.ts";
import { Host, type HostPlace, type Lane } from "../host/host.ts";
import type { KeyEncoding, KeyFormat } from "../key_format.ts";
import { type StoreMetrics, toMetrics } from "../metrics.ts";
import { isErrorLike } from "../realm.ts";
import { checkExports, type EngineExports } from "./exports.ts";
import { EngineMemory } from "./memory.ts";
import { isOfIndex } from "./panic.ts";
import { flagsOf } from "./range.ts";
import { codeOf, Status } from "./status.ts";

/** Bytes of changes that one call brings over. */
const PAGE_BYTES = 128 * 1024;
/** With more bytes than this waiting for a sync, the work behind the commits waits too. */
const CONGESTED_BYTES = 8 * 1024 * 1024;
/** Bytes of a large value that one call brings over. */
const PART_BYTES = 1024 * 1024;
/** Values above this size do not come with a page of newest versions. */
const LARGEST_IN_PAGE = 64 * 1024;
const NO_LIMIT = 0xffffffff;
const FIRST_VERSION: VersionPlace = { below: NEWEST, listed: 0 };
const NOTHING = new Uint8Array(0);

/** The engine's part of a config. */
export interface EngineOptions {
  readonly cacheSize: number;
  readonly writeBufferSize: number;
  readonly numVersionsToKeep: number;
  readonly readOnly: boolean;
  readonly shareBuffers: boolean;
}

/** The bindings of one instance. Any error of theirs but `OUT_OF_MEMORY` leaves it unusable. */
export class Engine implements Backend {
  readonly #host: Host;
  readonly #exports: EngineExports;
  readonly #memory: EngineMemory;
  readonly #path: string;
  /** Whether a write was made: the first one reserves versions, which must be durable before anybody sees one of them. */
  #hasWritten = false;
  #versionsToKeep = 1;

  private constructor(path: string, host: Host, exports: EngineExports) {
    this.#path = path;
    this.#host = host;
    this.#exports = exports;
    this.#memory = new EngineMemory(exports);
  }

  /** Starts an instance of `module`, which may still be compiled, and refuses one that is no engine of this release. Touches no file. */
  static async start(module: Promise<WebAssembly.Module>, place: HostPlace): Promise<Engine> {
    const host = new Host(place);
    // Made while another thread compiles.
    const imports = host.imports();
    return new Engine(place.path, host, await start(await module, imports, host));
  }

  /** Opens the store in the directory, creating it when it is missing; settles once what was recovered is durable. */
  async open(options: EngineOptions): Promise<void> {
    const { cacheSize, writeBufferSize, numVersionsToKeep, readOnly, shareBuffers } = options;
    if (shareBuffers) this.#memory.shareBuffers();
    this.#versionsToKeep = numVersionsToKeep;
    try {
      const open = () => this.#exports.luge_open(cacheSize, writeBufferSize, numVersionsToKeep, readOnly ? 1 : 0);
      this.#call(`open '${this.#path}'`, open);
      await this.#settled("open");
      await this.#settled("open", "table");
    } catch (error) {
      this.giveUp();
      throw error;
    }
  }

  /** Whether there is work for {@linkcode Engine.step}, as of the last write. */
  get hasWork(): boolean {
    return this.#memory.hasWork;
  }

  /** Whether that work is behind the commits: the next ones would have to do some of it. */
  get isBehind(): boolean {
    return this.#memory.isBehind;
  }

  /** The value of `key`, in bytes that the caller owns. */
  get(key: Uint8Array, version: number = NEWEST): Uint8Array | undefined {
    this.#memory.request(key, undefined);
    const status = this.#call("read", () => this.#exports.luge_get(key.length, version, clock.now()));
    if (status === Status.Ok) return this.#memory.reply();
    return status === Status.Streamed ? this.#readLarge(this.#memory.replyLength) : undefined;
  }

  /** As {@linkcode Engine.get}, with version and expiry. */
  entry(key: Uint8Array, version: number = NEWEST): StoredValue | undefined {
    const value = this.get(key, version);
    if (!value) return undefined;
    return { value, version: this.#memory.replyVersion, expiresMs: this.#memory.replyExpiry };
  }

  /** The version of the value of `key`; `undefined` when there is none. */
  versionOf(key: Uint8Array, version: number = NEWEST): number | undefined {
    this.#memory.request(key, undefined);
    const status = this.#call("read", () => this.#exports.luge_has(key.length, version, clock.now()));
    return status === Status.Ok ? this.#memory.replyVersion : undefined;
  }

  /** `expiresMs` is in milliseconds since 1970; 0 for never. Returns the version. */
  put(key: Uint8Array, value: Uint8Array, expiresMs = 0): number {
    if (value.length > PART_BYTES) {
      this.#putLarge(key, value, expiresMs);
    } else {
      this.#memory.request(key, value);
      this.#write("write", () => this.#exports.luge_put(key.length, value.length, expiresMs, clock.now()));
    }
    return this.#memory.replyVersion;
  }

  /** Returns the version. */
  delete(key: Uint8Array): number {
    this.#memory.request(key, undefined);
    this.#write("delete", () => this.#exports.luge_delete(key.length, clock.now()));
    return this.#memory.replyVersion;
  }

  /** All or none of the operations; where a key comes twice, the last one counts. Returns the version. */
  batch(operations: readonly StoredOperation[]): number {
    const length = this.#memory.requestOf(operations);
    this.#write("commit a batch", () => this.#exports.luge_batch(length, clock.now()));
    return this.#memory.replyVersion;
  }

  /** Some entries from the start of a range, in the order of their keys. */
  page<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E> {
    const { lower = NOTHING, upper = NOTHING, limit = NO_LIMIT, version = NEWEST } = range;
    const { pageBytes = LARGEST_PAGE_BYTES } = range;
    const flags = flagsOf(range);
    this.#memory.request(lower, upper);
    const [low, high, now] = [lower.length, upper.length, clock.now()];
    const scan = () => this.#exports.luge_scan(flags, low, high, limit, pageBytes, PAGE_VISITS, version, now);
    const more = this.#call("scan", scan) === Status.More && this.#memory.replyCount < limit;
    return this.#memory.replyPage(format, range.keysOnly !== true, more);
  }

  /** Counts some entries from the start of a range. */
  count(range: ByteRange): Counted {
    const { lower = NOTHING, upper = NOTHING, limit = NO_LIMIT, version = NEWEST } = range;
    this.#memory.request(lower, upper);
    const [flags, low, high, now] = [flagsOf(range), lower.length, upper.length, clock.now()];
    const run = () => this.#exports.luge_count(flags, low, high, limit, PAGE_VISITS, version, now);
    const more = this.#call("count", run) === Status.More;
    const count = this.#memory.replyCount;
    return { count, last: more && count < limit ? this.#memory.reply() : undefined };
  }

  /** Some versions of `key` that are kept, newest first. */
  versions(key: Uint8Array, { below, listed }: VersionPlace = FIRST_VERSION): VersionPage {
    const now = clock.now();
    this.#memory.request(key, undefined);
    const run = () => this.#exports.luge_versions(key.length, PAGE_BYTES, LARGEST_IN_PAGE, below, listed, now);
    const more = this.#call("read", run) === Status.More;
    const next = more ? { below: this.#memory.replyVersion, listed: this.#memory.replyExpiry } : undefined;
    const versions = this.#memory.replyChanges().entries.map(({ version, expiresMs, value, isLarge }) => ({
      version,
      expiresMs,
      value: isLarge ? this.get(key, version) : value,
    }));
    return { versions, next };
  }

  get version(): number {
    this.#call("read", () => this.#exports.luge_history());
    return this.#memory.replyVersion;
  }

  get changesFrom(): number {
    this.#call("read", () => this.#exports.luge_history());
    return this.#memory.replyExpiry;
  }

  /** Keeps what is there as of a version until {@linkcode Engine.closeSnapshot}; `false` when not all of it is there. */
  openSnapshot(version: number): boolean {
    return this.#call("open a snapshot", () => this.#exports.luge_snapshot(version, clock.now())) === Status.Ok;
  }

  /** Lets go of a snapshot. */
  closeSnapshot(version: number): void {
    this.#call("close a snapshot", () => this.#exports.luge_release(version));
  }

  /** Whether a key of the range was written after a version. */
  changed(range: ByteRange, since: number): boolean {
    const { lower = NOTHING, upper = NOTHING } = range;
    this.#memory.request(lower, upper);
    const run = () => this.#exports.luge_changed(flagsOf(range), lower.length, upper.length, since);
    return this.#call("read", run) === Status.Ok;
  }

  /** Changes in the order of the commits; `undefined` when not all are in memory. */
  commits(range: ByteRange, from: ChangePlace, until: number): ChangePage | undefined {
    const { lower = NOTHING, upper = NOTHING } = range;
    const { key, version } = from;
    this.#memory.request(lower, upper, key);
    const [flags, low, high, now] = [flagsOf(range), lower.length, upper.length, clock.now()];
    const run = () =>
      this.#exports.luge_commits(flags, low, high, key.length, PAGE_BYTES, PAGE_VISITS, version, until, now);
    const status = this.#call("read", run);
    return status === Status.NotFound ? undefined : this.#changePage(status);
  }

  /** Changes by key, newest first, without values. */
  changes(range: ByteRange, { since, until }: ChangeWindow, from?: ChangePlace): ChangePage {
    const rest = from ? { ...range, lower: from.key, lowerIncluded: true } : range;
    const { lower = NOTHING, upper = NOTHING } = rest;
    this.#memory.request(lower, upper);
    const [flags, low, high, now] = [flagsOf(rest), lower.length, upper.length, clock.now()];
    const below = from?.version ?? NEWEST;
    const run = () => this.#exports.luge_changes(flags, low, high, PAGE_BYTES, PAGE_VISITS, since, until, below, now);
    return this.#changePage(this.#call("read", run));
  }

  #changePage(status: number): ChangePage {
    const { entries, next } = this.#memory.replyChanges();
    return { changes: entries, next: status === Status.More ? next : undefined };
  }

  get versionsToKeep(): number {
    return this.#versionsToKeep;
  }

  get newestFrom(): number {
    this.#call("read", () => this.#exports.luge_newest_from());
    return this.#memory.replyVersion;
  }

  holdGone(since: number): void {
    this.#call("back up", () => this.#exports.luge_hold_gone(since));
  }

  releaseGone(since: number): void {
    this.#call("back up", () => this.#exports.luge_release_gone(since));
  }

  /** Of each key that changed in the window the newest version there, by key. */
  newest(from: ChangePlace | undefined, { since, until }: ChangeWindow): NewestPage {
    const { key, version } = from ?? { key: NOTHING, version: NEWEST };
    this.#memory.request(key, undefined);
    const [length, gone, now] = [key.length, since > 0 ? 1 : 0, clock.now()];
    const [bytes, visits, largest] = [PAGE_BYTES, PAGE_VISITS, LARGEST_IN_PAGE];
    const run = () => this.#exports.luge_newest(length, bytes, visits, largest, since, until, version, gone, now);
    const more = this.#call("read", run) === Status.More;
    const { entries, next } = this.#memory.replyChanges("views");
    return { entries, next: more ? next : undefined };
  }

  beginRestore(version: number): void {
    this.#call("restore", () => this.#exports.luge_restore_begin(version));
  }

  restore(entries: readonly StoredChange[]): void {
    const small = entries.filter(({ value }) => (value?.length ?? 0) <= PART_BYTES);
    if (small.length > 0) {
      const length = this.#memory.requestOfRestored(small);
      this.#call("restore", () => this.#exports.luge_restore(length, clock.now()));
    }
    for (const { key, value, version, expiresMs } of entries) {
      if (!value || value.length <= PART_BYTES) continue;
      this.#memory.request(key, undefined);
      const { length } = value;
      const begin = () => this.#exports.luge_restore_put_begin(key.length, length, expiresMs, version, clock.now());
      if (this.#call("restore", begin) === Status.Ok) this.#putParts(value);
    }
  }

  endRestore(): void {
    this.#call("restore", () => this.#exports.luge_restore_end());
  }

  /** Begins to hand everything to the operating system; `undefined` when it has it already. */
  writeOut(): Promise<void> | undefined {
    this.#call("write", () => this.#exports.luge_write_out());
    return this.#settled("write");
  }

  /** Begins to make everything durable; `undefined` when it is so already. */
  sync(): Promise<void> | undefined {
    this.#call("flush", () => this.#exports.luge_flush());
    return this.#settled("flush");
  }

  /** As {@linkcode Engine.writeOut}, and returns when it is done. */
  writeOutNow(): void {
    this.#inline("write", () => this.#exports.luge_write_out());
  }

  /** As {@linkcode Engine.sync}, and returns when it is done. */
  syncNow(): void {
    this.#inline("flush", () => this.#exports.luge_flush());
  }

  /** What to wait for before more work is asked for: files that are synced; `undefined` for nothing. */
  congestion(): Promise<void> | undefined {
    return this.#host.queuedBytes > CONGESTED_BYTES ? this.#settled("write", "table") : undefined;
  }

  /** Does a small part of the work behind the commits; says whether there is more. */
  step(): boolean {
    return this.#work("write", () => this.#exports.luge_step(clock.now())) === Status.More;
  }

  /** Does a small part of a compaction, beginning one where none is going on; says whether there is more. */
  compactStep(): boolean {
    return this.#work("compact", () => this.#exports.luge_compact_step(clock.now())) === Status.More;
  }

  /** What to wait for until files that were removed are gone: removals wait for the syncs before them. */
  async filesSettled(): Promise<void> {
    await this.#settled("compact");
    await this.#settled("compact", "table");
  }

  /** Verifies a small part, from the start on with `first`. */
  verifyStep(first: boolean): VerifyStep {
    const more = this.#call("verify", () => this.#exports.luge_verify_step(first ? 1 : 0)) === Status.More;
    const lines = this.#memory.replyText().split("\n").slice(0, -1);
    return { more, entries: this.#memory.replyVersion, damages: lines.map(damageOf) };
  }

  metrics(): StoreMetrics {
    this.#call("read", () => this.#exports.luge_metrics(clock.now()));
    const lines = this.#memory.replyText().trimEnd().split("\n");
    const figures = new Map(lines.map((line) => line.split(" ")).map(([name = "", value]) => [name, Number(value)]));
    return toMetrics(figures, this.#exports.memory.buffer.byteLength);
  }

  sizeBytes(): number {
    const { logFileBytes, blockFileBytes, indexBytes } = this.metrics();
    return logFileBytes + blockFileBytes + indexBytes;
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#host.onFailure((cause) => listener(ioError("write", cause)));
  }

  /** Does a small part of closing; says whether there is more. */
  closeStep(): boolean {
    return this.#call("close", () => this.#exports.luge_close_step(clock.now())) === Status.More;
  }

  /** Gives all files back, once everything is durable. */
  async close(): Promise<void> {
    this.#call("close", () => this.#exports.luge_close(clock.now()));
    await this.#settled("close");
    await this.#settled("close", "table");
    try {
      this.#host.abandon();
    } catch (cause) {
      throw ioError("close", cause);
    }
  }

  /** Gives all files back as a crash would: for an engine that failed. */
  abandon(): void {
    this.#host.abandon();
  }

  /** As {@linkcode Engine.abandon}, after a failure that says more than what this one may meet. Idempotent. */
  giveUp(): void {
    try {
      this.#host.abandon();
    } catch {
      // A file that could not be closed: the failure before it is the one to tell.
    }
  }

  /** A large value crosses in pieces, so that neither side holds it twice. */
  #putLarge(key: Uint8Array, value: Uint8Array, expiresMs: number): void {
    this.#memory.request(key, undefined);
    this.#write("write", () => this.#exports.luge_put_begin(key.length, value.length, expiresMs, clock.now()));
    this.#putParts(value);
  }

  #putParts(value: Uint8Array): void {
    for (let at = 0; at < value.length; at += PART_BYTES) {
      const part = value.subarray(at, at + PART_BYTES);
      this.#memory.request(part, undefined);
      this.#call("write", () => this.#exports.luge_put_part(part.length));
    }
    this.#call("write", () => this.#exports.luge_put_end());
  }

  #readLarge(length: number): Uint8Array {
    const value = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      this.#call("read", () => this.#exports.luge_read(PART_BYTES));
      at += this.#memory.replyInto(value, at);
    }
    return value;
  }

  /** What was asked for so far in a lane; rejects with a `StoreError`. */
  #settled(action: string, lane: Lane = "log"): Promise<void> | undefined {
    return this.#host.settled(lane)?.catch((cause: unknown) => {
      throw ioError(action, cause);
    });
  }

  /** A call that commits. */
  #write(action: string, run: () => number): void {
    this.#work(action, run);
    this.#hasWritten = true;
  }

  /** A call that may use up versions. */
  #work(action: string, run: () => number): number {
    return this.#hasWritten ? this.#call(action, run) : this.#inline(action, run);
  }

  /** Runs a call whose writes and syncs of the log are done when it returns. */
  #inline(action: string, run: () => number): number {
    let failure: unknown;
    let status = 0;
    try {
      this.#host.inline("log", () => {
        try {
          status = this.#call(action, run);
        } catch (error) {
          failure = error;
        }
      });
    } catch (cause) {
      throw ioError(action, cause);
    }
    if (failure !== undefined) throw failure;
    return status;
  }

  #call(action: string, run: () => number): number {
    this.#host.takeError();
    const status = this.#run(action, run);
    if (status < Status.InvalidRequest) return status;
    const met = this.#host.takeError();
    // sled takes what it could not read for damaged.
    const isIo = status === Status.Io || (status === Status.Corrupt && isDiskFailure(met));
    const cause = isIo ? met : undefined;
    if (cause instanceof StoreError) throw cause;
    const reason = isErrorLike(cause) ? cause.message : this.#reasonOf(status);
    throw new StoreError(codeOf(isIo ? Status.Io : status), `Cannot ${action}: ${reason}`, { cause });
  }

  /** A call from within another one leaves no message: the reply is the other one's. */
  #reasonOf(status: number): string {
    if (status === Status.Reentrant) return "the file system called the store in the middle of one of its calls";
    return this.#memory.replyText();
  }

  /** A trap, an exit or an exhausted stack ends the instance: its memory may be inconsistent. */
  #run(action: string, run: () => number): number {
    try {
      return run();
    } catch (error) {
      const cause = this.#host.takeError() ?? error;
      if (cause instanceof StoreError) throw cause;
      const panic = this.#host.takeOutput() || String(error);
      if (isOfIndex(panic)) {
        const message = `Cannot ${action}: a file of the index, index/db or index/snap.*, is damaged: ${panic}`;
        throw new StoreError("STORE_CORRUPT", message, { cause });
      }
      throw new StoreError("ENGINE_TRAP", `Cannot ${action}: the engine stopped: ${panic}`, { cause });
    }
  }
}

/** V8 reserves far more addresses than it uses memory, so that a limit on addresses refuses it early. */
const MEMORY_HINT =
  "the process may not reserve the 10 GB of addresses that WebAssembly takes before it uses any memory: " +
  "raise its limit (ulimit -v), or start Node with --disable-wasm-trap-handler";

async function start(module: WebAssembly.Module, imports: WebAssembly.Imports, host: Host): Promise<EngineExports> {
  let instance: WebAssembly.Instance;
  try {
    instance = await WebAssembly.instantiate(module, imports);
  } catch (cause) {
    if (isErrorLike(cause) && (cause.name === "LinkError" || cause.name === "TypeError")) {
      throw new StoreError("ENGINE_INCOMPATIBLE", `The engine needs other imports: ${cause.message}`, { cause });
    }
    const isRefused = isErrorLike(cause) && cause.name === "RangeError";
    const hint = isRefused ? `; ${MEMORY_HINT}` : "";
    throw new StoreError("ENGINE_UNAVAILABLE", `Cannot start the engine: ${String(cause)}${hint}`, { cause });
  }
  const exports = checkExports(instance.exports);
  host.start(exports);
  return exports;
}

/** What a disk that failed behind a call makes of it. */
function ioError(action: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  return new StoreError("IO_ERROR", `Cannot ${action}: ${messageOf(cause)}`, { cause });
}

function damageOf(line: string): Damage {
  const [file = "", offset, from = "", to = "-", message = ""] = line.split("\t");
  return { file, offset: Number(offset), from: fromHex(from), to: to === "-" ? undefined : fromHex(to), message };
}
