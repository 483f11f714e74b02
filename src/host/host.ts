/**
 * The host of one engine. Provides the imports, which never throw into WebAssembly. Orders the changes that reach the disk.
 *
 * @module
 */

import type { FileSystem } from "../api/file_system.ts";
import type { Reserve } from "../fs/reserve.ts";
import { HostDirectory } from "./directory.ts";
import { errnoOf, isDiskFailure } from "./errno.ts";
import { GuardedFileSystem } from "./guarded_file_system.ts";
import { HostWasi, type WasiCall } from "./host_wasi.ts";
import type { Lane } from "./lanes.ts";
import { OrderedFileSystem } from "./ordered_file_system.ts";
import { HostOutput } from "./output.ts";
import { SUCCESS } from "./wasi.ts";

export type { Lane } from "./lanes.ts";

/** What an engine instance must export for the host. */
export interface HostedExports {
  readonly memory: WebAssembly.Memory;
  _initialize?(): unknown;
}

/** The disk and the directory of an engine. */
export interface HostPlace {
  readonly fileSystem: FileSystem;
  /** The directory that the engine sees as `/`. */
  readonly path: string;
  /** Whether the store still owns the directory. Called before every change. */
  readonly owned: () => boolean;
  /** The reserve that `fileSystem` uses if the disk is full. */
  readonly reserve?: Reserve;
}

/** Gives one engine instance its files, clock and random numbers. */
export class Host {
  readonly #files: GuardedFileSystem;
  readonly #ordered: OrderedFileSystem;
  #failed: (error: unknown) => void = () => {};
  readonly #output = new HostOutput();
  readonly #wasi: HostWasi;
  #error: unknown;

  /** The reserve for a full disk. */
  readonly reserve: Reserve | undefined;

  constructor({ fileSystem, path, owned, reserve }: HostPlace) {
    this.reserve = reserve;
    this.#ordered = new OrderedFileSystem(fileSystem, {
      laneOf: (file) => (file.startsWith(`${path}/log/`) ? "log" : "table"),
      check: () => this.#files.assertChangeable(),
      failed: (error) => this.#failed(this.#files.explain(error)),
    });
    this.#files = new GuardedFileSystem(this.#ordered, path, owned);
    this.#wasi = new HostWasi(this.#output, new HostDirectory(this.#files, ""));
  }

  /** The import object of the instance. Only `proc_exit` throws into WebAssembly. */
  imports(): WebAssembly.Imports {
    const guarded = Object.entries(this.#wasi.calls()).map(([name, call]) => [
      name,
      name === "proc_exit" ? call : this.#guard(call),
    ]);
    return { wasi_snapshot_preview1: Object.fromEntries(guarded) };
  }

  /** Must be called with the instance's exports before any other export runs. */
  start(exports: HostedExports): void {
    this.#wasi.initialize({ exports });
  }

  /** Calls `listener` if the disk fails outside of any call of the engine. */
  onFailure(listener: (error: unknown) => void): void {
    this.#failed = listener;
  }

  /** How many bytes wait for syncs. */
  get queuedBytes(): number {
    return this.#ordered.queuedBytes;
  }

  /** Settles when all requests of the engine in a lane so far are done; `undefined` if they are done already. */
  settled(lane: Lane): Promise<void> | undefined {
    return this.#ordered.settled(lane)?.catch((error: unknown) => {
      throw this.#files.explain(error);
    });
  }

  /** Does all requests of the engine so far before it returns. */
  drain(): void {
    this.#ordered.drain();
  }

  /** Runs `call`. The requests that the engine makes in a lane, syncs included, are done when it returns. */
  inline<T>(lane: Lane, call: () => T): T {
    return this.#ordered.inline(lane, call);
  }

  /** The last error that a host function turned into an errno since the last call. */
  takeError(): unknown {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  /** The output of the engine since the last call: the message of a panic. */
  takeOutput(): string {
    return this.#output.take();
  }

  /** How many files and directories the engine has open. */
  openDescriptors(): number {
    return this.#wasi.openDescriptors;
  }

  /** Closes every file of a dead engine, and syncs nothing. Tries all files, then throws the first error. */
  abandon(): void {
    this.#wasi.forgetFiles();
    this.reserve?.close();
    this.#ordered.abandon();
  }

  #guard(call: WasiCall): WasiCall {
    return (...values: never[]) => {
      try {
        return call(...values) ?? SUCCESS;
      } catch (error) {
        this.#error = error;
        if (isDiskFailure(error)) this.#files.freeze(error);
        return errnoOf(error);
      }
    };
  }
}
