/**
 * The directory of a store. Creates it, recognises it by its marker, and refuses one with other content.
 *
 * @module
 */

import type { Compression } from "./api/config.ts";
import type { StoreErrorCode } from "./api/errors.ts";
import type { FileStat, FileSystem } from "./api/file_system.ts";
import type { Logger } from "./api/logger.ts";
import { SEALED_RESTORE } from "./backup/restore_names.ts";
import { StoreError } from "./errors.ts";
import { parentOf } from "./fs/filesystem.ts";
import { NodeFileSystem } from "./fs/node.ts";
import { errorCode } from "./fs/node_errors.ts";
import { isInside } from "./fs/path_identity.ts";
import { isErrorLike, messageOf } from "./realm.ts";
import { MARKER, type Marker, readMarker, writeMarker } from "./store_marker.ts";

/** luge's own names in a directory without a marker, besides those of locks. */
const OWN = /^(?:LUGE\.tmp|luge\.sock|luge\.[0-9a-f]{4})$/;
/** What the directory of a store has besides. */
const OF_A_STORE = /^(?:log|shared|upper|bottom|index|RESERVE(?:\.new)?|RESTORE(?:\.tmp)?)$/;
/** Names that file systems, operating systems, version control and editors create in any directory. */
const FOREIGN_BUT_HARMLESS =
  /^(?:lost\+found|\.(?:git|hg|svn)?(?:keep|ignore)|\.gitattributes|\.dockerignore|\.DS_Store|\._.*|\.nfs[0-9a-f]*|\.fuse_hidden.*|\.Trash.*|\.Trashes|\.Spotlight-V100|\.fseventsd|\.directory|@eaDir|Thumbs\.db|desktop\.ini|System Volume Information|\$RECYCLE\.BIN)$/i;

/** The settings that the caller wants. */
export interface WantedSettings {
  /** `undefined` for the number that the store remembers, or 1 in a new store. */
  readonly numVersionsToKeep: number | undefined;
  /** Whether the number may be smaller than the one that the store remembers. */
  readonly dropVersions: boolean;
  /** `undefined` for what the store remembers, or `"none"` in a new store. */
  readonly compression: Compression | undefined;
}

/**
 * Creates the directory durably if it is missing. Refuses a directory with other content. Returns whether it was
 * created here.
 */
export function prepareDirectory(fileSystem: FileSystem, path: string, logger: Logger): boolean {
  return atPath(path, "open", () => {
    const isCreated = createDirectory(fileSystem, path, logger);
    if (!hasStore(fileSystem, path)) refuseForeign(fileSystem, path);
    return isCreated;
  });
}

/** Refuses a directory that has a store with `STORE_EXISTS`. */
export function requireNoStore(fileSystem: FileSystem, path: string, action: string): void {
  if (hasStore(fileSystem, path)) throw notEmpty(action, path, "a store", "STORE_EXISTS");
}

/**
 * Refuses a directory that is not empty. Returns whether the directory exists. Throws `STORE_EXISTS`,
 * `NOT_A_STORE` or `PATH_NOT_DIRECTORY`, and the errors of the file system.
 */
export function requireNothingIn(fileSystem: FileSystem, path: string): boolean {
  const stat = fileSystem.stat(path);
  if (stat === undefined) return false;
  requireDirectory(stat, "fork to", path);
  requireNoStore(fileSystem, path, "fork to");
  const [first] = fileSystem.list(path);
  if (first) throw notEmpty("fork to", path, `'${first.name}'`);
  return true;
}

/** Refuses a path inside the directory of a store with `PATH_UNAVAILABLE`. `destroy` would find there what is not luge's. */
export function requireOutside(fileSystem: FileSystem, store: string, path: string, action: string): void {
  if (!isInside(path, store, fileSystem instanceof NodeFileSystem)) return;
  throw new StoreError("PATH_UNAVAILABLE", `Cannot ${action} '${path}': it is inside the store '${store}'`);
}

/** Creates the parent of a new directory durably if it is missing. */
export function prepareParent(fileSystem: FileSystem, path: string, logger: Logger): void {
  atPath(path, "create", () => createDirectory(fileSystem, parentOf(path), logger));
}

/** Removes a directory and all of its content. */
export function removeAll(fileSystem: FileSystem, directory: string): void {
  for (const { name, kind } of fileSystem.list(directory)) {
    if (kind === "directory") removeAll(fileSystem, `${directory}/${name}`);
    else fileSystem.remove(`${directory}/${name}`);
  }
  fileSystem.removeDirectory(directory);
}

/**
 * Writes the marker of a new store, or checks the marker of an existing one. Returns how many versions the store keeps,
 * how it writes, and whether it is new. The directory must be locked. Throws a `RangeError` for fewer versions than before, unless
 * `dropVersions` is set.
 */
export function markDirectory(
  fileSystem: FileSystem,
  path: string,
  { numVersionsToKeep, dropVersions, compression }: WantedSettings,
  requireOwned: () => void,
): { numVersionsToKeep: number; compression: Compression; isNew: boolean } {
  return atPath(path, "open", () => {
    const marker = readMarker(fileSystem, path);
    const remembered = marker?.numVersionsToKeep;
    const wanted = numVersionsToKeep ?? remembered ?? 1;
    if (remembered !== undefined && wanted < remembered && !dropVersions) refuseToDrop(path, wanted, remembered);
    // A store that was never compressed keeps the older format, which has no such setting.
    const before = marker?.compression;
    const after = before === undefined && compression !== "lz4" ? undefined : (compression ?? before);
    if (wanted !== remembered || after !== before) {
      writeMarker(fileSystem, path, { numVersionsToKeep: wanted, compression: after }, requireOwned);
    }
    return { numVersionsToKeep: wanted, compression: after ?? "none", isNew: marker === undefined };
  });
}

