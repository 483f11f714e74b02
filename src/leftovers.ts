/**
 * Makes durable what a killed process wrote but did not sync.
 *
 * @module
 */

import type { FileSystem } from "./api/file_system.ts";
import { parentOf } from "./fs/filesystem.ts";
import { errorCode } from "./fs/node_errors.ts";

/**
 * The directories of a store, below its own. The engine itself syncs the log that it reads, and blocks before pointers
 * to them.
 */
const DIRECTORIES = ["index", "index/blobs", "upper", "bottom", "log"] as const;
/** The directories with files that may be read before they were synced. */
const UNSYNCED = ["index", "index/blobs"] as const;

/**
 * Makes the names of a store's files durable, and the bytes of its index. The engine relies on these files when it
 * opens, and syncs only what it writes later. For a new store, makes the name of its directory durable: the process
 * that created it may have been killed.
 */
export async function syncLeftovers(fileSystem: FileSystem, path: string, isNew: boolean): Promise<void> {
  if (!isNew) await syncStore(fileSystem, path);
  try {
    await syncNames(fileSystem, parentOf(path));
  } catch (error) {
    // Deno may have access to the store's directory alone. See where the directory is created.
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
