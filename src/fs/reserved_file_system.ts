/**
 * A file system that uses the store's reserve when the disk is full.
 *
 * @module
 */

import type {
  DirectoryEntry,
  DirectoryLock,
  FileOpenOptions,
  FileStat,
  FileSystem,
  OpenFile,
} from "../api/file_system.ts";
import { isFull, type Reserve } from "./reserve.ts";

/** The space for a name, a directory or a lock's record, rounded up generously. */
const SMALL_BYTES = 64 * 1024;

/**
 * Passes every call to the lower file system. If the disk is full, it shrinks the reserve and tries again, if the call
 * may use the reserve. It never repeats a sync: the state after a failed sync is unknown.
 */
export class ReservedFileSystem implements FileSystem {
  readonly #lower: FileSystem;
  readonly #reserve: Reserve;
  readonly #log: string;
  readonly syncDirectoryOffThread?: (path: string) => Promise<void>;
  readonly observe?: (directory: string) => Promise<DirectoryLock>;

  /** `log` is the directory of the log. */
  constructor(lower: FileSystem, reserve: Reserve, log: string) {
    this.#lower = lower;
    this.#reserve = reserve;
    this.#log = `${log}/`;
    if (lower.syncDirectoryOffThread) this.syncDirectoryOffThread = lower.syncDirectoryOffThread.bind(lower);
    if (lower.observe) this.observe = lower.observe.bind(lower);
  }

  open(path: string, options: FileOpenOptions): OpenFile {
    if (!options.write) return this.#lower.open(path, options);
    const isLog = path.startsWith(this.#log);
    const file = fitting(this.#reserve, SMALL_BYTES, isLog, () => this.#lower.open(path, options));
    return new ReservedFile(file, this.#reserve, isLog);
  }

  stat(path: string): FileStat | undefined {
    return this.#lower.stat(path);
  }

  list(path: string): DirectoryEntry[] {
    return this.#lower.list(path);
  }

  makeDirectory(path: string): void {
    this.#fitting(() => this.#lower.makeDirectory(path));
  }

  rename(from: string, to: string): void {
    this.#fitting(() => this.#lower.rename(from, to));
  }

  remove(path: string): void {
    this.#fitting(() => this.#lower.remove(path));
  }

  removeDirectory(path: string): void {
    this.#fitting(() => this.#lower.removeDirectory(path));
  }

  syncDirectory(path: string): void {
    this.#lower.syncDirectory(path);
  }

  /**
   * This process does not own the directory yet. But before it writes anything it knows whether a live owner has the
   * directory. And nobody reads the content of the reserve.
   */
  async lock(directory: string): Promise<DirectoryLock> {
    for (;;) {
      try {
        return await this.#lower.lock(directory);
      } catch (error) {
        if (!isFull(error) || !this.#reserve.give(SMALL_BYTES, false, 0)) throw error;
      }
    }
  }

  #fitting<T>(call: () => T): T {
    return fitting(this.#reserve, SMALL_BYTES, false, call);
  }
}

class ReservedFile implements OpenFile {
  readonly #file: OpenFile;
  readonly #reserve: Reserve;
  readonly #isLog: boolean;

  constructor(file: OpenFile, reserve: Reserve, isLog: boolean) {
    this.#file = file;
    this.#reserve = reserve;
    this.#isLog = isLog;
  }

  read(buffer: Uint8Array, position: number): number {
    return this.#file.read(buffer, position);
  }

  write(buffer: Uint8Array, position: number): number {
    const count = this.#write(buffer, position);
    this.#reserve.wrote(count);
    return count;
  }

  #write(buffer: Uint8Array, position: number): number {
    try {
      return this.#file.write(buffer, position);
    } catch (error) {
      if (!isFull(error) || !this.#reserve.give(buffer.length, this.#isLog)) throw error;
    }
    return fitting(this.#reserve, buffer.length, this.#isLog, () => this.#file.write(buffer, position));
  }

  size(): number {
    return this.#file.size();
  }

  truncate(size: number): void {
    fitting(this.#reserve, SMALL_BYTES, this.#isLog, () => this.#file.truncate(size));
  }

  sync(): void {
    this.#file.sync();
  }

  syncOffThread(): Promise<void> {
    return this.#file.syncOffThread();
  }

  close(): void {
    this.#file.close();
  }
}

/** Tries again while the reserve can free space. The reserve shrinks each time. */
function fitting<T>(reserve: Reserve, bytes: number, isLog: boolean, call: () => T): T {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (!isFull(error) || !reserve.give(bytes, isLog)) throw error;
    }
  }
}
