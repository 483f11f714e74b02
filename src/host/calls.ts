/**
 * The calls of WASI preview 1 that the engine imports, over its descriptors and its memory; no others.
 *
 * @module
 */

import { clock } from "../clock.ts";
import { fillRandom } from "../fs/random.ts";
import { type Descriptors, ROOT } from "./descriptors.ts";
import { HostDirectory } from "./directory.ts";
import { HostFile } from "./file.ts";
import { HostOutput } from "./output.ts";
import { CLOCK_REALTIME, Errno, IOVEC_SIZE, SUCCESS, writeFdstat, writeFilestat, writeU64 } from "./wasi.ts";

/** The name under which the engine knows the directory that is opened ahead, in one byte. */
const ROOT_NAME = "/";

/** A call, with numbers as WebAssembly passes them; nothing to return is success. */
export type WasiCall = (...values: never[]) => unknown;

/** A number of 32 bits comes with a sign; addresses have none. */
type Address = number;

/** The calls of one instance. They throw what the file system throws. */
export class WasiCalls {
  readonly #descriptors: Descriptors;
  readonly #memory: () => WebAssembly.Memory;

  /** `memory` gives the memory of the instance, which is there once the instance is. */
  constructor(descriptors: Descriptors, memory: () => WebAssembly.Memory) {
    this.#descriptors = descriptors;
    this.#memory = memory;
  }

  /** All calls, by their names. */
  table(): Readonly<Record<string, WasiCall>> {
    const transfer = this.#transfer.bind(this);
    return {
      fd_read: (fd: number, vectors: Address, count: number, out: Address) =>
        transfer("read", fd, vectors, count, undefined, out),
      fd_write: (fd: number, vectors: Address, count: number, out: Address) =>
        transfer("write", fd, vectors, count, undefined, out),
      fd_pread: (fd: number, vectors: Address, count: number, position: bigint, out: Address) =>
        transfer("read", fd, vectors, count, Number(position), out),
      fd_pwrite: (fd: number, vectors: Address, count: number, position: bigint, out: Address) =>
        transfer("write", fd, vectors, count, Number(position), out),
      fd_seek: this.#seek.bind(this),
      fd_sync: (fd: number) => this.#onFile(fd, (file) => file.sync()),
      fd_filestat_set_size: (fd: number, size: bigint) => this.#onFile(fd, (file) => file.truncate(Number(size))),
      fd_filestat_get: this.#filestat.bind(this),
      fd_fdstat_get: this.#fdstat.bind(this),
      fd_prestat_get: this.#prestat.bind(this),
      fd_prestat_dir_name: this.#prestatName.bind(this),
      fd_readdir: this.#readDirectory.bind(this),
      fd_close: this.#close.bind(this),
      path_open: this.#openAt.bind(this),
      path_filestat_get: (fd: number, _flags: number, path: Address, length: number, out: Address) =>
        this.#inDirectory(fd, (directory) => {
          const { type, size } = directory.stat(this.#text(path, length));
          writeFilestat(this.#view(), out >>> 0, type, size);
        }),
      path_create_directory: (fd: number, path: Address, length: number) =>
        this.#inDirectory(fd, (directory) => directory.makeDirectory(this.#text(path, length))),
      path_unlink_file: (fd: number, path: Address, length: number) =>
        this.#inDirectory(fd, (directory) => directory.remove(this.#text(path, length))),
      path_remove_directory: (fd: number, path: Address, length: number) =>
        this.#inDirectory(fd, (directory) => directory.removeDirectory(this.#text(path, length))),
      path_rename: this.#renameAt.bind(this),
      random_get: (at: Address, length: number) => fillRandom(this.#bytes(at, length)),
      clock_time_get: this.#time.bind(this),
      sched_yield: () => {},
      proc_exit: (code: number) => {
        throw new Error(`the engine ended itself with exit code ${code}`);
      },
    };
  }

  /** Moves bytes between a file and memory directly, vector by vector. */
  #transfer(
    direction: "read" | "write",
    fd: number,
    vectors: Address,
    count: number,
    position: number | undefined,
    out: Address,
  ): number {
    const descriptor = this.#descriptors.get(fd);
    if (!(descriptor instanceof HostFile || descriptor instanceof HostOutput)) return Errno.EBADF;
    const { buffer } = this.#memory();
    const view = new DataView(buffer);
    let done = 0;
    const start = vectors >>> 0;
    for (let at = start; at < start + count * IOVEC_SIZE; at += IOVEC_SIZE) {
      const bytes = new Uint8Array(buffer, view.getUint32(at, true), view.getUint32(at + 4, true));
      const next = position === undefined ? undefined : position + done;
      const moved = move(descriptor, direction, bytes, next);
      done += moved;
      if (moved < bytes.length) break;
    }
    view.setUint32(out >>> 0, done, true);
    return SUCCESS;
  }

