/**
 * Creates a store in a new directory from a backup.
 *
 * @module
 */

import type { RestoreResult } from "./api/backup.ts";
import type { SledStoreConfig } from "./api/config.ts";
import type { DirectoryLock, FileSystem } from "./api/file_system.ts";
import { StreamSource } from "./backup/source.ts";
import { type ResolvedConfig, resolveConfig } from "./config.ts";
import { requireHeld } from "./fs/filesystem.ts";
import { NodeFileSystem } from "./fs/node.ts";
import { leveled } from "./logger.ts";
import { apply } from "./store/restore.ts";
import {
  atPath,
  markDirectory,
  pathError,
  prepareDirectory,
  removeAll,
  requireNoStore,
  requireOutside,
} from "./store_directory.ts";
import { MARKER } from "./store_marker.ts";
import { Engine } from "./wasm/engine.ts";
import { loadEngine } from "./wasm/load.ts";

/** The directories that an engine makes. */
const COPIED: ReadonlySet<string> = new Set(["log", "upper", "bottom", "index"]);

/**
 * Creates a store in a directory that must be empty. Creates the directory if it is missing. The marker, which makes
 * the directory a store, is written last: after a crash before that there is no store.
 */
export async function copyTo(
  like: ResolvedConfig,
  directory: string | URL,
  backup: ReadableStream<Uint8Array>,
): Promise<RestoreResult> {
  const source = new StreamSource(backup);
  try {
    return await copy(await configLike(like, directory), source, like.path);
  } catch (error) {
    await source.cancel(error);
    throw error;
  } finally {
    source.release();
  }
}

/** The config of another store, with a directory of its own. */
async function configLike(like: ResolvedConfig, path: string | URL): Promise<ResolvedConfig> {
  const { fileSystem, wasm, signal: _, numVersionsToKeep = 1, compression = "none", ...config } = like;
  const chosen = { ...(fileSystem ? { fileSystem } : {}), ...(wasm ? { wasm } : {}) };
  return await resolveConfig({
    ...config,
    ...chosen,
    numVersionsToKeep,
    compression,
    path,
    readOnly: false,
    waitForLock: 0,
  } as SledStoreConfig);
}

async function copy(resolved: ResolvedConfig, source: StreamSource, from: string): Promise<RestoreResult> {
  const { path } = resolved;
  const fileSystem = resolved.fileSystem ?? new NodeFileSystem();
  let lock: DirectoryLock | undefined;
  const directory = { fileSystem, path, owned: () => requireHeld("write to", path, lock) };
  const { compiled } = await loadEngine(resolved.wasm);
  const engine = await Engine.start(compiled, directory);
  atPath(path, "copy to", () => {
    requireOutside(fileSystem, from, path, "copy to");
    requireNoStore(fileSystem, path, "copy to");
    prepareDirectory(fileSystem, path, leveled(resolved.logger, resolved.loggingLevel));
  });
  try {
    lock = await fileSystem.lock(path);
  } catch (error) {
    throw pathError(path, "lock", error);
  }
  try {
    const { numVersionsToKeep = 1, compression = "none" } = resolved;
    await engine.open({ ...resolved, numVersionsToKeep, compression });
    const result = await fill(engine, source);
    atPath(path, "mark", () => markDirectory(fileSystem, path, resolved, directory.owned));
    return result;
  } catch (error) {
    engine.giveUp();
    if (lock.held()) removeCopied(fileSystem, path);
    throw error;
  } finally {
    lock.release();
  }
}

/**
 * Removes the files of a copy that failed: they take space and block the next copy. Files that cannot be removed stay.
 */
function removeCopied(fileSystem: FileSystem, path: string): void {
  try {
    if (fileSystem.stat(`${path}/${MARKER}`) !== undefined) return;
    const files = fileSystem.list(path).filter(({ kind }) => kind === "directory");
    for (const { name } of files.filter(({ name }) => COPIED.has(name))) removeAll(fileSystem, `${path}/${name}`);
  } catch {
    // The caller gets the error that came first.
  }
}

async function fill(engine: Engine, source: StreamSource): Promise<RestoreResult> {
  try {
    const { to, entries, deletions, bytes } = await apply((call) => call(engine), source);
    while (engine.disk.closeStep()) await engine.disk.congestion();
    await engine.disk.close();
    return { version: to, entries, deletions, bytes };
  } catch (error) {
    engine.abandon();
    throw error;
  }
}
