/**
 * One engine instance with its host: typed calls in, bytes and {@linkcode StoreError}s out.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import type { FileSystem } from "../fs/filesystem.ts";
import { Host } from "../host/host.ts";
import { checkExports, type EngineExports } from "./exports.ts";
import { EngineMemory, type PageEntry } from "./memory.ts";
import { codeOf, Status } from "./status.ts";

/** Bytes of entries that one call of a scan brings over. */
const PAGE_BYTES = 256 * 1024;
const NOTHING = new Uint8Array(0);

/** The directory an engine works in. */
export interface EngineDirectory {
  readonly fileSystem: FileSystem;
  readonly path: string;
  /** Whether the directory is still ours; asked before every change. */
  readonly owned: () => boolean;
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

  /** Opens the store in the directory, creating it when it is missing, with sled's cache at `cacheSize` bytes. */
  open(cacheSize: number): void {
    try {
      this.#call(`open '${this.#path}'`, () => this.#exports.luge_open(cacheSize));
    } catch (error) {
      this.#host.abandon();
      throw error;
    }
  }

  /** The value of `key`, in bytes that the caller owns. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#memory.request(key, undefined);
    const status = this.#call("read", () => this.#exports.luge_get(key.length));
    return status === Status.NotFound ? undefined : this.#memory.reply();
  }

  has(key: Uint8Array): boolean {
    this.#memory.request(key, undefined);
    return this.#call("read", () => this.#exports.luge_has(key.length)) === Status.Ok;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#memory.request(key, value);
    this.#call("write", () => this.#exports.luge_put(key.length, value.length));
  }

  delete(key: Uint8Array): void {
    this.#memory.request(key, undefined);
    this.#call("delete", () => this.#exports.luge_delete(key.length));
  }

  /** The entries with `prefix`, in byte order. */
  *scan(prefix: Uint8Array): Generator<PageEntry> {
    let after: Uint8Array = NOTHING;
    for (let more = true; more; ) {
      this.#memory.request(prefix, after);
      const status = this.#call("scan", () => this.#exports.luge_scan(prefix.length, after.length, PAGE_BYTES));
      more = status === Status.More;
      for (const entry of this.#memory.replyPage()) {
        after = entry.key;
        yield entry;
      }
    }
  }

  /** Returns when everything so far is durable. */
  flush(): void {
    this.#call("flush", () => this.#exports.luge_flush());
  }

  /** Makes everything durable and gives all files back. */
  close(): void {
    this.#call("close", () => this.#exports.luge_close());
    this.#host.abandon();
  }

  /** Gives all files back as a crash would: for an engine that failed. */
  abandon(): void {
    this.#host.abandon();
  }

  #call(action: string, run: () => number): number {
    this.#host.takeError();
    const status = this.#run(action, run);
    if (status === Status.Ok || status === Status.NotFound || status === Status.More) return status;
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
