/**
 * Opens a store: the only file that sees every layer.
 *
 * @module
 */

import type { FollowedStoreConfig, RemoteStoreConfig, SharedStoreConfig, SledStoreConfig } from "./api/config.ts";
import type { DirectoryLock, FileSystem } from "./api/file_system.ts";
import type { Logger } from "./api/logger.ts";
import type { SharedStore } from "./api/shared_store.ts";
import { FileSpool, type SpoolPlace } from "./backup/file_spool.ts";
import { loadChannels } from "./channels.ts";
import { clock } from "./clock.ts";
import { type ResolvedConfig, resolveConfig } from "./config.ts";
import { copyTo } from "./copy.ts";
import { StoreError } from "./errors.ts";
import { type ForkSource, forkTo } from "./fork.ts";
import { requireHeld } from "./fs/filesystem.ts";
import type { WithJobWorker } from "./fs/job_worker.ts";
import { NodeFileSystem } from "./fs/node.ts";
import { readOnlyView } from "./fs/read_only.ts";
import { Reserve } from "./fs/reserve.ts";
import { ReservedFileSystem } from "./fs/reserved_file_system.ts";
import { isRemote } from "./is_remote.ts";
import { syncLeftovers } from "./leftovers.ts";
import { leveled } from "./logger.ts";
import { refuseSecond } from "./options.ts";
import { type Copy, type Fork, SledStore } from "./sled_store.ts";
import { Observer } from "./store/observer.ts";
import { finishRestore } from "./store/restore.ts";
import {
  atPath,
  hasStore,
  markDirectory,
  pathError,
  prepareDirectory,
  requireExisting,
  requireStore,
} from "./store_directory.ts";
import { waitForLock } from "./wait_for_lock.ts";
import { Engine } from "./wasm/engine.ts";
import type { JobWorkers } from "./wasm/jobs.ts";
import { loadEngine } from "./wasm/load.ts";

/**
 * Opens a store that other processes may have open in the same way: see {@linkcode SharedStore}. This process becomes
 * its owner, or a client of the owner.
 *
 * Rejects as for a store that is not shared. `STORE_LOCKED` means that a process has the store open and does not share
 * it; `open` looks for ten seconds, or for `waitForLock` if that is longer. Rejects with a `RangeError` if the store
 * has keys that begin with 16 bytes ff, from before it was shared.
 *
 * @example
 * ```ts no-run
 * import { open } from "@luge/luge";
 *
 * await using store = await open({ path: "data", shared: true });
 * await store.increment("visits"); // from any process
 * ```
 */
export function open(config: SharedStoreConfig | FollowedStoreConfig): Promise<SharedStore>;
/**
 * Opens a store that a process on another machine serves: see {@linkcode SharedStore.listen}. This process is always a
 * client. Calls without an answer wait while the server is away, and a write is done once.
 *
 * Rejects with a `TypeError` or `RangeError` for a wrong config, with the reason of its signal, and with a `StoreError`:
 *
 * - `STORE_UNREACHABLE` if nobody answers within {@linkcode RemoteStoreConfig.connectTimeout}, or TLS refuses the server;
 * - `ACCESS_DENIED` if the token is wrong;
 * - `PROTOCOL_UNSUPPORTED` if the server has another release of luge, which speaks another protocol.
 *
 * @example
 * ```ts no-run
 * import { open } from "@luge/luge";
 *
 * await using store = await open({ address: "luges://db.example:4444", token: process.env.LUGE_TOKEN });
 * await store.increment("visits"); // from any machine
 * ```
 */
export function open(config: `luge://${string}` | `luges://${string}` | RemoteStoreConfig): Promise<SharedStore>;
/**
 * Opens the store in a directory. Creates both if they are missing. After a crash it recovers everything that was
 * durable.
 *
 * Rejects with a `TypeError` or `RangeError` for a wrong config, or for fewer versions than the store keeps (see
 * {@linkcode SledStoreConfig.dropVersions}), and with the reason of its signal. Rejects with a `StoreError`:
 *
 * - `STORE_LOCKED` if another store has the directory open, also after {@linkcode SledStoreConfig.waitForLock};
 * - `LOCK_LOST` if the directory is moved, replaced or removed meanwhile;
 * - `PATH_NOT_DIRECTORY`, `PATH_UNAVAILABLE` or `NOT_A_STORE` if the path cannot be used;
 * - `NOT_A_STORE` or `STORE_EXISTS` as `createIfMissing` and `errorIfExists` say;
 * - `FORMAT_UNSUPPORTED` or `STORE_CORRUPT` if its files cannot be read;
 * - `ENGINE_UNAVAILABLE`, `ENGINE_INCOMPATIBLE` or `ENGINE_TRAP` if the engine does not start.
 *
 * All files then stay as they are.
 *
 * @example
 * ```ts
 * import { open } from "@luge/luge";
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const path = await mkdtemp(`${tmpdir()}/example-`);
 * const store = await open({ path, loggingLevel: 2 });
 * await store.put("greeting", "hello");
 * assert.equal(new TextDecoder().decode(await store.get("greeting")), "hello");
 * await store.close();
 * ```
 */
