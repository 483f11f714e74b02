import type { FileSystem, OpenFile } from "../api/file_system.ts";
import type { FileBytes } from "./memory_bytes.ts";

const PAGE_BYTES = 4096;
/** How many files of the lower file system may be open at a time. */
const OPEN_FILES = 64;

/** Opens the files of a lower file system for reading, and closes files that have not been used for long. */
export class LowerFiles {
  readonly #fileSystem: FileSystem;
  readonly #check: () => void;
  readonly #open: Map<string, OpenFile> = new Map();

  /** `check` throws if the files must not be read any more. */
  constructor(fileSystem: FileSystem, check: () => void) {
    this.#fileSystem = fileSystem;
    this.#check = check;
  }

  /** Reads from a file. Returns how many bytes it read. */
  read(path: string, buffer: Uint8Array, position: number): number {
    this.#check();
    const file = this.#open.get(path) ?? this.#fileSystem.open(path, {});
    this.#open.delete(path);
    this.#open.set(path, file);
    for (const [oldest, unused] of this.#open) {
      if (this.#open.size <= OPEN_FILES) break;
      this.#open.delete(oldest);
      unused.close();
    }
    return file.read(buffer, position);
  }

  /** Closes all files. Tries all of them before it throws the first error. */
  close(): void {
    const files = [...this.#open.values()];
    this.#open.clear();
    const errors: unknown[] = [];
    for (const file of files) {
      try {
        file.close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** The bytes of a file of a lower file system. Changed pages are in memory. */
export class CopiedBytes implements FileBytes {
  readonly #files: LowerFiles;
  readonly #path: string;
  readonly #pages: Map<number, Uint8Array> = new Map();
  /** Bytes of the lower file count only below this size. */
  #lowerSize: number;
  #size: number;

  constructor(files: LowerFiles, path: string, size: number) {
    this.#files = files;
    this.#path = path;
    this.#lowerSize = size;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  read(buffer: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(buffer.length, this.#size - position));
    for (let done = 0; done < length; ) {
      const at = position + done;
      const page = this.#pages.get(Math.floor(at / PAGE_BYTES));
      const end = page ? (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES : this.#nextChanged(at);
      const part = buffer.subarray(done, Math.min(length, done + end - at));
      if (page) part.set(page.subarray(at % PAGE_BYTES, (at % PAGE_BYTES) + part.length));
      else this.#readLower(part, at);
      done += part.length;
    }
    return length;
  }

  write(buffer: Uint8Array, position: number): void {
    if (buffer.length === 0) return;
    const end = position + buffer.length;
    for (let at = position; at < end; ) {
      const start = at % PAGE_BYTES;
      const part = buffer.subarray(at - position, Math.min(buffer.length, at - position + PAGE_BYTES - start));
      this.#page(Math.floor(at / PAGE_BYTES)).set(part, start);
      at += part.length;
    }
    this.#size = Math.max(this.#size, end);
  }

  resize(size: number): void {
    if (size < this.#size) {
      this.#lowerSize = Math.min(this.#lowerSize, size);
      for (const number of [...this.#pages.keys()]) if (number * PAGE_BYTES >= size) this.#pages.delete(number);
      this.#pages.get(Math.floor(size / PAGE_BYTES))?.fill(0, size % PAGE_BYTES);
    }
    this.#size = size;
  }

  /** Where the next changed page begins, or where the file ends. */
  #nextChanged(position: number): number {
    if (this.#pages.size === 0) return this.#size;
    let number = Math.floor(position / PAGE_BYTES) + 1;
    while (number * PAGE_BYTES < this.#size && !this.#pages.has(number)) number += 1;
    return Math.min(this.#size, number * PAGE_BYTES);
  }

  #readLower(buffer: Uint8Array, position: number): void {
    const there = Math.max(0, Math.min(buffer.length, this.#lowerSize - position));
    let done = 0;
    while (done < there) {
      const count = this.#files.read(this.#path, buffer.subarray(done, there), position + done);
      if (count === 0) break;
      done += count;
    }
    buffer.fill(0, done);
  }

  #page(number: number): Uint8Array {
    const known = this.#pages.get(number);
    if (known) return known;
    const page = new Uint8Array(PAGE_BYTES);
    this.#readLower(page, number * PAGE_BYTES);
    this.#pages.set(number, page);
    return page;
  }
}
