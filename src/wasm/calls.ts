/**
 * Calls of one engine instance. Failures of the engine or the disk become a {@linkcode StoreError}.
 *
 * @module
 */

import type { Compression } from "../api/config.ts";
import { StoreError } from "../errors.ts";
import { isDiskFailure } from "../fs/errno.ts";
import { Host, type HostPlace, type Lane } from "../host/host.ts";
import { isErrorLike, messageOf } from "../realm.ts";
import { checkExports } from "./exports.ts";
import { type EngineExports, Status } from "./interface.ts";
import { EngineMemory } from "./memory.ts";
import { codeOf, isOfIndex } from "./status.ts";

/** Their places are the numbers that the engine takes for them. */
const COMPRESSIONS: readonly Compression[] = ["none", "lz4"];

/** Calls one export, and returns its status. */
export type EngineCall = (exports: EngineExports) => number;

/** The engine's part of a config. */
export interface EngineOptions {
  readonly cacheSize: number;
  readonly writeBufferSize: number;
  readonly numVersionsToKeep: number;
  readonly readOnly: boolean;
  readonly compression: Compression;
  readonly shareBuffers: boolean;
}

/** An instance with its host. Any error except `OUT_OF_MEMORY` makes it unusable. */
export class EngineCalls {
  readonly host: Host;
  readonly exports: EngineExports;
  readonly memory: EngineMemory;
  readonly #path: string;

  private constructor(path: string, host: Host, exports: EngineExports) {
    this.#path = path;
    this.host = host;
    this.exports = exports;
    this.memory = new EngineMemory(exports);
    let count = 0;
    const begins = () => {
      count = this.memory.askedSyncs;
    };
    host.onLog({ begins, done: () => this.run("write", () => exports.luge_synced(count)) });
  }

  /** Starts an instance of `module`, which may still be compiled. */
  static async start(module: Promise<WebAssembly.Module>, place: HostPlace): Promise<EngineCalls> {
    const host = new Host(place);
    // Created while another thread compiles.
    const imports = host.imports();
    return new EngineCalls(place.path, host, await instantiate(await module, imports, host));
  }

  /** Opens the store in the directory. Settles once the recovered data is durable. */
  async open({ cacheSize, writeBufferSize, numVersionsToKeep, ...options }: EngineOptions): Promise<void> {
    const [readOnly, compression] = [options.readOnly ? 1 : 0, COMPRESSIONS.indexOf(options.compression)];
    const open: EngineCall = (exports) =>
      exports.luge_open(cacheSize, writeBufferSize, numVersionsToKeep, readOnly, compression);
    this.run(`open '${this.#path}'`, open);
    await this.allSettled("open");
  }

  /** Settles when all syncs of a lane that were asked for are done. Rejects with a `StoreError`. */
  settled(action: string, lane: Lane = "log"): Promise<void> | undefined {
    const settled = this.host.settled(lane)?.catch((cause: unknown) => {
      throw ioError(action, cause);
    });
    // Nobody has to wait for it.
    settled?.catch(() => {});
    return settled;
  }

  /** As {@linkcode EngineCalls.settled}, for all lanes. */
  async allSettled(action: string): Promise<void> {
    await this.settled(action);
    await this.settled(action, "table");
  }

  /** Does all syncs that were asked for, in all lanes, before it returns. */
  finishSyncs(action: string): void {
    try {
      this.host.finishSyncs();
    } catch (cause) {
      throw ioError(action, cause);
    }
  }

  /** Runs a call and returns its status. Throws if the status is an error. Begins the syncs that it asks for. */
  run(action: string, call: EngineCall): number {
    this.host.takeError();
    const status = this.#attempt(action, call);
    if (status < Status.InvalidRequest) {
      this.host.beginSyncs();
      return status;
    }
    const met = this.host.takeError();
    // sled reports data that it could not read as damaged.
    const isIo = status === Status.Io || (status === Status.Corrupt && isDiskFailure(met));
    const cause = isIo ? met : undefined;
    if (cause instanceof StoreError) throw cause;
    const reason = isErrorLike(cause) ? cause.message : this.#reasonOf(status);
    throw new StoreError(codeOf(isIo ? Status.Io : status), `Cannot ${action}: ${reason}`, { cause });
  }

  /** A reentrant call has no message of its own, because the reply belongs to the outer call. */
  #reasonOf(status: number): string {
    if (status === Status.Reentrant) return "the file system called the store in the middle of one of its calls";
    return this.memory.replyText();
  }

  /** A trap, an exit or a stack overflow ends the instance: its memory may be inconsistent. */
  #attempt(action: string, call: EngineCall): number {
    try {
      return call(this.exports);
    } catch (error) {
      const cause = this.host.takeError() ?? error;
      if (cause instanceof StoreError) throw cause;
      const panic = this.host.takeOutput() || String(error);
      if (isOfIndex(panic)) {
        const message = `Cannot ${action}: a file of the index, index/db or index/snap.*, is damaged: ${panic}`;
        throw new StoreError("STORE_CORRUPT", message, { cause });
      }
      throw new StoreError("ENGINE_TRAP", `Cannot ${action}: the engine stopped: ${panic}`, { cause });
    }
  }
}

/** The error for a disk that failed outside of a call. */
export function ioError(action: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  return new StoreError("IO_ERROR", `Cannot ${action}: ${messageOf(cause)}`, { cause });
}

/** V8 reserves far more addresses than it uses memory. So a limit on addresses refuses it early. */
const MEMORY_HINT =
  "the process may not reserve the 10 GB of addresses that WebAssembly takes before it uses any memory: " +
  "raise its limit (ulimit -v), or start Node with --disable-wasm-trap-handler";

async function instantiate(
  module: WebAssembly.Module,
  imports: WebAssembly.Imports,
  host: Host,
): Promise<EngineExports> {
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
