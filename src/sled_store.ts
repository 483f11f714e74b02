/**
 * The store on disk.
 *
 * @module
 */

import type { ForkResult, RestoreResult } from "./api/backup.ts";
import type { LongOptions } from "./api/entries.ts";
import type { DirectoryLock, FileSystem } from "./api/file_system.ts";
import type { Logger } from "./api/logger.ts";
import { FileSpool } from "./backup/file_spool.ts";
import type { Rest } from "./fork.ts";
import { LONG_OPTIONS, signalOf } from "./options.ts";
import { messageOf } from "./realm.ts";
import { BaseStore } from "./store/base_store.ts";
import { StoreCore } from "./store/core.ts";
import type { Observer } from "./store/observer.ts";
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
  readonly observer: Observer;
  /** Copies a backup to a new directory. */
  readonly copy: Copy;
  /** Copies the files of the store to a new directory. */
  readonly fork: Fork;
}

/** Creates a store in an empty directory from a backup. */
export type Copy = (directory: string | URL, backup: ReadableStream<Uint8Array>) => Promise<RestoreResult>;

/** Creates a store in an empty directory from the files of an open store, which `rest` brings to rest. */
export type Fork = (directory: string | URL, rest: Rest, signal: AbortSignal | undefined) => Promise<ForkResult>;

/**
 * Releases the directories of stores that were collected as garbage. A registered value must not reference its store.
 */
const collected = new FinalizationRegistry<() => void>((giveBack) => giveBack());

/**
 * A {@linkcode Store} in a directory, made by `open`. It owns the directory until it is closed. A second `open` of the
 * directory, by this process or another, on any runtime, rejects with `STORE_LOCKED`. Close a store when you do not
 * need it any more. A store without references is collected as garbage at an unknown time. After that it releases its
 * directory when the same process opens the directory again.
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
  readonly #core: StoreCore;
  readonly #copy: Copy;
  readonly #fork: Fork;

  /** For `open`. Opens nothing itself. */
  constructor({ engine, lock, logger, path, syncWrites, readOnly, fileSystem, observer, copy, fork }: SledStoreParts) {
    const core = new StoreCore(engine, {
      syncWrites,
      readOnly,
      observer,
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
    this.#core = core;
    this.#copy = copy;
    this.#fork = fork;
    // Work that continues without the store, such as a write that settles, holds the core.
    collected.register(core, giveBack(engine, lock, logger, path), lock);
  }

  /**
   * Copies the store, as it is now, to a directory. The directory must be empty; luge creates it if it is missing. The
   * copy is a separate store, with the same versions and without their history. It is durable when the promise settles.
   * If the promise rejects, luge removes what it copied. After a crash the directory has no store: empty it before you
   * use it again.
   *
   * Rejects as `open` does for the directory, with `STORE_EXISTS` when it has a store, with `NOT_A_STORE` when it has
   * something else, with `PATH_UNAVAILABLE` when it is inside the directory of this store, and with the reason of the
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

  /**
   * Makes a complete, separate store in another directory, in milliseconds, whatever the size. The fork has all commits
   * up to now, with their history. Both stores share the files that never change, as hard links: these take disk space
   * once, until one of the stores merges them. luge copies the other files, a few percent of the store. If hard links are
   * not possible, such as on another file system, luge copies all files. The result says why.
   *
   * The directory must be empty or missing. luge makes the fork beside it, as `<directory>.fork-…`, and renames it once
   * it is whole and durable. If the promise rejects, luge removes what it made. After a crash the directory is
   * empty, missing or the whole fork. Remove a `<directory>.fork-…` that the crash left.
   *
   * Writes that you start meanwhile are only in the store, not in the fork. A fork shares its bytes with the store: damage
   * on the disk can hit both. Use {@linkcode SledStore.backupTo} or {@linkcode Store.backup} for a separate copy.
   *
   * Rejects with the reason of the signal, and with a `StoreError`:
   *
   * - `STORE_EXISTS` if the directory has a store, and `NOT_A_STORE` if it has something else;
   * - `PATH_NOT_DIRECTORY` or `PATH_UNAVAILABLE` if the path cannot be used, or is inside the directory of this store;
   * - `IO_ERROR` if the disk fails;
   * - `LOCK_LOST`, `STORE_CLOSED`, `STORE_FAILED` or `STORE_RESTORING` as all methods do.
   *
   * @example
   * ```ts no-run
   * import { open } from "@luge/luge";
   *
   * await using store = await open("data");
   * const { version, linkedBytes, copiedBytes } = await store.fork("data-before-the-upgrade");
   * ```
   */
  async fork(directory: string | URL, options?: LongOptions): Promise<ForkResult> {
    const signal = signalOf(options);
    const core = this.#core;
    core.assertOpen("fork");
    const now = () => {
      core.assertOpen("fork");
      core.endSegments();
      return core.version;
    };
    const soon = async () => await core.run(({ disk }) => disk?.endSegments());
    return await this.#fork(directory, { soon, now }, signal);
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