  #seek(fd: number, offset: bigint, whence: number, out: Address): number {
    return this.#onFile(fd, (file) => {
      const position = file.seek(Number(offset), whence);
      if (position === undefined) return Errno.EINVAL;
      writeU64(this.#view(), out >>> 0, position);
      return SUCCESS;
    });
  }

  #filestat(fd: number, out: Address): number {
    const descriptor = this.#descriptors.get(fd);
    if (!descriptor) return Errno.EBADF;
    writeFilestat(this.#view(), out >>> 0, descriptor.type, descriptor.size());
    return SUCCESS;
  }

  #fdstat(fd: number, out: Address): number {
    const descriptor = this.#descriptors.get(fd);
    if (!descriptor) return Errno.EBADF;
    writeFdstat(this.#view(), out >>> 0, descriptor.type, descriptor.rights);
    return SUCCESS;
  }

  /** The engine asks from the first number on until there is no such directory. */
  #prestat(fd: number, out: Address): number {
    if (fd !== ROOT) return Errno.EBADF;
    // The kind, a directory, and the length of the name.
    this.#view().setUint32(out >>> 0, 0, true);
    this.#view().setUint32((out >>> 0) + 4, ROOT_NAME.length, true);
    return SUCCESS;
  }

  #prestatName(fd: number, at: Address, length: number): number {
    if (fd !== ROOT) return Errno.EBADF;
    if (length < ROOT_NAME.length) return Errno.ENAMETOOLONG;
    this.#view().setUint8(at >>> 0, ROOT_NAME.charCodeAt(0));
    return SUCCESS;
  }

  /** Fills the buffer with entries from a cookie on; the last one may be cut off. A buffer that is not full has them all. */
  #readDirectory(fd: number, at: Address, length: number, cookie: bigint, out: Address): number {
    return this.#inDirectory(fd, (directory) => {
      const buffer = this.#bytes(at, length);
      let used = 0;
      for (let next = Number(cookie); used < buffer.length; next++) {
        const entry = directory.entry(next);
        if (!entry) break;
        const part = entry.subarray(0, buffer.length - used);
        buffer.set(part, used);
        used += part.length;
      }
      this.#view().setUint32(out >>> 0, used, true);
    });
  }

  #close(fd: number): number {
    const descriptor = this.#descriptors.get(fd);
    if (!descriptor) return Errno.EBADF;
    this.#descriptors.remove(fd);
    descriptor.close();
    return SUCCESS;
  }

  #openAt(
    fd: number,
    _lookupFlags: number,
    path: Address,
    length: number,
    openFlags: number,
    rights: bigint,
    _inherited: bigint,
    descriptorFlags: number,
    out: Address,
  ): number {
    return this.#inDirectory(fd, (directory) => {
      const opened = directory.open(this.#text(path, length), { openFlags, rights, descriptorFlags });
      if (typeof opened === "number") return opened;
      this.#view().setUint32(out >>> 0, this.#descriptors.add(opened), true);
      return SUCCESS;
    });
  }

  #renameAt(fd: number, from: Address, fromLength: number, toFd: number, to: Address, toLength: number): number {
    return this.#inDirectory(fd, (source) =>
      this.#inDirectory(toFd, (target) =>
        source.rename(this.#text(from, fromLength), target, this.#text(to, toLength)),
      ),
    );
  }

  /** Without a `new Date()`: it brings a runtime to read the time zone, 1 to 3 ms of a cold start. */
  #time(id: number, _precision: bigint, out: Address): number {
    const now = id === CLOCK_REALTIME ? clock.now() : clock.monotonic();
    writeU64(this.#view(), out >>> 0, now * 1e6);
    return SUCCESS;
  }

  #onFile(fd: number, call: (file: HostFile) => unknown): number {
    const descriptor = this.#descriptors.get(fd);
    return descriptor instanceof HostFile ? errnoAfter(call(descriptor)) : Errno.EBADF;
  }

  #inDirectory(fd: number, call: (directory: HostDirectory) => unknown): number {
    const descriptor = this.#descriptors.get(fd);
    return descriptor instanceof HostDirectory ? errnoAfter(call(descriptor)) : Errno.EBADF;
  }

  #view(): DataView {
    return new DataView(this.#memory().buffer);
  }

  #bytes(at: Address, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory().buffer as ArrayBuffer, at >>> 0, length >>> 0);
  }

  #text(at: Address, length: number): string {
    // The decoder refuses views of memory that may grow, in some runtimes: hand it a copy.
    return new TextDecoder().decode(this.#bytes(at, length).slice());
  }
}

function errnoAfter(result: unknown): number {
  return typeof result === "number" ? result : SUCCESS;
}

function move(
  descriptor: HostFile | HostOutput,
  direction: "read" | "write",
  bytes: Uint8Array,
  position: number | undefined,
): number {
  if (descriptor instanceof HostOutput) return direction === "write" ? descriptor.writeFrom(bytes) : 0;
  return direction === "read" ? descriptor.readInto(bytes, position) : descriptor.writeFrom(bytes, position);
}
