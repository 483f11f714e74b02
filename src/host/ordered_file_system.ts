/**
 * A file system whose syncs do not block: what follows a sync waits in memory until it is done.
 *
 * The caller sees every change at once, and the disk makes the same changes in the same order a little later. So a
 * crash leaves what it would have left a little earlier if every call had blocked. Whoever acknowledges something waits
 * for {@linkcode OrderedFileSystem.settled}.
 *
 * @module
 */

import type { DirectoryEntry, FileOpenOptions, FileStat, FileSystem, OpenFile } from "../api/file_system.ts";
import { fileSystemError, parentOf } from "../fs/filesystem.ts";
import { type Lane, type LaneEvents, Lanes } from "./lanes.ts";
import { OrderedFile, SharedFile } from "./ordered_file.ts";
import { QueuedNames } from "./queued_names.ts";

/** How many bytes may wait in a lane, 32 MiB: the write that exceeds it blocks until so much has been done that it may wait. */
export const MAX_QUEUED_BYTES: number = 32 * 1024 * 1024;

/** What an {@linkcode OrderedFileSystem} asks and tells. */
export interface OrderedFileSystemOptions extends LaneEvents {
  /** The lane of a file. A removal is in the table's all the same. */
  readonly laneOf: (path: string) => Lane;
  /** Instead of {@linkcode MAX_QUEUED_BYTES}. */
  readonly maxQueuedBytes?: number;
}

/**
 * The order of all changes of one store's files. Every change of a name is followed by the syncs of the directories
 * that make it durable: the caller asks for none. A file must always be called by the same path, and nobody else may
 * change what is below.
 *
 * An error of what was deferred is final: what waits is dropped, and every later call throws it.
 */
export class OrderedFileSystem implements Omit<FileSystem, "lock" | "observe"> {
  readonly #lower: FileSystem;
  readonly #laneOf: (path: string) => Lane;
  readonly #maxQueuedBytes: number;
  readonly #lanes: Lanes;
  readonly #names = new QueuedNames();
  /** The files that are open, by their paths; one that was removed is in none. */
  readonly #shared: Map<string, SharedFile> = new Map();
  readonly #open: Set<OrderedFile> = new Set();

  /** `options.check` is asked before each change that had to wait; the caller asks before all others. */
  constructor(lower: FileSystem, options: OrderedFileSystemOptions) {
    this.#lower = lower;
    this.#laneOf = options.laneOf;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? MAX_QUEUED_BYTES;
    this.#lanes = new Lanes({ check: options.check, failed: options.failed });
  }

  /** How many bytes wait in memory, in both lanes. */
  get queuedBytes(): number {
    return this.#lanes.queuedBytes("log") + this.#lanes.queuedBytes("table");
  }

  /** A missing file is created at once. Blocks when it has to cut a file, or to create one whose removal waits. */
  open(path: string, options: FileOpenOptions): OpenFile {
    this.#lookUp(parentOf(path));
    if (this.#names.isRemoved(path)) {
      if (!options.create) throw fileSystemError("ENOENT", "open", path);
      this.#lanes.drain("table");
    }
    const lane = this.#laneOf(path);
    const changes = options.create === true || options.truncate === true;
    const exists = !changes || this.#lower.stat(path) !== undefined;
    if (exists && options.truncate && !this.#lanes.isFree(lane)) this.#lanes.drain(lane);
    const file = this.#register(this.#lower.open(path, options), path, lane, options.write === true);
    if (!exists) this.#syncNewName(file, path, lane);
    return file;
  }

  /** With what waits. */
  stat(path: string): FileStat | undefined {
    this.#lookUp(parentOf(path));
    if (this.#names.isRemoved(path)) return undefined;
    const stat = this.#lower.stat(path);
    const pendingEnd = this.#shared.get(path)?.writes.end ?? 0;
    return stat?.kind === "file" && pendingEnd > stat.size ? { ...stat, size: pendingEnd } : stat;
  }

  /** Without the files whose removal waits. */
  list(path: string): DirectoryEntry[] {
    this.#lookUp(path);
    const removed = this.#names.removedIn(path);
    const entries = this.#lower.list(path);
    return removed.size === 0 ? entries : entries.filter(({ name }) => !removed.has(name));
  }

  /** Blocks until all that waits is done and the new name is durable. */
  makeDirectory(path: string): void {
    this.#lanes.drain();
    this.#lower.makeDirectory(path);
    this.#lower.syncDirectory(parentOf(path));
  }

  /** Blocks until all that waits is done and the name is gone for good. */
  removeDirectory(path: string): void {
    this.#lanes.drain();
    this.#lower.removeDirectory(path);
    this.#lower.syncDirectory(parentOf(path));
  }

  /** In the lane of the two paths. Blocks unless it puts a file where a file or nothing is, in the same lane. */
  rename(from: string, to: string): void {
    const lane = this.#laneOf(to);
    if (lane !== this.#laneOf(from) || !this.#isFile(from) || !this.#isReplaceable(to)) {
      this.#renameNow(from, to);
      return;
    }
    const directories = new Set([parentOf(to), parentOf(from)]);
    if (this.#lanes.isFree(lane)) {
      this.#lower.rename(from, to);
    } else {
      this.#names.renameQueued(directories);
      this.#lanes.changeLater(lane, () => {
        this.#lower.rename(from, to);
        this.#names.renameDone(directories);
      });
    }
    this.#moved(from, to);
    for (const directory of directories) this.#syncDirectory(lane, directory);
  }

