/**
 * The files of a store for a worker. It may read all of them. It may write only to existing files, and only while the store has its
 * directory.
 *
 * @module
 */

import type * as Fs from "node:fs";
import type { Fence } from "../job_worker.ts";
import { lockNumberOf } from "../lock_record.ts";
import { readAll, writeAll } from "../write_all.ts";

/** An open file. */
interface Open {
  readonly fd: number;
  position: number;
}

/** The open files of a worker, each with a number. */
export class WorkerFiles {
  readonly #fs: typeof Fs;
  readonly #root: string;
  readonly #fence: Fence;
  readonly #open: (Open | undefined)[] = [];

  constructor(fs: typeof Fs, root: string, fence: Fence) {
    this.#fs = fs;
    this.#root = root;
    this.#fence = fence;
  }

  /** Opens an existing file. A file for writing still belongs to the store after it was opened. */
  open(name: string, write: boolean): number {
    const { openSync, closeSync } = this.#fs;
    const fd = openSync(this.#root + name, write ? "r+" : "r");
    try {
      if (write) this.assertOwned();
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    let number = 0;
    while (this.#open[number]) number += 1;
    this.#open[number] = { fd, position: 0 };
    return number;
  }

  list(name: string): Fs.Dirent[] {
    return this.#fs.readdirSync(this.#root + name, { withFileTypes: true });
  }

  stat(name: string): Fs.Stats {
    return this.#fs.statSync(this.#root + name);
  }

  size(number: number): number {
    return this.#fs.fstatSync(this.#file(number).fd).size;
  }

  /** Reads from the cursor, until the buffer is full or the file ends. */
  read(number: number, buffer: Uint8Array): number {
    const file = this.#file(number);
    const read = (part: Uint8Array, at: number) => this.#fs.readSync(file.fd, part, 0, part.length, at);
    const done = readAll({ read }, buffer, file.position);
    file.position += done;
    return done;
  }

  /** Writes all bytes at the cursor, if the directory still belongs to the store. */
  write(number: number, buffer: Uint8Array): number {
    const file = this.#file(number);
    this.assertOwned();
    const write = (part: Uint8Array, at: number) => this.#fs.writeSync(file.fd, part, 0, part.length, at);
    writeAll({ write }, buffer, file.position, "a segment");
    file.position += buffer.length;
    return buffer.length;
  }

  seek(number: number, offset: number, whence: number): number {
    const file = this.#file(number);
    const base = whence === 0 ? 0 : whence === 1 ? file.position : this.size(number);
    file.position = base + offset;
    return file.position;
  }

  sync(number: number): void {
    const { fd } = this.#file(number);
    // As in `NodeFile`: Linux's fdatasync flushes a changed size, too.
    if (process.platform === "linux") this.#fs.fdatasyncSync(fd);
    else this.#fs.fsyncSync(fd);
  }

  close(number: number): void {
    const { fd } = this.#file(number);
    this.#open[number] = undefined;
    this.#fs.closeSync(fd);
  }

  has(number: number): boolean {
    return this.#open[number] !== undefined;
  }

  /** Throws unless the newest lock of the directory is that of the store, and is not released. */
  assertOwned(): void {
    const { nonce, number } = this.#fence;
    const { readdirSync, readFileSync } = this.#fs;
    let isOurs = false;
    // Names come in any order: that of a newer lock may come after ours. Other files of a lock have no number.
    for (const name of readdirSync(this.#root)) {
      const found = lockNumberOf(name) ?? 0;
      if (found > number) throw this.#lost();
      if (found < number) continue;
      const record = JSON.parse(readFileSync(`${this.#root}/${name}`, "utf8")) as Record<string, unknown>;
      isOurs = record.nonce === nonce && record.released === false;
    }
    if (!isOurs) throw this.#lost();
  }

  #lost(): Error {
    return new Error(`the directory '${this.#root}' no longer belongs to the store`);
  }

  #file(number: number): Open {
    const file = this.#open[number];
    if (!file) throw Object.assign(new Error("EBADF"), { code: "EBADF" });
    return file;
  }
}
