/**
 * The WASI of one engine: the shim's calls over our descriptors, and calls of our own where the shim copies bytes, never uses a
 * descriptor number again, renames in two steps, or asks for the time zone.
 *
 * @module
 */

import { type Fd, WASI, wasi } from "@bjorn3/browser_wasi_shim";
import { clock } from "../clock.ts";
import { Errno, SUCCESS } from "../fs/errno.ts";
import { GuestMemory, withoutSigns } from "../fs/guest_memory.ts";
import { fillRandom } from "../fs/random.ts";
import { HostFd } from "./descriptor.ts";
import { HostDirectory } from "./directory.ts";
import { HostFile } from "./file.ts";
import { HostOutput } from "./output.ts";

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

/** How bytes move: the name of a method of a descriptor. */
type Move = "readInto" | "writeFrom";

/** The calls of one instance. They throw what the file system throws. */
export class HostWasi extends WASI {
  readonly #memory = new GuestMemory(() => this.inst.exports.memory);

  /** `root` is the one directory that the engine sees. */
  constructor(output: HostOutput, root: HostDirectory) {
    super([], [], [new HostFd(wasi.FILETYPE_UNKNOWN), output, output, root], { debug: false });
  }

  /** All calls that the engine imports, by their names. */
  calls(): Readonly<Record<string, WasiCall>> {
    const atCursor = (move: Move) => (fd: number, vectors: Address, count: number, out: Address) =>
      this.#transfer(move, fd, vectors, count, undefined, out);
    const at = (move: Move) => (fd: number, vectors: Address, count: number, position: bigint, out: Address) =>
      this.#transfer(move, fd, vectors, count, Number(position), out);
    return {
      ...Object.fromEntries(FROM_SHIM.map((name) => [name, withoutSigns(this.wasiImport[name] as WasiCall)])),
      fd_read: atCursor("readInto"),
      fd_write: atCursor("writeFrom"),
      fd_pread: at("readInto"),
      fd_pwrite: at("writeFrom"),
      fd_close: this.#close.bind(this),
      path_open: this.#openAt.bind(this),
      path_rename: this.#renameAt.bind(this),
      random_get: (at: Address, length: number) => fillRandom(this.#memory.bytes(at, length)),
      clock_time_get: this.#time.bind(this),
      proc_exit: (code: number) => {
        throw new Error(`the engine ended itself with exit code ${code}`);
      },
    };
  }

  /** The shim's, which has no type for the free ones among them. */
  get #descriptors(): (Fd | undefined)[] {
    return this.fds;
  }

  #transfer(
    move: Move,
    fd: number,
    vectors: Address,
    count: number,
    position: number | undefined,
    out: Address,
  ): number {
    const descriptor = this.fds[fd];
    if (!(descriptor instanceof HostFile || descriptor instanceof HostOutput)) return Errno.EBADF;
    this.#memory.transfer(vectors, count, out, descriptor, move, position);
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
    const name = this.#memory.text(path, length);
    const { ret, fd_obj } = directory.path_open(lookupFlags, name, openFlags, rights, inherited, descriptorFlags);
    if (!fd_obj) return ret;
    let number = FIRST_FREE;
    while (this.#descriptors[number] !== undefined) number += 1;
    this.fds[number] = fd_obj;
    this.#memory.setNumber(out, number);
    return SUCCESS;
  }

  #renameAt(fd: number, from: Address, fromLength: number, toFd: number, to: Address, toLength: number): number {
    const [source, target] = [this.fds[fd], this.fds[toFd]];
    if (!(source instanceof HostDirectory && target instanceof HostDirectory)) return Errno.EBADF;
    return source.rename(this.#memory.text(from, fromLength), target, this.#memory.text(to, toLength));
  }

  /** Without a `new Date()`: it brings a runtime to read the time zone, 1 to 3 ms of a cold start. */
  #time(id: number, _precision: bigint, out: Address): void {
    const now = id === wasi.CLOCKID_REALTIME ? clock.now() : clock.monotonic();
    this.#memory.setLong(out, Math.floor(now * 1e6));
  }
}
