/**
 * One engine instance with its host: typed calls in, bytes and {@linkcode StoreError}s out.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import type { FileSystem } from "../fs/filesystem.ts";
import { Host } from "../host/host.ts";
import { checkExports, type EngineExports } from "./exports.ts";
import { EngineMemory, type PageEntry, type VersionEntry } from "./memory.ts";
import { type ByteRange, flagsOf, restOf } from "./range.ts";
import { codeOf, Status } from "./status.ts";

/** Bytes of entries that one call of a scan brings over. */
const PAGE_BYTES = 256 * 1024;
/** Bytes of a large value that one call brings over. */
const PART_BYTES = 1024 * 1024;
/** Entries that one call counts. */
const COUNT_STEP = 1_000_000;
const NO_LIMIT = 0xffffffff;
/** Above every version. */
const NEWEST = Number.MAX_SAFE_INTEGER;
const NOTHING = new Uint8Array(0);

/** The engine's part of a config. */
export interface EngineOptions {
  readonly cacheSize: number;
  readonly writeBufferSize: number;
  readonly numVersionsToKeep: number;
  readonly readOnly: boolean;
}

/** The directory an engine works in. */
export interface EngineDirectory {
  readonly fileSystem: FileSystem;
  readonly path: string;
  /** Whether the directory is still ours; asked before every change. */
  readonly owned: () => boolean;
}

/** What one step of a verification found. */
export interface VerifyStep {
  readonly more: boolean;
  /** How many entries were read so far. */
  readonly entries: number;
  readonly damages: Damage[];
}

/** Something that is wrong with a file. */
export interface Damage {
  /** The file, below the store's directory. */
  readonly file: string;
  /** Where in that file, in bytes. */
  readonly offset: number;
  /** The first key that may not be readable. Without keys in it, the damage is to none in particular. */
  readonly from: Uint8Array;
  /** The key behind the last one; `undefined` for the end. */
  readonly to: Uint8Array | undefined;
  /** What is wrong, in words. */
  readonly message: string;
}

/** The bindings of one instance. Any error of theirs but `OUT_OF_MEMORY` leaves it unusable. */
export class Engine {
  readonly #host: Host;
  readonly #exports: EngineExports;
  readonly #memory: EngineMemory;
  readonly #path: string;

  private constructor(path: string, host: Host, exports: EngineExports) {
    this.#path = path;
    this.#host = host;
    this.#exports = exports;
    this.#memory = new EngineMemory(exports);
  }

  /** Starts an instance of `module`, and refuses one that is no engine of this release. Touches no file. */
  static async start(module: WebAssembly.Module, directory: EngineDirectory): Promise<Engine> {
    const host = new Host(directory.fileSystem, directory.path, directory.owned);
    return new Engine(directory.path, host, await start(module, host));
  }

  /** Opens the store in the directory, creating it when it is missing. */
  open({ cacheSize, writeBufferSize, numVersionsToKeep, readOnly }: EngineOptions): void {
    try {
      const open = () => this.#exports.luge_open(cacheSize, writeBufferSize, numVersionsToKeep, readOnly ? 1 : 0);
      this.#call(`open '${this.#path}'`, open);
    } catch (error) {
      this.#host.abandon();
      throw error;
    }
  }

  /** Whether there is work for {@linkcode Engine.step}, as of the last write. */
  get hasWork(): boolean {
    return this.#memory.hasWork;
  }

  /** The value of `key`, in bytes that the caller owns. */
  get(key: Uint8Array, version: number = NEWEST): Uint8Array | undefined {
    this.#memory.request(key, undefined);
    const status = this.#call("read", () => this.#exports.luge_get(key.length, version, Date.now()));
    if (status === Status.Ok) return this.#memory.reply();
    return status === Status.Streamed ? this.#readLarge(this.#memory.replyLength) : undefined;
  }

  has(key: Uint8Array, version: number = NEWEST): boolean {
    this.#memory.request(key, undefined);
    return this.#call("read", () => this.#exports.luge_has(key.length, version, Date.now())) === Status.Ok;
  }

  /** `expiresMs` is in milliseconds since 1970; 0 for never. Returns the version. */
  put(key: Uint8Array, value: Uint8Array, expiresMs = 0): number {
    if (value.length > PART_BYTES) {
      this.#putLarge(key, value, expiresMs);
    } else {
      this.#memory.request(key, value);
      this.#call("write", () => this.#exports.luge_put(key.length, value.length, expiresMs, Date.now()));
    }
    return this.#memory.replyVersion;
  }

  /** Returns the version. */
  delete(key: Uint8Array): number {
    this.#memory.request(key, undefined);
    this.#call("delete", () => this.#exports.luge_delete(key.length, Date.now()));
    return this.#memory.replyVersion;
  }

  /**
   * The entries of a range, in the order of their keys. A range that takes more than one page is read at a snapshot,
   * which is closed when the generator ends, also early.
   */
  *scan(range: ByteRange): Generator<PageEntry> {
    let rest: ByteRange | undefined = range;
    let snapshot: number | undefined;
    try {
      while (rest) {
        let [last, count]: [Uint8Array, number] = [NOTHING, 0];
        const { more, entries }: { more: boolean; entries: PageEntry[] } = this.#scanPage(rest);
        if (more && range.version === undefined) snapshot ??= this.snapshot();
        for (const entry of entries) {
          [last, count] = [entry.key, count + 1];
          yield entry;
        }
        const version = snapshot ?? range.version;
        rest = more ? { ...restOf(rest, last, count), ...(version === undefined ? {} : { version }) } : undefined;
      }
    } finally {
      if (snapshot !== undefined) this.release(snapshot);
    }
  }

