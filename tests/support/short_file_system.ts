/**
 * A file system that transfers fewer bytes than asked for, as disks may.
 *
 * @module
 */

import type { FileOpenOptions, FileSystem, OpenFile } from "../../mod.ts";
import { ObservedFileSystem } from "./observed_file_system.ts";

/** Transfers as many of `length` bytes as `most` says, but at least one. */
export class ShortFileSystem extends ObservedFileSystem {
  readonly #most: (length: number) => number;

  constructor(inner: FileSystem, most: (length: number) => number) {
    super(inner, {});
    this.#most = most;
  }

  override open(path: string, options: FileOpenOptions): OpenFile {
    return new ShortFile(super.open(path, options), this.#most);
  }
}

/** A file whose reads and writes are short. */
export class ShortFile implements OpenFile {
  readonly #file: OpenFile;
  readonly #most: (length: number) => number;

  constructor(file: OpenFile, most: (length: number) => number) {
    this.#file = file;
    this.#most = most;
  }

  read(buffer: Uint8Array, position: number): number {
    return this.#file.read(this.#part(buffer), position);
  }

  write(buffer: Uint8Array, position: number): number {
    return this.#file.write(this.#part(buffer), position);
  }

  size(): number {
    return this.#file.size();
  }

  truncate(size: number): void {
    this.#file.truncate(size);
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

  #part(buffer: Uint8Array): Uint8Array {
    if (buffer.length < 2) return buffer;
    return buffer.subarray(0, Math.max(1, Math.min(buffer.length, Math.floor(this.#most(buffer.length)))));
  }
}
