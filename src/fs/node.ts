import * as fs from "node:fs";
import type {
  DirectoryEntry,
  DirectoryLock,
  FileKind,
  FileOpenOptions,
  FileStat,
  FileSystem,
  OpenFile,
} from "../api/file_system.ts";
import { process } from "../process.ts";
import { fileSystemError, requireOffset } from "./filesystem.ts";
import type { JobPlace, JobWorker, WithJobWorker } from "./job_worker.ts";
import { lockDirectory, observeDirectory } from "./lock.ts";
import { errorCode, withErrorCode, withErrorCodeAsync } from "./node_errors.ts";
import { requireOpenOptions } from "./open_options.ts";
import { OwnedLock } from "./owned_lock.ts";
import { secondDescriptor } from "./second_descriptor.ts";

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC } = fs.constants;

/**
 * Linux's `fdatasync` also flushes a changed size. For blocks that are already allocated it saves a journal commit. No
 * other system promises the former.
 */
const DATA_SYNC_SUFFICES = process.platform === "linux";

/**
 * The disk through `node:fs`, on Node, Deno and Bun alike. On Deno `--allow-read=DIR --allow-write=DIR` is enough. A
 * call that the permissions forbid fails with `EACCES`.
 *
 * @example
 * ```ts
 * import { NodeFileSystem } from "./node.ts";
 * import assert from "node:assert/strict";
 * import { mkdtempSync, rmSync } from "node:fs";
 *
 * const directory = mkdtempSync("luge-");
 * const fileSystem = new NodeFileSystem();
 * const file = fileSystem.open(`${directory}/a`, { write: true, create: true });
 * file.write(new Uint8Array([1, 2, 3]), 0);
 * file.sync();
 * assert.equal(file.size(), 3);
 * file.close();
 * rmSync(directory, { recursive: true });
 * ```
 */
export class NodeFileSystem implements FileSystem, WithJobWorker {
  /** Opens a file. Opening a directory fails with `EISDIR`, also for reading. */
  open(path: string, options: FileOpenOptions): OpenFile {
    requireOpenOptions(options, path);
    return withErrorCode(() => {
      const fd = fs.openSync(path, openFlags(options));
      if (!fs.fstatSync(fd).isDirectory()) return new NodeFile(fd, path);
      fs.closeSync(fd);
      throw fileSystemError("EISDIR", "open", path);
    });
  }

  /** As {@linkcode FileSystem.stat}. Also `undefined` if a parent of `path` is a file. */
  stat(path: string): FileStat | undefined {
    return withErrorCode(() => {
      try {
        const stats = fs.statSync(path, { throwIfNoEntry: false });
        return stats && fileStat(stats);
      } catch (error) {
        // Deno and Bun throw here, Node does not.
        if (errorCode(error) === "ENOTDIR") return undefined;
        throw error;
      }
    });
  }

