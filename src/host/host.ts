/**
 * The host of one engine. Provides the imports, which never throw into WebAssembly.
 *
 * @module
 */

import type { FileSystem } from "../api/file_system.ts";
import type { Reserve } from "../fs/reserve.ts";
import { HostDirectory } from "./directory.ts";
import { errnoOf, isDiskFailure } from "./errno.ts";
import { GuardedFileSystem } from "./guarded_file_system.ts";
import { HostWasi, type WasiCall } from "./host_wasi.ts";
import { HostOutput } from "./output.ts";
import { type Content, type Lane, SyncingFileSystem } from "./syncing_file_system.ts";
import { SUCCESS } from "./wasi.ts";

export type { Lane } from "./syncing_file_system.ts";

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

/** What the engine is told of the syncs of its log. */
export interface LogEvents {
  /** Those that the engine asked for begin. */
  readonly begins: () => void;
  /** They are done. */
  readonly done: () => void;
}

/** Gives one engine instance its files, clock and random numbers. */
export class Host {
  readonly #files: GuardedFileSystem;
  readonly #syncing: SyncingFileSystem;
  #failed: (error: unknown) => void = () => {};
  #took: (ms: number) => void = () => {};
  #log: LogEvents = { begins: () => {}, done: () => {} };
  readonly #output = new HostOutput();
  readonly #wasi: HostWasi;
  #error: unknown;

  /** The reserve for a full disk. */
  readonly reserve: Reserve | undefined;

  constructor({ fileSystem, path, owned, reserve }: HostPlace) {
    this.reserve = reserve;
    const contentOf = (file: string): Content => {
      if (file.startsWith(`${path}/log/`)) return "log";
      return file.startsWith(`${path}/index/`) ? "index" : "blocks";
    };
    this.#syncing = new SyncingFileSystem(fileSystem, {
      contentOf,
      events: {
        begins: () => this.#log.begins(),
        done: () => this.#log.done(),
        took: (ms) => this.#took(ms),
        failed: (error) => {
          this.#files.freeze(error);
          this.#failed(this.#files.explain(error));
        },
      },
    });
    this.#files = new GuardedFileSystem(this.#syncing, path, owned);
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

  /** Calls `listener` after each sync of the log, with its milliseconds. */
  onSync(listener: (ms: number) => void): void {
    this.#took = listener;
  }

  /** Lets the engine know of the syncs of its log. */
  onLog(events: LogEvents): void {
    this.#log = events;
  }

  /** Begins the syncs that the engine asked for. To be called after each of its calls. */
  beginSyncs(): void {
    this.#syncing.begin();
  }

  /** Settles when the syncs of a lane that the engine asked for are done; `undefined` if they are done already. */
  settled(lane: Lane): Promise<void> | undefined {
    return this.#syncing.settled(lane)?.catch((error: unknown) => {
      throw this.#files.explain(error);
    });
  }

  /** Does all syncs that the engine asked for before it returns. */
  finishSyncs(): void {
    this.#syncing.finish();
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
    this.#syncing.abandon();
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
