/**
 * The WASI of an instance that does jobs. It has only the calls that jobs make. All other imports of the engine fail.
 *
 * @module
 */

import type * as Fs from "node:fs";
import { errnoOf, SUCCESS } from "../errno.ts";
import { GuestMemory, withoutSigns } from "../guest_memory.ts";
import type { WorkerFiles } from "./files.ts";

/** Standard error. */
const ERROR_OUTPUT = 2;
/** The directory that is open from the start, and the next number. */
const [ROOT, FIRST_FREE] = [3, 4];
const [DIRECTORY, REGULAR_FILE] = [3, 4];
const [O_CREAT, O_DIRECTORY, O_EXCL, O_TRUNC] = [1, 2, 4, 8];
const RIGHT_FD_WRITE = 64n;
const ALL_RIGHTS = 2n ** 64n - 1n;
const DIRENT_SIZE = 24;

type Call = (...values: never[]) => void;

/** The WASI calls of one instance. Set `memory` before the first call. */
export class JobWasi {
  memory: WebAssembly.Memory | undefined;
  readonly #guest = new GuestMemory(() => this.memory as WebAssembly.Memory);
  readonly #files: WorkerFiles;
  /** The open directories, by number. Files have the numbers in between. */
  readonly #directories: Map<number, string> = new Map([[ROOT, ""]]);
  #nextDirectory = 1 << 20;
  #output = "";

  constructor(files: WorkerFiles) {
    this.#files = files;
  }

