/**
 * The WASI of one engine: the shim's calls over our descriptors, and calls of our own where the shim copies bytes, never uses a
 * descriptor number again, renames in two steps, or asks for the time zone.
 *
 * @module
 */

import { Fd, WASI } from "@bjorn3/browser_wasi_shim";
import { clock } from "../clock.ts";
import { fillRandom } from "../fs/random.ts";
import { HostDirectory } from "./directory.ts";
import { HostFile } from "./file.ts";
import { HostOutput } from "./output.ts";
import { CLOCK_REALTIME, Errno, IOVEC_SIZE, SUCCESS, writeU64 } from "./wasi.ts";

/** Standard input, output and error, and the directory that is opened ahead. */
const FIRST_FREE = 4;

/** The calls that the engine imports and the shim has as they must be. The build of the package leaves out all others. */
export const FROM_SHIM = [
  "fd_fdstat_get",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_prestat_dir_name",
  "fd_prestat_get",
  "fd_readdir",
  "fd_seek",
  "fd_sync",
  "path_create_directory",
  "path_filestat_get",
  "path_remove_directory",
  "path_unlink_file",
  "sched_yield",
] as const;

/** A call, with numbers as WebAssembly passes them; nothing to return is success. */
export type WasiCall = (...values: never[]) => unknown;

/** A number of 32 bits comes with a sign; addresses have none. */
type Address = number;

/** Standard input, from which nothing can be read. */
class Closed extends Fd {}

/** The calls of one instance. They throw what the file system throws. */
export class HostWasi extends WASI {
  /** `root` is the one directory that the engine sees. */
  constructor(output: HostOutput, root: HostDirectory) {
    super([], [], [new Closed(), output, output, root], { debug: false });
  }

  /** All calls that the engine imports, by their names. */
  calls(): Readonly<Record<string, WasiCall>> {
    const transfer = this.#transfer.bind(this);
    return {
      ...Object.fromEntries(FROM_SHIM.map((name) => [name, withoutSigns(this.wasiImport[name] as WasiCall)])),
      fd_read: (fd: number, vectors: Address, count: number, out: Address) =>
        transfer("read", fd, vectors, count, undefined, out),
      fd_write: (fd: number, vectors: Address, count: number, out: Address) =>
        transfer("write", fd, vectors, count, undefined, out),
      fd_pread: (fd: number, vectors: Address, count: number, position: bigint, out: Address) =>
        transfer("read", fd, vectors, count, Number(position), out),
      fd_pwrite: (fd: number, vectors: Address, count: number, position: bigint, out: Address) =>
        transfer("write", fd, vectors, count, Number(position), out),
      fd_close: this.#close.bind(this),
      path_open: this.#openAt.bind(this),
      path_rename: this.#renameAt.bind(this),
      random_get: (at: Address, length: number) => fillRandom(this.#bytes(at, length)),
      clock_time_get: this.#time.bind(this),
      proc_exit: (code: number) => {
        throw new Error(`the engine ended itself with exit code ${code}`);
      },
    };
  }

  /** How many files and directories the engine has opened. */
  get openDescriptors(): number {
    return this.#descriptors.slice(FIRST_FREE).filter((descriptor) => descriptor !== undefined).length;
  }

  /** Forgets every file; none is closed. */
  forgetFiles(): void {
    for (const [number, descriptor] of this.#descriptors.entries()) {
      if (descriptor instanceof HostFile) this.#descriptors[number] = undefined;
    }
  }

  /** The shim's, which has no type for the free ones among them. */
  get #descriptors(): (Fd | undefined)[] {
    return this.fds;
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
    const descriptor = this.fds[fd];
    if (!(descriptor instanceof HostFile || descriptor instanceof HostOutput)) return Errno.EBADF;
    const { buffer } = this.inst.exports.memory;
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

  /** The number is free even where closing fails: the file is not there any more. */
  #close(fd: number): number {
    const descriptor = this.#descriptors[fd];
    if (!descriptor) return Errno.EBADF;
    this.#descriptors[fd] = undefined;
    return descriptor.fd_close();
  }

  /** Takes the lowest free number, as POSIX has it. */
  #openAt(
    fd: number,
    lookupFlags: number,
    path: Address,
    length: number,
    openFlags: number,
    rights: bigint,
    inherited: bigint,
    descriptorFlags: number,
    out: Address,
  ): number {
    const directory = this.fds[fd];
    if (!(directory instanceof HostDirectory)) return Errno.EBADF;
    const name = this.#text(path, length);
    const { ret, fd_obj } = directory.path_open(lookupFlags, name, openFlags, rights, inherited, descriptorFlags);
    if (!fd_obj) return ret;
    let number = FIRST_FREE;
    while (this.#descriptors[number] !== undefined) number += 1;
    this.fds[number] = fd_obj;
    this.#view().setUint32(out >>> 0, number, true);
    return SUCCESS;
  }

  #renameAt(fd: number, from: Address, fromLength: number, toFd: number, to: Address, toLength: number): number {
    const [source, target] = [this.fds[fd], this.fds[toFd]];
    if (!(source instanceof HostDirectory && target instanceof HostDirectory)) return Errno.EBADF;
    source.rename(this.#text(from, fromLength), target, this.#text(to, toLength));
    return SUCCESS;
  }

  /** Without a `new Date()`: it brings a runtime to read the time zone, 1 to 3 ms of a cold start. */
  #time(id: number, _precision: bigint, out: Address): number {
    const now = id === CLOCK_REALTIME ? clock.now() : clock.monotonic();
    writeU64(this.#view(), out >>> 0, now * 1e6);
    return SUCCESS;
  }

  #view(): DataView {
    return new DataView(this.inst.exports.memory.buffer);
  }

  #bytes(at: Address, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.inst.exports.memory.buffer as ArrayBuffer, at >>> 0, length >>> 0);
  }

  #text(at: Address, length: number): string {
    // The decoder refuses views of memory that may grow, in some runtimes: hand it a copy.
    return new TextDecoder().decode(this.#bytes(at, length).slice());
  }
}

/** The shim takes every number as it comes: an address above 2 GiB is negative there. */
function withoutSigns(call: WasiCall): WasiCall {
  return (...values: (number | bigint)[]) =>
    call(...(values.map((value) => (typeof value === "number" ? value >>> 0 : value)) as never[]));
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