  /** As {@linkcode FileSystem.list}. A symbolic link whose target is missing is `"other"`. */
  list(path: string): DirectoryEntry[] {
    const entries = withErrorCode(() => fs.readdirSync(path, { withFileTypes: true }));
    return entries.map((entry) => ({ name: entry.name, kind: this.#entryKind(path, entry) }));
  }

  /** Creates a directory, but not its parents. */
  makeDirectory(path: string): void {
    withErrorCode(() => {
      requireSyncs();
      fs.mkdirSync(path);
    });
  }

  /** Renames a file. Replaces a file at `to` atomically. */
  rename(from: string, to: string): void {
    withErrorCode(() => fs.renameSync(from, to));
  }

  /** Fails with `EXDEV` from one file system to another. */
  link(from: string, to: string): void {
    withErrorCode(() => fs.linkSync(from, to));
  }

  /** Removes a file. Fails with `EISDIR` for a directory. */
  remove(path: string): void {
    withErrorCode(() => {
      // Deno's unlinkSync removes an empty directory. macOS and Windows answer EPERM for any directory.
      if (fs.lstatSync(path).isDirectory()) throw fileSystemError("EISDIR", "remove", path);
      fs.unlinkSync(path);
    });
  }

  /** Removes a directory. Fails with `ENOTEMPTY` unless it is empty. */
  removeDirectory(path: string): void {
    withErrorCode(() => fs.rmdirSync(path));
  }

  /** Does nothing on Windows, which cannot sync a directory and journals names itself. */
  syncDirectory(path: string): void {
    withErrorCode(() => {
      try {
        syncDirectory(path);
      } catch (error) {
        throwUnlessRefused(error);
      }
    });
  }

  /** As {@linkcode NodeFileSystem.syncDirectory}. */
  async syncDirectoryOffThread(path: string): Promise<void> {
    try {
      await syncDirectoryOffThread(path);
    } catch (error) {
      withErrorCode(() => throwUnlessRefused(error));
    }
  }

  /**
   * Takes the lock of {@linkcode lockDirectory}. All runtimes use the same lock, so they exclude each other. The names
   * `LOCK.*` in the directory belong to it.
   */
  lock(directory: string): Promise<DirectoryLock> {
    return withErrorCodeAsync(() => {
      requireSyncs();
      return lockDirectory(directory);
    });
  }

  /** See {@linkcode observeDirectory}. */
  observe(directory: string): Promise<DirectoryLock> {
    return withErrorCodeAsync(() => observeDirectory(directory));
  }

  /** Starts a worker in a thread of the runtime. */
  async startJobWorker({ path, module, lock }: JobPlace): Promise<JobWorker> {
    if (!(lock instanceof OwnedLock)) throw new Error("the lock of the directory is another file system's");
    const { startThread } = await import("./thread_worker.ts");
    return await startThread({ module, path, fence: lock.fence });
  }

  #entryKind(parent: string, entry: fs.Dirent): FileKind {
    if (entry.isFile()) return "file";
    if (entry.isDirectory()) return "directory";
    return this.stat(`${parent}/${entry.name}`)?.kind ?? "other";
  }
}

/** No runtime opens a file with such a high number. */
const NO_FILE = 2 ** 31 - 1;

/** Throws if `node --permission` forbids every fsync. So `open` fails before it creates anything. */
function requireSyncs(): void {
  // Only Node has this property, and only with permissions on.
  if (!("permission" in process)) return;
  try {
    fs.fsyncSync(NO_FILE);
  } catch (error) {
    if (errorCode(error) !== "EBADF") throw error;
  }
}

const WINDOWS_REFUSALS: ReadonlySet<string> = new Set(["EISDIR", "EPERM", "EINVAL"]);

/** Windows refuses to open a directory, or to flush an open one. */
function throwUnlessRefused(error: unknown): void {
  if (process.platform !== "win32" || !WINDOWS_REFUSALS.has(errorCode(error) ?? "")) throw error;
}

function syncDirectory(path: string): void {
  const fd = fs.openSync(path, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

async function syncDirectoryOffThread(path: string): Promise<void> {
  const fd = await result<number>((done) => fs.open(path, "r", done));
  try {
    await result<void>((done) => fs.fsync(fd, done));
  } finally {
    await result<void>((done) => fs.close(fd, done));
  }
}

function result<T>(start: (done: (error: Error | null | undefined, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

function openFlags(options: FileOpenOptions): number {
  let flags = options.write ? O_RDWR : O_RDONLY;
  if (options.create) flags |= O_CREAT;
  if (options.create && options.exclusive) flags |= O_EXCL;
  if (options.truncate) flags |= O_TRUNC;
  return flags;
}

function fileStat(stats: fs.Stats): FileStat {
  if (stats.isFile()) return { kind: "file", size: stats.size };
  return { kind: stats.isDirectory() ? "directory" : "other", size: 0 };
}

class NodeFile implements OpenFile {
  readonly #fd: number;
  readonly #path: string;
  /** The descriptor for off-thread syncs; opened by the first one. */
  #syncFd: number | undefined;
  #closed = false;
  #syncsInFlight = 0;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  read(buffer: Uint8Array, position: number): number {
    requireOffset(position, "read", this.#path);
    return fs.readSync(this.#openFd("read"), buffer, 0, buffer.length, position);
  }

  write(buffer: Uint8Array, position: number): number {
    requireOffset(position, "write", this.#path);
    return fs.writeSync(this.#openFd("write"), buffer, 0, buffer.length, position);
  }

  size(): number {
    return fs.fstatSync(this.#openFd("stat")).size;
  }

  truncate(size: number): void {
    requireOffset(size, "truncate", this.#path);
    fs.ftruncateSync(this.#openFd("truncate"), size);
  }

  sync(): void {
    const fd = this.#openFd("sync");
    if (DATA_SYNC_SUFFICES) fs.fdatasyncSync(fd);
    else fs.fsyncSync(fd);
  }

  async syncOffThread(): Promise<void> {
    const fd = this.#openFd("sync");
    this.#syncFd ??= secondDescriptor(fd, this.#path) ?? fd;
    this.#syncsInFlight++;
    try {
      await syncOffThread(this.#syncFd);
    } finally {
      this.#syncsInFlight--;
      this.#closeWhenIdle();
    }
  }

  /**
   * Closes the file. Idempotent. While a sync is in flight the descriptors stay open: another file could get their
   * numbers.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (!this.#closed || this.#syncsInFlight > 0) return;
    try {
      fs.closeSync(this.#fd);
    } finally {
      if (this.#syncFd !== undefined && this.#syncFd !== this.#fd) fs.closeSync(this.#syncFd);
    }
  }

  #openFd(action: string): number {
    if (this.#closed) throw fileSystemError("EBADF", action, this.#path);
    return this.#fd;
  }
}

function syncOffThread(fd: number): Promise<void> {
  return result<void>((done) => (DATA_SYNC_SUFFICES ? fs.fdatasync(fd, done) : fs.fsync(fd, done)));
}
