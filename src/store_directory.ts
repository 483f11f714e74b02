/**
 * The directory of a store: created, recognised by its marker, and refused when it holds something else.
 *
 * @module
 */

import { SEALED_RESTORE } from "./backup/file_spool.ts";
import { messageOf, StoreError } from "./errors.ts";
import type { FileSystem } from "./fs/filesystem.ts";
import { errorCode } from "./fs/node_errors.ts";
import type { Logger } from "./logger.ts";

/** The file that makes a directory a store's: `luge <format version>` and a newline, in ASCII. */
export const MARKER = "LUGE";
const UNFINISHED_MARKER = "LUGE.tmp";

/** The format of the directory that this release writes and reads. */
export const FORMAT_VERSION = 3;

/** Names that do not make a directory somebody else's: our own before the marker is there, and a file system's. */
const IGNORED = /^(?:LUGE\.tmp|LOCK\..*|lost\+found)$/;

/** Creates the directory when it is missing, durably; refuses one that cannot be a store's. */
export function prepareDirectory(fileSystem: FileSystem, path: string, logger: Logger): void {
  atPath(path, "open", () => {
    createDirectory(fileSystem, path, logger);
    if (fileSystem.stat(`${path}/${MARKER}`) === undefined) refuseForeign(fileSystem, path);
  });
}

/** As {@linkcode prepareDirectory}, for a directory in which no store may be. */
export function prepareEmptyDirectory(fileSystem: FileSystem, path: string, logger: Logger): void {
  prepareDirectory(fileSystem, path, logger);
  atPath(path, "open", () => {
    if (fileSystem.stat(`${path}/${MARKER}`) === undefined) return;
    throw new StoreError(
      "NOT_A_STORE",
      `Cannot copy to '${path}': it holds a store; choose an empty directory or a new one`,
    );
  });
}

/** Writes the marker of a new store, or checks that of an existing one; says whether it is new. The directory must be locked. */
export function markDirectory(fileSystem: FileSystem, path: string): boolean {
  return atPath(path, "open", () => {
    const marker = `${path}/${MARKER}`;
    const isNew = fileSystem.stat(marker) === undefined;
    if (isNew) writeMarker(fileSystem, path);
    else checkMarker(readText(fileSystem, marker), marker);
    return isNew;
  });
}

/** Refuses a directory that is not there or holds no store of this format; writes nothing. */
export function requireStore(fileSystem: FileSystem, path: string): void {
  atPath(path, "open", () => {
    const stat = fileSystem.stat(path);
    if (stat && stat.kind !== "directory") {
      throw new StoreError("PATH_NOT_DIRECTORY", `Cannot open '${path}': it is a ${stat.kind}, not a directory`);
    }
    if (fileSystem.stat(`${path}/${MARKER}`) === undefined) {
      const what = stat ? "it holds no luge store" : "it is missing";
      throw new StoreError("NOT_A_STORE", `Cannot open '${path}' for reading: ${what}`);
    }
    checkMarker(readText(fileSystem, `${path}/${MARKER}`), `${path}/${MARKER}`);
    if (fileSystem.stat(`${path}/${SEALED_RESTORE}`) === undefined) return;
    const what = "a restore was interrupted; open it for writing once, which ends the restore";
    throw new StoreError("STORE_RESTORING", `Cannot open '${path}' for reading: ${what}`);
  });
}

/** Turns what the file system throws into `PATH_UNAVAILABLE`, with the original as its cause. */
export function atPath<T>(path: string, action: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw pathError(path, action, cause);
  }
}

/** The error for a failure of the file system at `path`; a {@linkcode StoreError} stays as it is. */
export function pathError(path: string, action: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  return new StoreError("PATH_UNAVAILABLE", `Cannot ${action} '${path}': ${messageOf(cause)}`, { cause });
}

function createDirectory(fileSystem: FileSystem, path: string, logger: Logger): void {
  const stat = fileSystem.stat(path);
  if (stat?.kind === "directory") return;
  if (stat) throw new StoreError("PATH_NOT_DIRECTORY", `Cannot open '${path}': it is a ${stat.kind}, not a directory`);
  const parent = parentOf(path);
  try {
    fileSystem.makeDirectory(path);
  } catch (error) {
    const code = errorCode(error);
    // Another opener may have been faster; whether the directory is ours is for the lock to say.
    if (code === "EEXIST") return;
    if ((code !== "ENOENT" && code !== "ENOTDIR") || parent === path) throw error;
    createDirectory(fileSystem, parent, logger);
    fileSystem.makeDirectory(path);
  }
  syncName(fileSystem, path, parent, logger);
}

/** With access to the new directory alone, as Deno can be told to give, its name cannot be synced on its own. */
function syncName(fileSystem: FileSystem, path: string, parent: string, logger: Logger): void {
  try {
    fileSystem.syncDirectory(parent);
  } catch (error) {
    if (errorCode(error) !== "EACCES") throw error;
    // The common journaling file systems write a new directory's name with its first sync; none promises it.
    fileSystem.syncDirectory(path);
    logger.warn(`a power cut may take the new directory '${path}': no access to sync its name in '${parent}'`);
  }
}

/** The directory that a path is in. */
export function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  if (end < 0) return ".";
  return end === 0 ? "/" : path.slice(0, end);
}

function refuseForeign(fileSystem: FileSystem, path: string): void {
  const foreign = fileSystem.list(path).find(({ name }) => !IGNORED.test(name) && name !== MARKER);
  if (!foreign) return;
  const what = `it holds '${foreign.name}' and no luge store`;
  throw new StoreError("NOT_A_STORE", `Cannot open '${path}': ${what}; choose an empty directory or a new one`);
}

/** The marker appears whole and durable, or not at all. */
function writeMarker(fileSystem: FileSystem, path: string): void {
  const unfinished = `${path}/${UNFINISHED_MARKER}`;
  const file = fileSystem.open(unfinished, { write: true, create: true, truncate: true });
  try {
    const bytes = new TextEncoder().encode(`luge ${FORMAT_VERSION}\n`);
    if (file.write(bytes, 0) !== bytes.length) throw new Error(`short write to '${unfinished}'`);
    file.sync();
  } finally {
    file.close();
  }
  fileSystem.rename(unfinished, `${path}/${MARKER}`);
  fileSystem.syncDirectory(path);
}

function checkMarker(text: string, marker: string): void {
  const version = /^luge ([1-9]\d{0,8})\n$/.exec(text)?.[1];
  if (version === undefined) {
    throw new StoreError("STORE_CORRUPT", `Cannot open: '${marker}' is damaged: expected 'luge <version>'`);
  }
  if (Number(version) === FORMAT_VERSION) return;
  const versions = `format ${version}, this release reads format ${FORMAT_VERSION}`;
  throw new StoreError("FORMAT_UNSUPPORTED", `Cannot open: '${marker}' says ${versions}`);
}

function readText(fileSystem: FileSystem, path: string): string {
  const file = fileSystem.open(path, {});
  try {
    const bytes = new Uint8Array(64);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count) {
      count = file.read(bytes.subarray(length), length);
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    file.close();
  }
}
