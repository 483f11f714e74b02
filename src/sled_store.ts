/**
 * The store on disk.
 *
 * @module
 */

import type { RestoreResult } from "./api/backup.ts";
import type { DirectoryLock, FileSystem } from "./api/file_system.ts";
import type { Logger } from "./api/logger.ts";
import type { LongOptions } from "./api/reader.ts";
import { FileSpool } from "./backup/file_spool.ts";
import { messageOf } from "./errors.ts";
import { LONG_OPTIONS } from "./options.ts";
import { BaseStore } from "./store/base_store.ts";
import { StoreCore } from "./store/core.ts";
import type { Engine } from "./wasm/engine.ts";

/** What `open` passes to a new store. */
export interface SledStoreParts {
  readonly engine: Engine;
  readonly lock: DirectoryLock;
  readonly logger: Logger;
  readonly path: string;
  readonly syncWrites: boolean;
  readonly readOnly: boolean;
  readonly fileSystem: FileSystem;
  /** Copies a backup to a new directory. */
  readonly copy: Copy;
}

/** Creates a store in an empty directory from a backup. */
export type Copy = (directory: string | URL, backup: ReadableStream<Uint8Array>) => Promise<RestoreResult>;

/**
 * Releases the directories of stores that were collected as garbage. A registered value must not reference its store.
 */
const collected = new FinalizationRegistry<() => void>((giveBack) => giveBack());

/**
 * A {@linkcode Store} in a directory, made by `open`. It owns the directory until it is closed. A second `open` of the
 * directory, by this process or another, on any runtime, rejects with `STORE_LOCKED`. Close a store when you do not
 * need it any more. A store without references releases its directory after garbage collection, when the same process
 * opens it again; the time of that is not known.
 *
 * Acknowledged writes survive a crash of the process and of the machine (see `syncWrites`). Of the other writes a
 * prefix survives, in the order of the calls.
 *
 * @example
 * ```ts no-run
 * import { open } from "@luge/luge";
 *
 * await using store = await open("data");
 * await store.put("key", "value"); // durable from here on
 * ```
 */
export class SledStore extends BaseStore {
  /** The directory of the store. */
  readonly path: string;
  readonly #copy: Copy;

  /** For `open`. Opens nothing itself. */
  constructor({ engine, lock, logger, path, syncWrites, readOnly, fileSystem, copy }: SledStoreParts) {
    const core = new StoreCore(engine, {
      syncWrites,
      readOnly,
      spool: () => FileSpool.create({ fileSystem, path, owned: () => lock.held() }),
      failed: (error) => logger.error(`'${path}' failed: ${messageOf(error)}`),
      released: () => {
        collected.unregister(lock);
        lock.release();
      },
      closed: () => logger.info(`closed '${path}'`),
      leftBehind: (error) => logger.error(`'${path}' could not be released: ${messageOf(error)}`),
    });
    super(core);
    this.path = path;
    this.#copy = copy;
    // Work that continues without the store, such as a write that settles, holds the core.
    collected.register(core, giveBack(engine, lock, logger, path), lock);
  }

  /**
   * Copies the store, as it is now, to a directory. The directory must be empty; luge creates it if it is missing. The
   * copy is a separate store, with the same versions and without their history. It is durable when the promise settles.
   * If the promise rejects, luge removes what it copied. After a crash the directory has no store: empty it before you
   * use it again.
   *
   * Rejects as `open` does for the directory, with `NOT_A_STORE` when it is not empty, and with the reason of the
   * signal.
   *
   * @example
   * ```ts no-run
   * import { open } from "@luge/luge";
   *
   * await using store = await open("data");
   * await store.backupTo("copy");
   * ```
   */
  async backupTo(directory: string | URL, options?: LongOptions): Promise<RestoreResult> {
    return await this.#copy(directory, this.backup({ ...LONG_OPTIONS.read(options) }));
  }
}

function giveBack(engine: Engine, lock: DirectoryLock, logger: Logger, path: string): () => void {
  return () => {
    logger.warn(`'${path}' was not closed: its store was collected as garbage`);
    try {
      engine.giveUp();
      if (lock.releaseOnDemand) lock.releaseOnDemand();
      else lock.release();
    } catch (error) {
      logger.error(`'${path}' could not be released: ${messageOf(error)}`);
    }
  };
}