function refuseToDrop(path: string, wanted: number, remembered: number): never {
  const what = `the store in '${path}' keeps ${remembered} versions of each key, and ${wanted} would drop older ones`;
  const remedy = "leave the option out, or set dropVersions as well";
  throw new RangeError(`Wrong option 'numVersionsToKeep': ${what}; ${remedy}`);
}

/**
 * Refuses a directory that is missing or has no store that this release reads. Writes nothing. Returns the settings of
 * the store.
 */
export function requireStore(fileSystem: FileSystem, path: string): Marker {
  return atPath(path, "open", () => {
    const stat = fileSystem.stat(path);
    if (stat) requireDirectory(stat, "open", path);
    const marker = readMarker(fileSystem, path);
    if (marker === undefined) {
      const what = stat ? "it holds no luge store" : "it is missing";
      throw new StoreError("NOT_A_STORE", `Cannot open '${path}' for reading: ${what}`);
    }
    if (fileSystem.stat(`${path}/${SEALED_RESTORE}`) === undefined) return marker;
    const what = "a restore was interrupted; open it for writing once, which finishes the restore";
    throw new StoreError("STORE_RESTORING", `Cannot open '${path}' for reading: ${what}`);
  });
}

/** Whether a directory has a store, of whatever format. */
export function hasStore(fileSystem: FileSystem, path: string): boolean {
  return fileSystem.stat(`${path}/${MARKER}`) !== undefined;
}

/** Refuses a directory without a store. Creates nothing. */
export function requireExisting(fileSystem: FileSystem, path: string): void {
  atPath(path, "open", () => {
    if (hasStore(fileSystem, path)) return;
    const what = fileSystem.stat(path) ? "it holds no luge store" : "it does not exist";
    throw new StoreError("NOT_A_STORE", `Cannot open '${path}': ${what}, and createIfMissing is false`);
  });
}

/** The first name in the directory of a store that is none of luge's; `undefined` if there is none. */
export function foreignNameIn(fileSystem: FileSystem, path: string): string | undefined {
  return fileSystem.list(path).find(({ name }) => !isIgnored(name) && !OF_A_STORE.test(name))?.name;
}

/** Converts errors of the file system to `PATH_UNAVAILABLE`, with the original as `cause`. */
export function atPath<T>(path: string, action: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (isErrorLike(cause) && cause.name === "RangeError") throw cause;
    throw pathError(path, action, cause);
  }
}

/** The error for a failure of the file system at `path`. A {@linkcode StoreError} stays as it is. */
export function pathError(path: string, action: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const hint = errorCode(cause) === "EROFS" ? "; a store that is there can be opened with readOnly" : "";
  return new StoreError("PATH_UNAVAILABLE", `Cannot ${action} '${path}': ${messageOf(cause)}${hint}`, { cause });
}

/** Creates the directory and makes its name durable. Returns whether this call created it. */
function createDirectory(fileSystem: FileSystem, path: string, logger: Logger): boolean {
  const stat = fileSystem.stat(path);
  if (stat) {
    requireDirectory(stat, "open", path);
    return false;
  }
  const parent = parentOf(path);
  try {
    fileSystem.makeDirectory(path);
  } catch (error) {
    const code = errorCode(error);
    // Another process may have created it first. The lock decides who owns the directory.
    if (code === "EEXIST") return false;
    if ((code !== "ENOENT" && code !== "ENOTDIR") || parent === path) throw error;
    createDirectory(fileSystem, parent, logger);
    fileSystem.makeDirectory(path);
  }
  syncName(fileSystem, path, parent, logger);
  return true;
}

/** Deno may have access to the new directory alone. Then its name in the parent cannot be synced directly. */
function syncName(fileSystem: FileSystem, path: string, parent: string, logger: Logger): void {
  try {
    fileSystem.syncDirectory(parent);
  } catch (error) {
    if (errorCode(error) !== "EACCES") throw error;
    // The common journaling file systems write a new directory's name with its first sync. None of them promises it.
    fileSystem.syncDirectory(path);
    logger.warn(`a power cut may take the new directory '${path}': no access to sync its name in '${parent}'`);
  }
}

function isIgnored(name: string): boolean {
  // A new directory has only the first two kinds of names. Compiling an expression would take Bun 0.5 ms.
  return name === MARKER || name.startsWith("LOCK.") || OWN.test(name) || FOREIGN_BUT_HARMLESS.test(name);
}

function refuseForeign(fileSystem: FileSystem, path: string): void {
  const foreign = fileSystem.list(path).find(({ name }) => !isIgnored(name));
  if (foreign) throw notEmpty("open", path, `'${foreign.name}' and no luge store`);
}

function requireDirectory({ kind }: FileStat, action: string, path: string): void {
  if (kind === "directory") return;
  throw new StoreError("PATH_NOT_DIRECTORY", `Cannot ${action} '${path}': it is a ${kind}, not a directory`);
}

function notEmpty(action: string, path: string, content: string, code: StoreErrorCode = "NOT_A_STORE"): StoreError {
  const what = `it holds ${content}; choose an empty directory or a new one`;
  return new StoreError(code, `Cannot ${action} '${path}': ${what}`);
}
