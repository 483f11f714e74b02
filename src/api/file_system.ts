/**
 * The contract between a store and the disk: the only thing that knows a runtime. `open({ fileSystem })` accepts any
 * implementation; {@linkcode NodeFileSystem} and {@linkcode MemoryFileSystem} are ours.
 *
 * Every call is synchronous but {@linkcode FileSystem.lock}, {@linkcode FileSystem.observe},
 * {@linkcode OpenFile.syncOffThread} and {@linkcode FileSystem.syncDirectoryOffThread}. A call that fails throws an
 * `Error` whose `code` is a POSIX name (`"ENOENT"`, `"EIO"`, `"ENOSPC"`, …), as `node:fs` does; the host turns it into
 * the errno that the engine sees and keeps the original as the `cause` of what the caller gets.
 *
 * Nothing is durable before {@linkcode OpenFile.sync} (for bytes and size) or {@linkcode FileSystem.syncDirectory} (for
 * names) has returned.
 *
 * @module
 */

/** What a path leads to; `"other"` is a device, a socket or the like. Symbolic links are followed. */
export type FileKind = "file" | "directory" | "other";

/** The answer of {@linkcode FileSystem.stat}. */
export interface FileStat {
  /** What it is. */
  readonly kind: FileKind;
  /** In bytes; 0 for what is not a file. */
  readonly size: number;
}

/** One name in a directory. */
export interface DirectoryEntry {
  /** Without any path. */
  readonly name: string;
  /** What it leads to. */
  readonly kind: FileKind;
}

/** How {@linkcode FileSystem.open} opens a file. All are false when absent. */
export interface FileOpenOptions {
  /** Allow writes as well as reads. */
  readonly write?: boolean;
  /** Create the file when it is missing; needs `write`. */
  readonly create?: boolean;
  /** With `create`: fail with `EEXIST` when the name is taken, atomically. */
  readonly exclusive?: boolean;
  /** Cut an existing file to 0 bytes; needs `write`. */
  readonly truncate?: boolean;
}

/** An open file: positional reads and writes, no cursor. */
export interface OpenFile {
  /** Reads up to `buffer.length` bytes at `position` into `buffer`; returns how many, 0 only at or after the end. */
  read(buffer: Uint8Array, position: number): number;
  /** Writes up to `buffer.length` bytes at `position`, extending the file with zeros as needed; returns how many. */
  write(buffer: Uint8Array, position: number): number;
  /** The size in bytes. */
  size(): number;
  /** Cuts or extends (with zeros) the file to `size` bytes. */
  truncate(size: number): void;
  /** Returns when bytes and size are durable. */
  sync(): void;
  /**
   * As {@linkcode OpenFile.sync}, without blocking the event loop. An error that it meets must also be seen by a
   * {@linkcode OpenFile.sync} that runs meanwhile.
   */
  syncOffThread(): Promise<void>;
  /** Gives the file back. Does not sync. */
  close(): void;
}

/** The ownership of one directory. */
export interface DirectoryLock {
  /**
   * Whether the lock is still ours, and the path leads to the directory that was locked: false for good once another owner took it
   * over, or it was moved, replaced or removed. Asked before every change; must be cheap.
   */
  held(): boolean;
  /** Once `held` was false: why, as the end of a sentence. */
  readonly lossReason?: string | undefined;
  /** Gives the directory back; idempotent. */
  release(): void;
  /**
   * Called when the store was collected as garbage: the lock stays, for the sake of a program that holds a directory and does no more,
   * until somebody in this process asks for it. Default: {@linkcode DirectoryLock.release}.
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
  /** Opens a file for reading, or as the options say. Fails with `ENOENT` when it is missing and not to be created. */
  open(path: string, options: FileOpenOptions): OpenFile;
  /** `undefined` when there is nothing at `path`. */
  stat(path: string): FileStat | undefined;
  /** In no particular order, without `.` and `..`. */
  list(path: string): DirectoryEntry[];
  /** Fails with `EEXIST` when the name is taken and `ENOENT` when the parent is missing. */
  makeDirectory(path: string): void;
  /** Atomic; replaces a file at `to`. */
  rename(from: string, to: string): void;
  /** Removes a file. */
  remove(path: string): void;
  /** Removes an empty directory. */
  removeDirectory(path: string): void;
  /** Returns when the names in the directory are durable. */
  syncDirectory(path: string): void;
  /** As {@linkcode FileSystem.syncDirectory}, without blocking the event loop. */
  syncDirectoryOffThread?(path: string): Promise<void>;
  /**
   * Makes this store the one owner of the directory, which must exist. Rejects at once with a `StoreError`
   * `STORE_LOCKED` that names the owner's process id when there is one; takes over from an owner that is dead.
   */
  lock(directory: string): Promise<DirectoryLock>;
  /**
   * Makes sure that no store has the directory open, without writing anything; `held()` is false once one opened it. Rejects as
   * {@linkcode FileSystem.lock} does. Only stores that are opened with `readOnly` need it.
   */
  observe?(directory: string): Promise<DirectoryLock>;
}
