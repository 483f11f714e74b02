/**
 * A file system in memory that can be full.
 *
 * @module
 */

import {
  type DirectoryEntry,
  type DirectoryLock,
  type FileOpenOptions,
  type FileStat,
  type FileSystem,
  MemoryFileSystem,
  type OpenFile,
} from "../../mod.ts";
import { diskError } from "./observed_file_system.ts";

const PAGE_BYTES = 4096;

interface Node {
  bytes: number;
  handles: number;
  removed: boolean;
}

/**
 * Has a capacity in pages of 4,096 bytes. Each file takes whole pages, also a file that was removed while it is open. A
 * directory takes one page. If there is room for a part of a write, it writes that part; if there is no room, it fails
 * with `ENOSPC`. The directory's lock is a file, too.
 */
export class FullFileSystem implements FileSystem {
  /** The capacity in bytes. */
  capacity: number;
  /** The error of a full disk. */
  code = "ENOSPC";
  #used = 0;
  readonly #inner = new MemoryFileSystem();
  readonly #nodes: Map<string, Node> = new Map();
  #locks = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** The free space in bytes. */
  get free(): number {
    return Math.max(0, this.capacity - this.#used);
  }

  /** The space of each file and directory, by path. */
  sizes(): Record<string, number> {
    return Object.fromEntries(Array.from(this.#nodes, ([path, { bytes }]) => [path, bytes]));
  }

  /** The same files on a separate disk. No file may be open. */
  clone(): FullFileSystem {
    const copy = new FullFileSystem(Number.POSITIVE_INFINITY);
    const walk = (path: string) => {
      for (const { name, kind } of this.#inner.list(path)) {
        const child = `${path}/${name}`;
        if (kind === "directory") {
          copy.makeDirectory(child);
          walk(child);
          continue;
        }
        const [from, to] = [this.#inner.open(child, {}), copy.open(child, { write: true, create: true })];
        const bytes = new Uint8Array(from.size());
        from.read(bytes, 0);
        if (bytes.length > 0) to.write(bytes, 0);
        to.close();
        from.close();
      }
    };
    walk("");
    copy.#locks = this.#locks;
    copy.capacity = this.capacity;
    return copy;
  }

  open(path: string, options: FileOpenOptions): OpenFile {
    const isNew = this.#inner.stat(path) === undefined;
    if (isNew && options.create) this.#requirePage();
    const file = this.#inner.open(path, options);
    const node = this.#nodes.get(path) ?? { bytes: 0, handles: 0, removed: false };
    if (isNew) this.#resize(node, 0);
    this.#nodes.set(path, node);
    if (options.truncate) this.#resize(node, 0);
    node.handles += 1;
    return this.#opened(file, node);
  }

  stat(path: string): FileStat | undefined {
    return this.#inner.stat(path);
  }

  list(path: string): DirectoryEntry[] {
    return this.#inner.list(path);
  }

  makeDirectory(path: string): void {
    this.#requirePage();
    this.#inner.makeDirectory(path);
    this.#used += PAGE_BYTES;
  }

  rename(from: string, to: string): void {
    this.#inner.rename(from, to);
    const [node, replaced] = [this.#nodes.get(from), this.#nodes.get(to)];
    if (replaced && replaced !== node) this.#remove(to, replaced);
    if (!node) return;
    this.#nodes.delete(from);
    this.#nodes.set(to, node);
  }

  remove(path: string): void {
    this.#inner.remove(path);
    const node = this.#nodes.get(path);
    if (node) this.#remove(path, node);
  }

  removeDirectory(path: string): void {
    this.#inner.removeDirectory(path);
    this.#used -= PAGE_BYTES;
  }

  syncDirectory(path: string): void {
    this.#inner.syncDirectory(path);
  }

  syncDirectoryOffThread(path: string): Promise<void> {
    return this.#inner.syncDirectoryOffThread(path);
  }

  /** Leaves a file, as the lock on disk does. It needs room for the next file beside it. */
  async lock(directory: string): Promise<DirectoryLock> {
    const lock = await this.#inner.lock(directory);
    const name = (number: number) => `${directory}/LOCK.${String(number).padStart(10, "0")}`;
    try {
      const file = this.open(name(this.#locks + 1), { write: true, create: true });
      try {
        if (file.write(new Uint8Array(1024), 0) < 1024) throw this.#full();
      } catch (error) {
        this.remove(name(this.#locks + 1));
        throw error;
      } finally {
        file.close();
      }
    } catch (error) {
      lock.release();
      throw error;
    }
    if (this.#locks > 0) this.remove(name(this.#locks));
    this.#locks += 1;
    return lock;
  }

  observe(directory: string): Promise<DirectoryLock> {
    return this.#inner.observe(directory);
  }

  #opened(file: OpenFile, node: Node): OpenFile {
    let isOpen = true;
    return {
      read: (buffer, position) => file.read(buffer, position),
      write: (buffer, position) => {
        const room = Math.floor(this.free / PAGE_BYTES) * PAGE_BYTES + pages(node.bytes);
        const count = Math.min(buffer.length, room - position);
        if (count <= 0 && buffer.length > 0) throw this.#full();
        const done = file.write(buffer.subarray(0, count), position);
        this.#resize(node, Math.max(node.bytes, file.size()));
        return done;
      },
      size: () => file.size(),
      truncate: (size) => {
        if (size > node.bytes && pages(size) - pages(node.bytes) > this.free) throw this.#full();
        file.truncate(size);
        this.#resize(node, size);
      },
      sync: () => file.sync(),
      syncOffThread: () => file.syncOffThread(),
      close: () => {
        file.close();
        if (!isOpen) return;
        isOpen = false;
        node.handles -= 1;
        if (node.removed && node.handles === 0) this.#resize(node, 0);
      },
    };
  }

  #resize(node: Node, bytes: number): void {
    this.#used += pages(bytes) - pages(node.bytes);
    node.bytes = bytes;
  }

  #remove(path: string, node: Node): void {
    if (this.#nodes.get(path) === node) this.#nodes.delete(path);
    node.removed = true;
    if (node.handles === 0) this.#resize(node, 0);
  }

  #requirePage(): void {
    if (this.free < PAGE_BYTES) throw this.#full();
  }

  #full(): Error {
    return diskError(this.code);
  }
}

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
