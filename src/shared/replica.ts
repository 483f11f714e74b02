/**
 * A replica: a store in a directory of its own, which has the commits of another one. Nobody else opens it, and it is
 * thrown away in the end.
 *
 * @module
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { SledStoreConfig } from "../api/config.ts";
import { setTimeout } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { type Deferred, deferred } from "../promises.ts";
import { applyCommits } from "../wasm/commit_pages.ts";
import type { Engine } from "../wasm/engine.ts";
import type { CommitPiece } from "./feed.ts";
import { loggerOf, type OpenAlone } from "./join.ts";
import type { OwnedStore } from "./owned_store.ts";
import { UnsyncedFileSystem } from "./unsynced_file_system.ts";

/** How often it is looked whether snapshots still read a replica that is given up, in milliseconds. */
const LOOK_MS = 200;
/** A replica may have so many bytes of its own, whatever the store has. */
const LEAST_OWN_BYTES = 256 * 1024 * 1024;
const SEGMENT_FOLDERS = ["log", "upper", "bottom"] as const;

/** See the module. */
export class Replica {
  readonly store: OwnedStore;
  readonly #path: string;
  readonly #ending: { isOver: boolean };
  #isEnding = false;
  readonly #ended: Deferred<void> = deferred<void>();
  /** Whether it is given up as soon as nothing reads it. */
  isRetiring = false;

  private constructor(store: OwnedStore, path: string, ending: { isOver: boolean }) {
    this.store = store;
    this.#path = path;
    this.#ending = ending;
  }

  /** Opens a fork of the store, with the options of the process for the store. */
  static async open(open: OpenAlone, config: SledStoreConfig, path: string): Promise<Replica> {
    const { cacheSize, writeBufferSize, workers, shareBuffers, wasm, slowOperation, loggingLevel } = config;
    const log = loggerOf(config);
    const ending = { isOver: false };
    // It fails when it is given up, too.
    const error = (message: string) => {
      if (!ending.isOver) log.warn(message);
    };
    try {
      const store = await open({
        ...{ cacheSize, writeBufferSize, workers, shareBuffers, wasm, slowOperation, loggingLevel },
        path,
        syncWrites: false,
        createIfMissing: false,
        fileSystem: new UnsyncedFileSystem(),
        logger: { debug: log.debug, info: log.debug, warn: log.warn, error },
      });
      return new Replica(store, path, ending);
    } catch (cause) {
      await removeReplica(path);
      throw cause;
    }
  }

  /** The version that reads find. */
  get version(): number {
    return this.store.version;
  }

  /** Whether it can be read. */
  get isAlive(): boolean {
    return this.store.opened.core.isAlive;
  }

  /** Applies commits: reads find them at once. Settles when the next ones may come. */
  apply([until, , count, bytes]: CommitPiece): Promise<void> {
    const { core, commits } = this.store.opened;
    core.run((backend) => applyCommits((backend as Engine).calls, { until, count, bytes }));
    core.watchers.wroteAll(core.version + 1);
    core.version = until;
    commits.wake();
    return commits.writes.committed();
  }

  /** Whether it has too many bytes that the store does not have, too. */
  isLarge(): boolean {
    const { own, all } = segmentBytes(this.#path);
    return own > Math.max(LEAST_OWN_BYTES, all / 2);
  }

  /** Gives it up once no snapshot and no walk reads it. */
  retire(): void {
    this.isRetiring = true;
    if (this.isAlive && this.store.metrics().openSnapshots > 0) setTimeout(() => this.retire(), LOOK_MS).unref();
    else void this.end();
  }

  /** Gives it up, and removes its files. Reads of it fail from now on. */
  end(): Promise<void> {
    if (!this.#isEnding) void this.#end();
    return this.#ended.promise;
  }

  /** Settles once it has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async #end(): Promise<void> {
    this.#isEnding = this.#ending.isOver = true;
    const { core, commits } = this.store.opened;
    commits.stop();
    // A close would first merge what is thrown away.
    core.fail(new StoreError("STORE_CLOSED", "the replica was given up"));
    await removeReplica(this.#path);
    this.#ended.resolve();
  }
}

/** The bytes of the segments in a directory, and of those that have no other name. */
export function segmentBytes(directory: string): { readonly own: number; readonly all: number } {
  let [own, all] = [0, 0];
  for (const folder of SEGMENT_FOLDERS) {
    const path = `${directory}/${folder}`;
    for (const name of existsSync(path) ? readdirSync(path) : []) {
      // The store may have removed it meanwhile.
      const stat = statSync(`${path}/${name}`, { throwIfNoEntry: false });
      all += stat?.size ?? 0;
      if (stat?.nlink === 1) own += stat.size;
    }
  }
  return { own, all };
}

/** Removes the files of a replica. What is left, the owner removes when the client is gone. */
export async function removeReplica(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => {});
}