  /** In the lane of the table, whatever the file: what replaces it must be durable before. */
  remove(path: string): void {
    this.#lookUp(parentOf(path));
    const free = this.#lanes.isFree("table");
    if (free || !this.#isFile(path)) {
      if (!free) this.#lanes.drain("table");
      this.#lower.remove(path);
    } else {
      this.#names.removalQueued(path);
      this.#lanes.changeLater("table", () => {
        this.#lower.remove(path);
        this.#names.removalDone(path);
      });
    }
    this.#shared.delete(path);
    this.#syncDirectory("table", parentOf(path));
  }

  /** Asks for a sync in the lane of `path`. Needed for no change that was made here. */
  syncDirectory(path: string): void {
    this.#syncDirectory(this.#laneOf(path), path);
  }

  /**
   * Does all that waits before it returns, in one lane or in both; the table's waits for the log's. A sync in flight is
   * done again, and still fails everything when it fails later.
   */
  drain(lane?: Lane): void {
    this.#lanes.drain(lane);
  }

  /** Drains the lane; during `call`, which must be synchronous, every operation in it is done when it returns. */
  inline<T>(lane: Lane, call: () => T): T {
    return this.#lanes.inline(lane, call);
  }

  /**
   * `undefined` when nothing of the lane waits or is in flight; otherwise resolves when all that was asked for so far
   * is done, and rejects when something failed. It need not be awaited.
   */
  settled(lane: Lane): Promise<void> | undefined {
    return this.#lanes.settled(lane);
  }

  /** Drops what waits and closes every file; all later calls fail. Throws the first error after trying all. */
  abandon(): void {
    this.#lanes.stop(fileSystemError("EBADF", "use", "files that were abandoned"));
    const errors: unknown[] = [];
    for (const file of [...this.#open]) {
      try {
        file.abandon();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** Before a name in `directory` is looked up: renames are not seen before they are done. */
  #lookUp(directory: string): void {
    this.#lanes.requireRunning();
    if (this.#names.hasRenameIn(directory)) this.#lanes.drain();
  }

  #isFile(path: string): boolean {
    return this.stat(path)?.kind === "file";
  }

  /** Whether a rename of a file to `path` does not fail for what is there. */
  #isReplaceable(path: string): boolean {
    if (this.#names.isRemoved(path)) return false;
    const there = this.stat(path);
    return there ? there.kind === "file" : this.#lower.stat(parentOf(path))?.kind === "directory";
  }

  #renameNow(from: string, to: string): void {
    this.#lanes.drain();
    this.#lower.rename(from, to);
    this.#moved(from, to);
    for (const directory of new Set([parentOf(to), parentOf(from)])) this.#lower.syncDirectory(directory);
  }

  /** The open files at and below `from` are at and below `to` now; one that was at `to` is nowhere. */
  #moved(from: string, to: string): void {
    if (from === to) return;
    this.#shared.delete(to);
    for (const [path, shared] of [...this.#shared]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#shared.delete(path);
      shared.path = to + path.slice(from.length);
      shared.lane = this.#laneOf(shared.path);
      this.#shared.set(shared.path, shared);
    }
  }

  #syncDirectory(lane: Lane, path: string): void {
    const carryOut = () => this.#lower.syncDirectory(path);
    const begin = this.#lower.syncDirectoryOffThread?.bind(this.#lower, path);
    this.#lanes.sync(lane, begin ? { carryOut, begin } : { carryOut });
  }

  #syncNewName(file: OrderedFile, path: string, lane: Lane): void {
    try {
      this.#syncDirectory(lane, parentOf(path));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  #register(lower: OpenFile, path: string, lane: Lane, writable: boolean): OrderedFile {
    const shared = this.#shared.get(path) ?? new SharedFile(path, lane);
    this.#shared.set(path, shared);
    shared.handles += 1;
    const closed = (file: OrderedFile) => this.#forget(file);
    const parts = { lower, shared, lanes: this.#lanes, writable, maxQueuedBytes: this.#maxQueuedBytes, closed };
    const file = new OrderedFile(parts);
    this.#open.add(file);
    return file;
  }

  #forget(file: OrderedFile): void {
    this.#open.delete(file);
    const { shared } = file;
    shared.handles -= 1;
    if (shared.handles === 0 && this.#shared.get(shared.path) === shared) this.#shared.delete(shared.path);
  }
}