  /** The imports of the instance. */
  imports(): Record<string, (...values: never[]) => number> {
    const calls: Record<string, Call> = {
      fd_prestat_get: (fd: number, out: number) => {
        if (fd !== ROOT) throw code("EBADF");
        this.#guest.setNumber(out, 0);
        this.#guest.setNumber(out + 4, 1);
      },
      fd_prestat_dir_name: (_fd: number, out: number) => this.#guest.bytes(out, 1).fill("/".charCodeAt(0)),
      fd_fdstat_get: (fd: number, out: number) => {
        this.#guest.bytes(out, 24).fill(0);
        this.#guest.view().setUint8(out, this.#directories.has(fd) ? DIRECTORY : REGULAR_FILE);
        if (!this.#directories.has(fd)) return;
        this.#guest.view().setBigUint64(out + 8, ALL_RIGHTS, true);
        this.#guest.view().setBigUint64(out + 16, ALL_RIGHTS, true);
      },
      fd_filestat_get: (fd: number, out: number) => {
        const isDirectory = this.#directories.has(fd);
        this.#stat(out, isDirectory, isDirectory ? 0 : this.#files.size(fd - FIRST_FREE));
      },
      path_filestat_get: (fd: number, _flags: number, path: number, length: number, out: number) => {
        const stats = this.#files.stat(this.#path(fd, path, length));
        this.#stat(out, stats.isDirectory(), stats.size);
      },
      path_create_directory: (fd: number, path: number, length: number) => {
        if (!this.#files.stat(this.#path(fd, path, length)).isDirectory()) throw code("ENOTSUP");
        throw code("EEXIST");
      },
      path_open: this.#openAt.bind(this),
      fd_readdir: this.#readDirectory.bind(this),
      fd_read: (fd: number, vectors: number, count: number, out: number) =>
        this.#guest.transfer(
          vectors,
          count,
          out,
          { move: (bytes) => this.#files.read(fd - FIRST_FREE, bytes) },
          "move",
        ),
      fd_write: (fd: number, vectors: number, count: number, out: number) =>
        this.#guest.transfer(vectors, count, out, { move: (bytes) => this.#write(fd, bytes) }, "move"),
      fd_seek: (fd: number, offset: bigint, whence: number, out: number) =>
        this.#guest.setLong(out, this.#files.seek(fd - FIRST_FREE, Number(offset), whence)),
      fd_sync: (fd: number) => this.#files.sync(fd - FIRST_FREE),
      fd_close: (fd: number) => {
        if (!this.#directories.delete(fd)) this.#files.close(fd - FIRST_FREE);
      },
      // A job does not depend on the time.
      clock_time_get: (_id: number, _precision: bigint, out: number) => this.#guest.setLong(out, 0),
      random_get: (at: number, length: number) => void crypto.getRandomValues(this.#guest.bytes(at, length)),
      sched_yield: () => {},
    };
    const missing: Call = () => {
      throw code("ENOTSUP");
    };
    const guarded = (name: string) => this.#guarded(calls[name] ?? missing);
    const exit = (status: number) => {
      throw new Error(`the engine ended itself with exit code ${status}: ${this.#output}`);
    };
    return new Proxy({ proc_exit: exit } as Record<string, (...values: never[]) => number>, {
      get: (own, name: string) => own[name] ?? guarded(name),
    });
  }

  #guarded(call: Call): (...values: never[]) => number {
    const unsigned = withoutSigns(call);
    return (...values) => {
      try {
        unsigned(...values);
        return SUCCESS;
      } catch (error) {
        return errnoOf(error);
      }
    };
  }

  #openAt(
    fd: number,
    _lookup: number,
    path: number,
    length: number,
    flags: number,
    rights: bigint,
    _inherited: bigint,
    _descriptor: number,
    out: number,
  ): void {
    // A worker creates and truncates no file.
    if ((flags & (O_CREAT | O_EXCL | O_TRUNC)) !== 0) throw code("ENOTSUP");
    const name = this.#path(fd, path, length);
    let number = this.#nextDirectory;
    if ((flags & O_DIRECTORY) !== 0 || this.#files.stat(name).isDirectory()) {
      this.#nextDirectory += 1;
      this.#directories.set(number, name);
    } else {
      number = FIRST_FREE + this.#files.open(name, (rights & RIGHT_FD_WRITE) !== 0n);
    }
    this.#guest.setNumber(out, number);
  }

  #readDirectory(fd: number, buffer: number, length: number, cookie: bigint, out: number): void {
    const name = this.#directories.get(fd);
    if (name === undefined) throw code("EBADF");
    const entries: Fs.Dirent[] = this.#files.list(name);
    let done = 0;
    for (let i = Number(cookie); i < entries.length && done < length; i++) {
      const entry = entries[i] as Fs.Dirent;
      const text = new TextEncoder().encode(entry.name);
      const record = new Uint8Array(DIRENT_SIZE + text.length);
      const view = new DataView(record.buffer);
      view.setBigUint64(0, BigInt(i + 1), true);
      view.setUint32(16, text.length, true);
      view.setUint8(20, entry.isDirectory() ? DIRECTORY : REGULAR_FILE);
      record.set(text, DIRENT_SIZE);
      const part = record.subarray(0, length - done);
      this.#guest.bytes(buffer + done, part.length).set(part);
      done += part.length;
    }
    this.#guest.setNumber(out, done);
  }

  #write(fd: number, bytes: Uint8Array): number {
    if (fd !== ERROR_OUTPUT) return this.#files.write(fd - FIRST_FREE, bytes);
    this.#output = (this.#output + new TextDecoder().decode(bytes.slice())).slice(-4096);
    return bytes.length;
  }

  #stat(out: number, isDirectory: boolean, size: number): void {
    this.#guest.bytes(out, 64).fill(0);
    this.#guest.view().setUint8(out + 16, isDirectory ? DIRECTORY : REGULAR_FILE);
    this.#guest.setLong(out + 32, size);
  }

  #path(fd: number, path: number, length: number): string {
    const directory = this.#directories.get(fd);
    if (directory === undefined) throw code("EBADF");
    return `${directory}/${this.#guest.text(path, length)}`;
  }
}

function code(name: string): Error & { code: string } {
  return Object.assign(new Error(name), { code: name });
}
