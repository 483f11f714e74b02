/**
 * The contract between a store and the disk. Only an implementation of it knows the runtime. `open({ fileSystem })`
 * accepts any implementation; luge has {@linkcode NodeFileSystem} and {@linkcode MemoryFileSystem}.
 *
 * Every call is synchronous, except {@linkcode FileSystem.lock}, {@linkcode FileSystem.observe}, {@linkcode
 * OpenFile.syncOffThread} and {@linkcode FileSystem.syncDirectoryOffThread}. A call that fails throws an `Error` whose
 * `code` is a POSIX name (`"ENOENT"`, `"EIO"`, `"ENOSPC"`, …), as `node:fs` does. The host passes it to the engine as
 * an errno. The original error is the `cause` of the error that the caller gets.
 *
 * Bytes and size of a file are durable only after {@linkcode OpenFile.sync} returned, names only after {@linkcode
 * FileSystem.syncDirectory} returned.
 *
 * @module
 */

/** The kind of a name. `"other"` is a device, a socket or the like. Symbolic links are followed. */
export type FileKind = "file" | "directory" | "other";

/** The result of {@linkcode FileSystem.stat}. */
export interface FileStat {
  /** The kind. */
  readonly kind: FileKind;
  /** The size in bytes; 0 if it is not a file. */
  readonly size: number;
}

/** One name in a directory. */
export interface DirectoryEntry {
  /** The name alone, without a path. */
  readonly name: string;
  /** Its kind. */
  readonly kind: FileKind;
}

/** How {@linkcode FileSystem.open} opens a file. An option that is absent is false. */
export interface FileOpenOptions {
  /** Allow writes as well as reads. */
  readonly write?: boolean | undefined;
  /** Create the file when it is missing; needs `write`. */
  readonly create?: boolean | undefined;
  /** With `create`: fail with `EEXIST` when the name is taken, atomically. */
  readonly exclusive?: boolean | undefined;
  /** Cut an existing file to 0 bytes; needs `write`. */
  readonly truncate?: boolean | undefined;
}

/** An open file: positional reads and writes, no cursor. */
export interface OpenFile {
  /** Reads up to `buffer.length` bytes at `position`. Returns how many; 0 only at or after the end of the file. */
  read(buffer: Uint8Array, position: number): number;
  /** Writes up to `buffer.length` bytes at `position`, and fills a gap with zeros. Returns how many bytes it wrote. */
  write(buffer: Uint8Array, position: number): number;
  /** The size in bytes. */
  size(): number;
  /** Cuts the file to `size` bytes, or extends it with zeros. */
  truncate(size: number): void;
  /** Makes bytes and size durable before it returns. */
  sync(): void;
  /**
   * As {@linkcode OpenFile.sync}, without blocking the event loop. If it fails, a {@linkcode OpenFile.sync} that runs
   * meanwhile must fail, too.
   */
  syncOffThread(): Promise<void>;
  /** Closes the file. Does not sync. */
  close(): void;
}

/** Exclusive access to one directory. */
export interface DirectoryLock {
  /**
   * Whether this store still owns the lock, and the path still names the locked directory. The answer stays false once
   * another owner took the directory over, or the directory was moved, replaced or removed. A store calls it before
   * every change, so it must be cheap.
   */
  held(): boolean;
  /** The reason why `held` is false, as the end of a sentence. */
  readonly lossReason?: string | undefined;
  /** Releases the directory. A second call does nothing. */
  release(): void;
  /**
   * luge calls it after a store was collected as garbage. The lock then stays until this process opens the directory
   * again, because a program may hold a directory and do nothing else. Default: {@linkcode
   * DirectoryLock.release}.
   */
  releaseOnDemand?(): void;
}

/**
 * The disk as a store sees it. Paths are absolute or relative to the current directory, with `/` between names.
 *
 * @example
 * ```ts
 * import type { DirectoryEntry, DirectoryLock, FileKind, FileOpenOptions, FileStat, FileSystem, OpenFile } from "@luge/luge";
 * import { MemoryFileSystem } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const fileSystem: FileSystem = new MemoryFileSystem();
 * fileSystem.makeDirectory("/data");
 * const lock: DirectoryLock = await fileSystem.lock("/data");
 * const options: FileOpenOptions = { write: true, create: true };
 * const file: OpenFile = fileSystem.open("/data/a", options);
 * file.write(new Uint8Array(3), 0);
 * await file.syncOffThread();
 * file.close();
 * fileSystem.syncDirectory("/data");
 * const stat: FileStat | undefined = fileSystem.stat("/data/a");
 * const kind: FileKind | undefined = stat?.kind;
 * const names = fileSystem.list("/data").map(({ name }: DirectoryEntry) => name);
 * assert.deepEqual([kind, stat?.size, names], ["file", 3, ["a"]]);
 * lock.release();
 * ```
 */
export interface FileSystem {
  /** Opens a file for reading, or as the options say. Fails with `ENOENT` if it is missing and `create` is not set. */
  open(path: string, options: FileOpenOptions): OpenFile;
  /** The kind and size of a name; `undefined` if `path` does not exist. */
  stat(path: string): FileStat | undefined;
  /** The names in a directory, in no particular order, without `.` and `..`. */
  list(path: string): DirectoryEntry[];
  /** Creates a directory. Fails with `EEXIST` if the name is taken, and with `ENOENT` if the parent is missing. */
  makeDirectory(path: string): void;
  /** Renames a file atomically. Replaces a file at `to`. */
  rename(from: string, to: string): void;
  /**
   * Makes `to` another name of the file at `from`, a hard link. A write through one name is visible through the
   * other. Fails with `EEXIST` if the name is taken. Only a fork uses it. A fork copies the file if the method fails or
   * is missing.
   */
  link?(from: string, to: string): void;
  /** Removes a file. Its other names stay. A file that is already open can still be read. */
  remove(path: string): void;
  /** Removes an empty directory. */
  removeDirectory(path: string): void;
  /** Makes the names in the directory durable before it returns. */
  syncDirectory(path: string): void;
  /** As {@linkcode FileSystem.syncDirectory}, without blocking the event loop. */
  syncDirectoryOffThread?(path: string): Promise<void>;
  /**
   * Makes this store the only owner of the directory, which must exist. Takes the directory over from a dead owner. If
   * the owner is alive, rejects at once with a `StoreError` `STORE_LOCKED`, which names the owner's process.
   */
  lock(directory: string): Promise<DirectoryLock>;
  /**
   * Checks that no store has the directory open, and writes nothing. `held()` is false once a store has opened it.
   * Rejects as {@linkcode FileSystem.lock} does. Only stores with `readOnly` need it.
   */
  observe?(directory: string): Promise<DirectoryLock>;
}
