/**
 * A file system that reports every call before and after it, so that a test can record it or make it fail.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { DirectoryEntry, DirectoryLock, FileOpenOptions, FileStat, FileSystem, OpenFile } from "../../mod.ts";

/** A call and its path. */
export interface FileSystemCall {
  readonly name: keyof FileSystem | keyof OpenFile;
  readonly path: string;
  /** How many bytes a read or a write transferred; only after the call. */
  readonly bytes?: number;
}

/** The callbacks of a test. */
export interface Observer {
  /** Called before each call. If it throws, the caller gets that error. */
  readonly before?: (call: FileSystemCall) => void;
  /** Called after each successful call. */
  readonly after?: (call: FileSystemCall) => void;
}

/** An error as the operating system reports it. */
export function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** Passes every call on to `inner`, and reports it. */
export class ObservedFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #observer: Observer;

  constructor(inner: FileSystem, observer: Observer) {
    this.#inner = inner;
    this.#observer = observer;
  }

  open(path: string, options: FileOpenOptions): OpenFile {
    const file = this.#observed("open", path, () => this.#inner.open(path, options));
    const report: Report = (when, name, bytes) =>
      this.#observer[when]?.({ name, path, ...(bytes === undefined ? {} : { bytes }) });
    return new ObservedFile(file, report);
  }

  stat(path: string): FileStat | undefined {
    return this.#observed("stat", path, () => this.#inner.stat(path));
  }

  list(path: string): DirectoryEntry[] {
    return this.#observed("list", path, () => this.#inner.list(path));
  }

  makeDirectory(path: string): void {
    this.#observed("makeDirectory", path, () => this.#inner.makeDirectory(path));
  }

  /** Reported with the new path. */
  rename(from: string, to: string): void {
    this.#observed("rename", to, () => this.#inner.rename(from, to));
  }

  remove(path: string): void {
    this.#observed("remove", path, () => this.#inner.remove(path));
  }

  removeDirectory(path: string): void {
    this.#observed("removeDirectory", path, () => this.#inner.removeDirectory(path));
  }

  syncDirectory(path: string): void {
    this.#observed("syncDirectory", path, () => this.#inner.syncDirectory(path));
  }

  async lock(path: string): Promise<DirectoryLock> {
    return await this.#observed("lock", path, () => this.#inner.lock(path));
  }

  async observe(path: string): Promise<DirectoryLock> {
    return await this.#observed("observe", path, () => this.#inner.observe?.(path) ?? assert.fail("cannot observe"));
  }

  #observed<T>(name: FileSystemCall["name"], path: string, call: () => T): T {
    this.#observer.before?.({ name, path });
    const result = call();
    this.#observer.after?.({ name, path });
    return result;
  }
}

type Report = (when: keyof Observer, name: keyof OpenFile, bytes?: number) => void;

class ObservedFile implements OpenFile {
  readonly #inner: OpenFile;
  readonly #report: Report;

  constructor(inner: OpenFile, report: Report) {
    this.#inner = inner;
    this.#report = report;
  }

  read(buffer: Uint8Array, position: number): number {
    return this.#moved("read", () => this.#inner.read(buffer, position));
  }

  write(buffer: Uint8Array, position: number): number {
    return this.#moved("write", () => this.#inner.write(buffer, position));
  }

  size(): number {
    return this.#observed("size", () => this.#inner.size());
  }

  truncate(size: number): void {
    this.#observed("truncate", () => this.#inner.truncate(size));
  }

  sync(): void {
    this.#observed("sync", () => this.#inner.sync());
  }

  /** Reported as a sync, once it is done. */
  async syncOffThread(): Promise<void> {
    this.#report("before", "sync");
    await this.#inner.syncOffThread();
    this.#report("after", "sync");
  }

  close(): void {
    this.#observed("close", () => this.#inner.close());
  }

  #moved(name: "read" | "write", call: () => number): number {
    this.#report("before", name);
    const bytes = call();
    this.#report("after", name, bytes);
    return bytes;
  }

  #observed<T>(name: keyof OpenFile, call: () => T): T {
    this.#report("before", name);
    const result = call();
    this.#report("after", name);
    return result;
  }
}