export function open(config: string | URL | SledStoreConfig): Promise<SledStore>;
export async function open(
  config: string | URL | SledStoreConfig | SharedStoreConfig | FollowedStoreConfig | RemoteStoreConfig,
): Promise<SledStore | SharedStore> {
  // biome-ignore lint/complexity/noArguments: see refuseSecond.
  refuseSecond(arguments, 'one config, as in open({ path: "data", readOnly: true })');
  if (isRemote(config)) return await (await import("./shared/mod.ts")).openRemote(config);
  const resolved = await resolveConfig(config as SledStoreConfig);
  const { path, follow } = resolved;
  if (!resolved.shared && !follow) return await openAlone(resolved);
  const { openShared } = await import("./shared/mod.ts");
  const { shared: _, follow: __, ...alone } = config as SharedStoreConfig;
  const own = async (owned: SledStoreConfig) => await openAlone(await resolveConfig(owned), true);
  const given = { ...alone, path, fileSystem: resolved.fileSystem };
  return await openShared({ open: own, config: given, path, follow });
}

/** Opens a store for this process. `isShared` is true for the owner of a shared store. */
async function openAlone(resolved: ResolvedConfig, isShared = false): Promise<SledStore> {
  const logger = leveled(resolved.logger, resolved.loggingLevel);
  const disk = resolved.fileSystem ?? new NodeFileSystem();
  const observer = new Observer({ path: resolved.path, slowMs: resolved.slowOperation, log: logger.warn });
  await loadChannels();
  const start = observer.start();
  let lockMs = 0;
  const locked = () => {
    lockMs = clock.monotonic() - start.atMs;
  };
  const opened = () => {
    const tookMs = (clock.monotonic() - start.atMs).toFixed(1);
    logger.info(`opened '${resolved.path}' ${resolved.readOnly ? "for reading " : ""}in ${tookMs} ms`);
  };
  const opening = { resolved, disk, logger, observer, locked, opened };
  let store: SledStore;
  try {
    store = await (resolved.readOnly ? openForReading(opening) : openForWriting(opening));
  } catch (error) {
    observer.opened(start, lockMs, error);
    throw error;
  }
  observer.opened(start, lockMs);
  if (isShared || resolved.readOnly) return store;
  const { path } = resolved;
  try {
    if (atPath(path, "open", () => disk.stat(`${path}/shared`))) {
      const { endSharing } = await import("./shared/mod.ts");
      await endSharing(store, path);
    }
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What a store is opened with. */
interface Opening {
  readonly resolved: ResolvedConfig;
  readonly disk: FileSystem;
  readonly logger: Logger;
  readonly observer: Observer;
  /** Called once the directory belongs to the store. */
  readonly locked: () => void;
  /** Logs that the store is open. A logger may throw: what was opened is closed then. */
  readonly opened: () => void;
}

async function openForWriting({ resolved, disk, logger, observer, ...tell }: Opening): Promise<SledStore> {
  let lock: DirectoryLock | undefined;
  const { path } = resolved;
  const reserve = new Reserve(disk, path);
  const fileSystem = new ReservedFileSystem(disk, reserve, `${path}/log`);
  const directory = { fileSystem, path, owned: () => requireHeld("write to", path, lock), reserve };
  const { compiled } = await loadEngine(resolved.wasm);
  const startWorker = resolved.workers === "auto" ? (disk as WithJobWorker).startJobWorker?.bind(disk) : undefined;
  const workers: JobWorkers | undefined = startWorker && {
    start: async () => {
      if (lock === undefined) throw new Error("the directory is not locked");
      return await startWorker({ path, module: await compiled, lock });
    },
    failed: (reason) => {
      // A directory that is not ours any more may lack what the worker looks for.
      const loss = lock?.held() ? undefined : lock?.lossReason;
      logger.warn(`'${path}' merges without a worker thread: ${loss ?? reason}`);
    },
  };
  const start = async () => await Engine.start(compiled, directory, workers);
  // A custom engine may be refused, so load it before anything is created. Our own is compiled while the directory is
  // locked.
  let engine = resolved.wasm === undefined ? undefined : await start();
  let isCreated = false;
  lock = await waitForLock(resolved, () => {
    if (!resolved.createIfMissing) requireExisting(disk, path);
    isCreated = prepareDirectory(fileSystem, path, logger) || isCreated;
    return fileSystem.lock(path);
  });
  tell.locked();
  try {
    logger.debug(`locked '${path}'`);
    if (resolved.errorIfExists) refuseExisting(disk, path);
    const { isNew, ...settings } = markDirectory(fileSystem, path, resolved, directory.owned);
    if (!isNew) reserve.find();
    // If the directory was created here, its name is durable already.
    if (!isCreated || !isNew) {
      await syncLeftovers(fileSystem, path, isNew).catch((error: unknown) => {
        throw pathError(path, "open", error);
      });
    }
    engine ??= await start();
    await engine.open({ ...resolved, ...settings });
    await endRestore(engine, { ...directory, fileSystem: disk }, logger);
    tell.opened();
    const copy: Copy = (to, backup) => copyTo({ ...resolved, ...settings }, to, backup);
    const fork = forkOf(resolved, disk, lock, logger);
    // A restore needs space, but must not take it from the reserve. So it uses `disk`, which is below the reserve.
    return new SledStore({ ...resolved, fileSystem: disk, engine, lock, logger, observer, copy, fork });
  } catch (error) {
    engine?.giveUp();
    reserve.close();
    lock.release();
    throw error;
  }
}

function refuseExisting(fileSystem: FileSystem, path: string): void {
  if (!atPath(path, "open", () => hasStore(fileSystem, path))) return;
  throw new StoreError("STORE_EXISTS", `Cannot open '${path}': a store exists there, and errorIfExists is true`);
}

/**
 * Finishes a restore that a crash interrupted, if there was one. Until then the store has neither its old nor its new
 * content.
 */
async function endRestore(engine: Engine, place: SpoolPlace, logger: Logger): Promise<void> {
  const left = FileSpool.left(place);
  if (!left) return;
  logger.warn(`a restore of '${place.path}' was interrupted: it is applied again`);
  await finishRestore(engine, left);
}

/** Opens a store for reading. Everything that the engine writes stays in memory. */
async function openForReading({ resolved, disk: lower, logger, observer, ...tell }: Opening): Promise<SledStore> {
  const { path } = resolved;
  const observed = await waitForLock(resolved, async () => {
    requireStore(lower, path);
    // `resolveConfig` checked that the method is there.
    return await (lower.observe?.(path) as Promise<DirectoryLock>);
  });
  tell.locked();
  const { numVersionsToKeep, compression = "none" } = requireStore(lower, path);
  const view = atPath(path, "open", () => readOnlyView(lower, path, observed));
  const lock = { held: () => true, release: () => atPath(path, "close", () => view.close()) };
  try {
    const directory = { fileSystem: view.fileSystem, path, owned: lock.held };
    const { compiled } = await loadEngine(resolved.wasm);
    const engine = await Engine.start(compiled, directory);
    await engine.open({ ...resolved, numVersionsToKeep, compression });
    tell.opened();
    const copy: Copy = (to, backup) => copyTo({ ...resolved, numVersionsToKeep, compression }, to, backup);
    const fork = forkOf(resolved, lower, observed, logger);
    return new SledStore({
      ...resolved,
      fileSystem: view.fileSystem,
      engine,
      lock,
      logger,
      observer,
      copy,
      fork,
    });
  } catch (error) {
    view.close();
    throw error;
  }
}

function forkOf(
  { path, readOnly, fileSystem: given }: ResolvedConfig,
  fileSystem: FileSystem,
  lock: DirectoryLock,
  logger: Logger,
): Fork {
  const held = () => requireHeld("fork", path, lock);
  const source: ForkSource = { fileSystem, path, requireHeld: held, mayBeUnsynced: readOnly, logger };
  return async (directory, rest, signal) => {
    const target = await resolveConfig({ path: directory, fileSystem: given });
    return await forkTo(source, target.path, rest, signal);
  };
}
