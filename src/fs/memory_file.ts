/**
 * An open file in memory.
 *
 * @module
 */

import type { OpenFile } from "../api/file_system.ts";
import { isErrorLike } from "../realm.ts";
import { fileSystemError, requireOffset } from "./filesystem.ts";
import type { FileBytes } from "./memory_bytes.ts";

/** A handle to the bytes of a file. */
export class MemoryFile implements OpenFile {
  readonly #bytes: FileBytes;
  readonly #path: string;
  readonly #writable: boolean;
  #closed = false;

  constructor(bytes: FileBytes, path: string, writable: boolean) {
    this.#bytes = bytes;
    this.#path = path;
    this.#writable = writable;
  }

  read(buffer: Uint8Array, position: number): number {
    requireOffset(position, "read", this.#path);
    return this.#openBytes("read").read(buffer, position);
  }

  write(buffer: Uint8Array, position: number): number {
    requireOffset(position, "write", this.#path);
    const bytes = this.#openBytes("write");
    if (!this.#writable) throw fileSystemError("EBADF", "write", this.#path);
    this.#withinMemory("write", () => bytes.write(buffer, position));
    return buffer.length;
  }

  size(): number {
    return this.#openBytes("stat").size;
  }

  truncate(size: number): void {
    requireOffset(size, "truncate", this.#path);
    const bytes = this.#openBytes("truncate");
    if (!this.#writable) throw fileSystemError("EINVAL", "truncate", this.#path);
    this.#withinMemory("truncate", () => bytes.resize(size));
  }

  sync(): void {
    this.#openBytes("sync");
  }

  async syncOffThread(): Promise<void> {
    this.sync();
  }

  /** Closes the handle. Idempotent. */
  close(): void {
    this.#closed = true;
  }

  #openBytes(action: string): FileBytes {
    if (this.#closed) throw fileSystemError("EBADF", action, this.#path);
    return this.#bytes;
  }

  #withinMemory(action: string, grow: () => void): void {
    try {
      grow();
    } catch (error) {
      // The runtimes throw a RangeError if they cannot allocate an ArrayBuffer of that size.
      if (!isErrorLike(error) || error.name !== "RangeError") throw error;
      throw Object.assign(fileSystemError("ENOSPC", action, this.#path), { cause: error });
    }
  }
}