  /** How many entries a range has. */
  count(range: ByteRange): number {
    let total = 0;
    let rest = range;
    for (;;) {
      const { lower = NOTHING, upper = NOTHING, limit = COUNT_STEP, version = NEWEST } = rest;
      this.#memory.request(lower, upper);
      const step = Math.min(limit, COUNT_STEP);
      const count = () =>
        this.#exports.luge_count(flagsOf(rest), lower.length, upper.length, step, version, Date.now());
      const status = this.#call("count", count);
      const counted = this.#memory.replyCount;
      total += counted;
      if (status !== Status.More || total === range.limit) return total;
      rest = restOf(rest, this.#memory.reply(), counted);
    }
  }

  /** All versions of `key` that are still there, newest first. */
  versions(key: Uint8Array): VersionEntry[] {
    this.#memory.request(key, undefined);
    this.#call("read", () => this.#exports.luge_versions(key.length, Date.now()));
    return this.#memory.replyVersions();
  }

  /** Keeps what is there now until {@linkcode Engine.release}; returns its version. */
  snapshot(): number {
    this.#call("open a snapshot", () => this.#exports.luge_snapshot(Date.now()));
    return this.#memory.replyVersion;
  }

  /** Lets go of a snapshot. */
  release(version: number): void {
    this.#call("close a snapshot", () => this.#exports.luge_release(version));
  }

  /** Returns when the operating system has everything so far. */
  writeOut(): void {
    this.#call("write", () => this.#exports.luge_write_out());
  }

  /** Returns when everything so far is durable. */
  flush(): void {
    this.#call("flush", () => this.#exports.luge_flush());
  }

  /** Does a small part of the work behind the commits; says whether there is more. */
  step(): boolean {
    return this.#call("write", () => this.#exports.luge_step(Date.now())) === Status.More;
  }

  /** Does a small part of a compaction, beginning one where none is going on; says whether there is more. */
  compactStep(): boolean {
    return this.#call("compact", () => this.#exports.luge_compact_step(Date.now())) === Status.More;
  }

  /** Verifies a small part, from the start on with `first`. */
  verifyStep(first: boolean): VerifyStep {
    const more = this.#call("verify", () => this.#exports.luge_verify_step(first ? 1 : 0)) === Status.More;
    const lines = this.#memory.replyText().split("\n").slice(0, -1);
    return { more, entries: this.#memory.replyVersion, damages: lines.map(damageOf) };
  }

  /** All figures of the engine, by name. */
  metrics(): Map<string, number> {
    this.#call("read", () => this.#exports.luge_metrics(Date.now()));
    const lines = this.#memory.replyText().trimEnd().split("\n");
    return new Map(lines.map((line) => line.split(" ")).map(([name = "", value]) => [name, Number(value)]));
  }

  /** Bytes of the engine's memory. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Makes everything durable and gives all files back. */
  close(): void {
    this.#call("close", () => this.#exports.luge_close(Date.now()));
    this.#host.abandon();
  }

  /** Gives all files back as a crash would: for an engine that failed. */
  abandon(): void {
    this.#host.abandon();
  }

  #scanPage(range: ByteRange): { more: boolean; entries: PageEntry[] } {
    const { lower = NOTHING, upper = NOTHING, limit = NO_LIMIT, version = NEWEST } = range;
    const flags = flagsOf(range);
    this.#memory.request(lower, upper);
    const scan = () =>
      this.#exports.luge_scan(flags, lower.length, upper.length, limit, PAGE_BYTES, version, Date.now());
    const more = this.#call("scan", scan) === Status.More && this.#memory.replyCount < limit;
    return { more, entries: Array.from(this.#memory.replyPage()) };
  }

  /** A large value crosses in pieces, so that neither side holds it twice. */
  #putLarge(key: Uint8Array, value: Uint8Array, expiresMs: number): void {
    this.#memory.request(key, undefined);
    this.#call("write", () => this.#exports.luge_put_begin(key.length, value.length, expiresMs, Date.now()));
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

  #call(action: string, run: () => number): number {
    this.#host.takeError();
    const status = this.#run(action, run);
    if (status < Status.InvalidRequest) return status;
    const cause = status === Status.Io ? this.#host.takeError() : undefined;
    if (cause instanceof StoreError) throw cause;
    const reason = cause instanceof Error ? cause.message : this.#memory.replyText();
    throw new StoreError(codeOf(status), `Cannot ${action}: ${reason}`, { cause });
  }

  /** A trap, an exit or an exhausted stack ends the instance: its memory may be inconsistent. */
  #run(action: string, run: () => number): number {
    try {
      return run();
    } catch (error) {
      const cause = this.#host.takeError() ?? error;
      if (cause instanceof StoreError) throw cause;
      const panic = this.#host.takeOutput() || String(error);
      throw new StoreError("ENGINE_TRAP", `Cannot ${action}: the engine stopped: ${panic}`, { cause });
    }
  }
}

async function start(module: WebAssembly.Module, host: Host): Promise<EngineExports> {
  let instance: WebAssembly.Instance;
  try {
    instance = await WebAssembly.instantiate(module, host.imports());
  } catch (cause) {
    if (cause instanceof WebAssembly.LinkError || cause instanceof TypeError) {
      throw new StoreError("ENGINE_INCOMPATIBLE", `The engine needs other imports: ${cause.message}`, { cause });
    }
    throw new StoreError("ENGINE_UNAVAILABLE", `Cannot start the engine: ${String(cause)}`, { cause });
  }
  const exports = checkExports(instance.exports);
  host.start(exports);
  return exports;
}

function damageOf(line: string): Damage {
  const [file = "", offset, from = "", to = "-", message = ""] = line.split("\t");
  return { file, offset: Number(offset), from: fromHex(from), to: to === "-" ? undefined : fromHex(to), message };
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
