/**
 * A file system in memory that records its calls. Its off-thread syncs end when the test says.
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
} from "../../src/api/file_system.ts";
import { MemoryFileSystem } from "../../src/fs/memory.ts";

/** A call that reached the file system. Reads are not recorded. */
export interface Reached {
  /** `cut` is an open that truncates, `begin` the start of an off-thread sync, `end` and `fail` its end. */
  readonly name:
    | "create"
    | "cut"
    | "write"
    | "truncate"
    | "sync"
    | "begin"
    | "end"
    | "fail"
    | "close"
    | "rename"
    | "remove"
    | "makeDirectory"
    | "removeDirectory"
    | "syncDirectory"
    | "beginDirectory";
  /** For a file: the path at its open. For a rename: the old path. */
  readonly path: string;
  readonly to?: string;
  /** For a write or truncation. */
  readonly position?: number;
  readonly bytes?: Uint8Array;
  /** For `begin`, `beginDirectory`, `end` and `fail`: the number of the sync. */
  readonly sync?: number;
}

/** An off-thread sync that has not ended. */
export interface HeldSync {
  readonly path: string;
  complete(): void;
  fail(error: unknown): void;
}

/** Differences of a {@linkcode HeldSyncs}. Each is off when absent. */
export interface HeldSyncsOptions {
  /** Has no `syncDirectoryOffThread`. */
  readonly blockingDirectories?: boolean;
  /** Returns how many of `length` bytes a read or write transfers. */
  readonly moved?: (length: number) => number;
  /** Called before each call. If it throws, the call fails with that error. */
  readonly before?: (reached: Reached) => void;
}

/** The file system, see the module. */
export class HeldSyncs implements FileSystem {
  readonly inner: MemoryFileSystem = new MemoryFileSystem();
  readonly reached: Reached[] = [];
  readonly held: HeldSync[] = [];
  /** How many files are open. */
  openFiles = 0;
  readonly syncDirectoryOffThread?: (path: string) => Promise<void>;
  readonly options: HeldSyncsOptions;
  #syncs = 0;

  constructor(options: HeldSyncsOptions = {}) {
    this.options = options;
    if (!options.blockingDirectories) this.syncDirectoryOffThread = (path) => this.hold("beginDirectory", path);
  }

  /** Makes a call, and records it unless it fails. */
  record<T>(reached: Reached, call: () => T): T {
    this.options.before?.(reached);
    const result = call();
    this.reached.push(reached);
    return result;
  }

  /** Begins an off-thread sync. */
  hold(name: "begin" | "beginDirectory", path: string): Promise<void> {
    this.#syncs += 1;
    const sync = this.#syncs;
    return this.record({ name, path, sync }, () => this.#heldSync(path, sync));
  }

  #heldSync(path: string, sync: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (ended: "end" | "fail") => {
        this.held.splice(this.held.indexOf(held), 1);
        this.reached.push({ name: ended, path, sync });
      };
      const held: HeldSync = {
        path,
        complete: () => {
          end("end");
          resolve();
        },
        fail: (error) => {
          end("fail");
          reject(error);
        },
      };
      this.held.push(held);
    });
  }

  open(path: string, options: FileOpenOptions): OpenFile {
    const exists = this.inner.stat(path) !== undefined;
    const open = () => this.inner.open(path, options);
    const changes = exists ? options.truncate : options.create;
    const file = changes ? this.record({ name: exists ? "cut" : "create", path }, open) : open();
    this.openFiles += 1;
    return new HeldFile(this, file, path);
  }

  stat(path: string): FileStat | undefined {
    return this.inner.stat(path);
  }

  list(path: string): DirectoryEntry[] {
    return this.inner.list(path);
  }

  makeDirectory(path: string): void {
    this.record({ name: "makeDirectory", path }, () => this.inner.makeDirectory(path));
  }

  rename(from: string, to: string): void {
    this.record({ name: "rename", path: from, to }, () => this.inner.rename(from, to));
  }

  remove(path: string): void {
    this.record({ name: "remove", path }, () => this.inner.remove(path));
  }

  removeDirectory(path: string): void {
    this.record({ name: "removeDirectory", path }, () => this.inner.removeDirectory(path));
  }

  syncDirectory(path: string): void {
    this.record({ name: "syncDirectory", path }, () => this.inner.syncDirectory(path));
  }

  lock(path: string): Promise<DirectoryLock> {
    return this.inner.lock(path);
  }
}

class HeldFile implements OpenFile {
  readonly #owner: HeldSyncs;
  readonly #inner: OpenFile;
  readonly #path: string;
  #closed = false;

  constructor(owner: HeldSyncs, inner: OpenFile, path: string) {
    this.#owner = owner;
    this.#inner = inner;
    this.#path = path;
  }

  read(buffer: Uint8Array, position: number): number {
    return this.#inner.read(this.#moved(buffer), position);
  }

  write(buffer: Uint8Array, position: number): number {
    const bytes = this.#moved(buffer);
    const reached: Reached = { name: "write", path: this.#path, position, bytes: bytes.slice() };
    return this.#owner.record(reached, () => this.#inner.write(bytes, position));
  }

  size(): number {
    return this.#inner.size();
  }

  truncate(size: number): void {
    this.#owner.record({ name: "truncate", path: this.#path, position: size }, () => this.#inner.truncate(size));
  }

  sync(): void {
    this.#owner.record({ name: "sync", path: this.#path }, () => this.#inner.sync());
  }

  syncOffThread(): Promise<void> {
    this.#inner.size();
    return this.#owner.hold("begin", this.#path);
  }

  close(): void {
    if (this.#closed) throw new Error(`${this.#path} was closed twice`);
    this.#closed = true;
    this.#owner.openFiles -= 1;
    this.#inner.close();
    this.#owner.record({ name: "close", path: this.#path }, () => {});
  }

  #moved(buffer: Uint8Array): Uint8Array {
    return buffer.subarray(0, this.#owner.options.moved?.(buffer.length) ?? buffer.length);
  }
}

/** Lets the callbacks of all settled promises run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
