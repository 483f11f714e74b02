/**
 * What a process that was killed left behind: it can be read, and is not durable yet.
 *
 * @module
 */

import type { FileSystem } from "./api/file_system.ts";
import { parentOf } from "./fs/filesystem.ts";
import { errorCode } from "./fs/node_errors.ts";

/** The directories of a store, below its own. The engine syncs what it reads of the log, and blocks before anything leads to them. */
const DIRECTORIES = ["index", "index/blobs", "upper", "bottom", "log"] as const;
/** Of these the files may be read before they were synced. */
const UNSYNCED = ["index", "index/blobs"] as const;

/**
 * Makes the names of a store's files durable, and the bytes of its index: the engine relies on what it finds there, and makes
 * durable what is built on it. Of a new store that is the name of its directory: whoever made that may have been killed.
 */
export async function syncLeftovers(fileSystem: FileSystem, path: string, isNew: boolean): Promise<void> {
  if (!isNew) await syncStore(fileSystem, path);
  try {
    await syncNames(fileSystem, parentOf(path));
  } catch (error) {
    // With access to the store's directory alone, as Deno can be told to give: see where it is created.
    if (errorCode(error) !== "EACCES") throw error;
  }
}

async function syncStore(fileSystem: FileSystem, path: string): Promise<void> {
  const isThere = (name: string) => fileSystem.stat(`${path}/${name}`)?.kind === "directory";
  for (const name of UNSYNCED.filter(isThere)) {
    for (const { name: file, kind } of fileSystem.list(`${path}/${name}`)) {
      if (kind === "file") await syncFile(fileSystem, `${path}/${name}/${file}`);
    }
  }
  for (const directory of [...DIRECTORIES.filter(isThere).map((name) => `${path}/${name}`), path]) {
    await syncNames(fileSystem, directory);
  }
}

async function syncNames(fileSystem: FileSystem, directory: string): Promise<void> {
  await (fileSystem.syncDirectoryOffThread?.(directory) ?? fileSystem.syncDirectory(directory));
}

async function syncFile(fileSystem: FileSystem, path: string): Promise<void> {
  const file = fileSystem.open(path, { write: true });
  try {
    await file.syncOffThread();
  } finally {
    file.close();
  }
}
