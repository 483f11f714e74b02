/**
 * Opens a store: the only file that sees every layer.
 *
 * @module
 */

import { type ResolvedConfig, resolveConfig, type SledStoreConfig } from "./config.ts";
import type { DirectoryLock, FileSystem } from "./fs/filesystem.ts";
import { NodeFileSystem } from "./fs/node.ts";
import { type Logger, leveled } from "./logger.ts";
import { SledStore } from "./sled_store.ts";
import { markDirectory, pathError, prepareDirectory } from "./store_directory.ts";
import { Engine } from "./wasm/engine.ts";
import { loadEngine } from "./wasm/load.ts";

/**
 * Opens the store in a directory, creating both when they are missing. After a crash it recovers what was durable.
 *
 * Rejects with `TypeError` or `RangeError` for a wrong config, and with `StoreError`: `STORE_LOCKED` when another store
 * has the directory open; `PATH_NOT_DIRECTORY`, `PATH_UNAVAILABLE` or `NOT_A_STORE` when the path will not do;
 * `FORMAT_UNSUPPORTED` or `STORE_CORRUPT` when its files cannot be read; `ENGINE_UNAVAILABLE`, `ENGINE_INCOMPATIBLE` or
 * `ENGINE_TRAP` when the engine does not start. Whatever is there stays as it is then.
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
export async function open(config: string | URL | SledStoreConfig): Promise<SledStore> {
  const resolved = resolveConfig(config);
  const logger = leveled(resolved.logger, resolved.loggingLevel);
  const fileSystem = resolved.fileSystem ?? new NodeFileSystem();
  const started = performance.now();

  const module = await loadEngine(resolved.wasm);
  prepareDirectory(fileSystem, resolved.path);
  const lock = await lockDirectory(fileSystem, resolved.path);
  logger.debug(`locked '${resolved.path}'`);
  try {
    const store = await openLocked(resolved, fileSystem, lock, module, logger);
    logger.info(`opened '${resolved.path}' in ${(performance.now() - started).toFixed(1)} ms`);
    if (resolved.numVersionsToKeep > 1) logger.warn("numVersionsToKeep above 1 has no effect yet");
    return store;
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openLocked(
  { path, cacheSize, syncWrites }: ResolvedConfig,
  fileSystem: FileSystem,
  lock: DirectoryLock,
  module: WebAssembly.Module,
  logger: Logger,
): Promise<SledStore> {
  markDirectory(fileSystem, path);
  const engine = await Engine.open(module, { fileSystem, path, owned: () => lock.held() }, cacheSize);
  return new SledStore({ engine, lock, logger, path, syncWrites });
}

async function lockDirectory(fileSystem: FileSystem, path: string): Promise<DirectoryLock> {
  try {
    return await fileSystem.lock(path);
  } catch (error) {
    throw pathError(path, "lock", error);
  }
}
