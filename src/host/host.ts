/**
 * The host of one engine. Provides the imports, which never throw into WebAssembly.
 *
 * @module
 */

import type { FileSystem } from "../api/file_system.ts";
import { errnoOf, isDiskFailure, SUCCESS } from "../fs/errno.ts";
import type { Reserve } from "../fs/reserve.ts";
import { HostDirectory } from "./directory.ts";
import { Guard } from "./guard.ts";
import { HostWasi, type WasiCall } from "./host_wasi.ts";
import { HostOutput } from "./output.ts";
import type { SyncEvents } from "./pending_syncs.ts";
import { type Content, type Lane, SyncingFileSystem } from "./syncing_file_system.ts";

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
type LogEvents = Pick<SyncEvents, "begins" | "done">;

/** Gives one engine instance its files, clock and random numbers. */
export class Host {
  readonly #guard: Guard;
  readonly #files: SyncingFileSystem;
  readonly #output = new HostOutput();
  readonly #wasi: HostWasi;
  #failed: (error: unknown) => void = () => {};
  #took: (ms: number) => void = () => {};
  #log: LogEvents = {};
  #error: unknown;

  /** The reserve for a full disk. */
  readonly reserve: Reserve | undefined;

  constructor({ fileSystem, path: root, owned, reserve }: HostPlace) {
    this.reserve = reserve;
    const guard = new Guard(root, owned);
    const contentOf = (path: string): Content => {
      if (path.startsWith(`${root}/log/`)) return "log";
      return path.startsWith(`${root}/index/`) ? "index" : "blocks";
    };
    const events: SyncEvents = {
      begins: () => this.#log.begins?.(),
      done: () => this.#log.done?.(),
      took: (ms) => this.#took(ms),
      failed: (error) => {
        guard.freeze(error);
        this.#failed(guard.explain(error));
      },
    };
    this.#guard = guard;
    this.#files = new SyncingFileSystem(fileSystem, contentOf, events, () => guard.requireOwned());
    this.#wasi = new HostWasi(this.#output, new HostDirectory({ files: this.#files, guard, root }));
  }

  /** The import object of the instance. Only `proc_exit` throws into WebAssembly. */
  imports(): Record<string, Record<string, (...values: never[]) => unknown>> {
    const guarded = Object.entries(this.#wasi.calls()).map(([name, call]) => [
      name,
      name === "proc_exit" ? call : this.#guarded(call),
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

  /** Lets the engine know when the syncs of its log begin and are done. */
  onLog(events: LogEvents): void {
    this.#log = events;
  }

  /** Begins the syncs that the engine asked for. To be called after each of its calls. */
  beginSyncs(): void {
    this.#files.begin();
  }

  /** Settles when the syncs of a lane that the engine asked for are done; `undefined` if they are done already. */
  settled(lane: Lane): Promise<void> | undefined {
    return this.#files.settled(lane)?.catch((error: unknown) => {
      throw this.#guard.explain(error);
    });
  }

  /** Does all syncs that the engine asked for before it returns. */
  finishSyncs(): void {
    this.#files.finish();
  }

  /**
   * The last error that a host function turned into an errno since the last call. Without one, the failure of the disk
   * before: sled may report in a later call that it could not write.
   */
  takeError(): unknown {
    const error = this.#error ?? this.#guard.failure;
    this.#error = undefined;
    return error;
  }

  /** The output of the engine since the last call: the message of a panic. */
  takeOutput(): string {
    return this.#output.take();
  }

  /** Closes every file of a dead engine, and syncs nothing. Tries all files, then throws the first error. */
  abandon(): void {
    this.reserve?.close();
    this.#files.abandon();
  }

  #guarded(call: WasiCall): WasiCall {
    return (...values: never[]) => {
      try {
        return call(...values) ?? SUCCESS;
      } catch (error) {
        this.#error = error;
        if (isDiskFailure(error)) this.#guard.freeze(error);
        return errnoOf(error);
      }
    };
  }
}
