/**
 * The WASI host of one engine: the shim's imports with our descriptors, and our overrides where the shim copies bytes,
 * never reuses a descriptor number, renames in two steps, asks for the time zone, or throws into WebAssembly.
 *
 * @module
 */

import { Fd, WASI, wasi } from "@bjorn3/browser_wasi_shim";
import type { FileSystem } from "../fs/filesystem.ts";
import { fillRandom } from "../fs/random.ts";
import { HostDirectory } from "./directory.ts";
import { errnoOf, isDiskFailure } from "./errno.ts";
import { HostFile } from "./file.ts";
import { GuardedFileSystem } from "./guarded_file_system.ts";
import type { Lane } from "./lanes.ts";
import { OrderedFileSystem } from "./ordered_file_system.ts";
import { HostOutput } from "./output.ts";

export type { Lane } from "./lanes.ts";

type Import = (...values: never[]) => unknown;

const IOVEC_SIZE = 8;
/** Standard input, output and error, and the directory opened ahead. */
const FIRST_FREE_DESCRIPTOR = 4;

/** What an engine instance must export for the host. */
export interface HostedExports {
  readonly memory: WebAssembly.Memory;
  _initialize?(): unknown;
}

/** Where an engine works. */
export interface HostPlace {
  readonly fileSystem: FileSystem;
  /** The directory that the engine sees as `/`. */
  readonly path: string;
  /** Whether the directory is still ours; asked before every change. */
  readonly owned: () => boolean;
}

/** Gives one engine instance its files, clock and random numbers. */
export class Host {
  readonly #files: GuardedFileSystem;
  readonly #ordered: OrderedFileSystem;
  #failed: (error: unknown) => void = () => {};
  readonly #output = new HostOutput();
  readonly #wasi: WASI;
  #error: unknown;

  constructor({ fileSystem, path, owned }: HostPlace) {
    this.#ordered = new OrderedFileSystem(fileSystem, {
      laneOf: (file) => (file.startsWith(`${path}/log/`) ? "log" : "table"),
      check: () => this.#files.assertChangeable(),
      failed: (error) => this.#failed(error),
    });
    this.#files = new GuardedFileSystem(this.#ordered, path, owned);
    const descriptors = [new Closed(), this.#output, this.#output, new HostDirectory(this.#files, "", true)];
    this.#wasi = new WASI([], [], descriptors, { debug: false });
  }

  /** The import object of the instance. No function in it throws into WebAssembly, but `proc_exit`. */
  imports(): WebAssembly.Imports {
    const table: Record<string, Import> = { ...this.#wasi.wasiImport, ...this.#overrides() };
    const guarded = Object.entries(table).map(([name, call]) => [
      name,
      name === "proc_exit" ? call : this.#guard(call),
    ]);
    return { wasi_snapshot_preview1: Object.fromEntries(guarded) };
  }

  /** Must be called with the instance's exports before any other export runs. */
  start(exports: HostedExports): void {
    this.#wasi.initialize({ exports: exports as HostedExports & { _initialize: () => unknown } });
  }

  /** Calls when the disk fails outside of any call of the engine. */
  onFailure(listener: (error: unknown) => void): void {
    this.#failed = listener;
  }

  /** How many bytes wait for syncs. */
  get queuedBytes(): number {
    return this.#ordered.queuedBytes;
  }

  /** Settles when all that the engine asked for so far in a lane is done; `undefined` when it is. */
  settled(lane: Lane): Promise<void> | undefined {
    return this.#ordered.settled(lane);
  }

  /** Runs `call`, in which all that the engine asks for in a lane is done when it returns, syncs too. */
  inline<T>(lane: Lane, call: () => T): T {
    return this.#ordered.inline(lane, call);
  }

  /** The last error that a host function turned into an errno since the last call. */
  takeError(): unknown {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  /** What the engine printed since the last call: the message of a panic. */
  takeOutput(): string {
    return this.#output.take();
  }

  /** How many files and directories the engine has open. */
  openDescriptors(): number {
    return this.#descriptors().filter((descriptor) => descriptor !== undefined).length - FIRST_FREE_DESCRIPTOR;
  }

  /** Gives back every file of an engine that is dead; nothing is synced. Throws the first error after trying all. */
  abandon(): void {
    for (const [number, descriptor] of this.#descriptors().entries()) {
      if (descriptor instanceof HostFile) this.#descriptors()[number] = undefined;
    }
    this.#ordered.abandon();
  }

  #descriptors(): (Fd | undefined)[] {
    return this.#wasi.fds;
  }

  #guard(call: Import): Import {
    return (...values: never[]) => {
      try {
        return call(...values) ?? wasi.ERRNO_SUCCESS;
      } catch (error) {
        this.#error = error;
        if (isDiskFailure(error)) this.#files.freeze(error);
        return errnoOf(error);
      }
    };
  }

  #overrides(): Record<string, Import> {
    const transfer = this.#transfer.bind(this);
    return {
      fd_read: (fd: number, iovs: number, count: number, out: number) =>
        transfer("read", fd, iovs, count, undefined, out),
      fd_write: (fd: number, iovs: number, count: number, out: number) =>
        transfer("write", fd, iovs, count, undefined, out),
      fd_pread: (fd: number, iovs: number, count: number, position: bigint, out: number) =>
        transfer("read", fd, iovs, count, Number(position), out),
      fd_pwrite: (fd: number, iovs: number, count: number, position: bigint, out: number) =>
        transfer("write", fd, iovs, count, Number(position), out),
      fd_close: (fd: number) => this.#close(fd),
      clock_time_get: (clock: number, _precision: bigint, out: number) => this.#time(clock, out),
      random_get: (at: number, length: number) =>
        fillRandom(new Uint8Array(this.#wasi.inst.exports.memory.buffer as ArrayBuffer, at, length)),
      path_open: this.#openAt.bind(this),
      path_rename: this.#renameAt.bind(this),
    };
  }

  /** Moves bytes between a file and WebAssembly memory directly, vector by vector. */
  #transfer(
    direction: "read" | "write",
    fd: number,
    vectors: number,
    count: number,
    position: number | undefined,
    out: number,
  ): number {
    const descriptor = this.#wasi.fds[fd];
    if (!(descriptor instanceof HostFile || descriptor instanceof HostOutput)) return wasi.ERRNO_BADF;
    const { buffer } = this.#wasi.inst.exports.memory;
    const view = new DataView(buffer);
    let done = 0;
    for (let at = vectors; at < vectors + count * IOVEC_SIZE; at += IOVEC_SIZE) {
      const bytes = new Uint8Array(buffer, view.getUint32(at, true), view.getUint32(at + 4, true));
      const next = position === undefined ? undefined : position + done;
      const moved = move(descriptor, direction, bytes, next);
      done += moved;
      if (moved < bytes.length) break;
    }
    view.setUint32(out, done, true);
    return wasi.ERRNO_SUCCESS;
  }

  /** A `new Date()`, which the shim makes, brings a runtime to read the time zone: 1 to 3 ms of a cold start. */
  #time(clock: number, out: number): number {
    const nanoseconds = (clock === wasi.CLOCKID_REALTIME ? Date.now() : performance.now()) * 1e6;
    const view = new DataView(this.#wasi.inst.exports.memory.buffer);
    view.setUint32(out, nanoseconds % 2 ** 32, true);
    view.setUint32(out + 4, nanoseconds / 2 ** 32, true);
    return wasi.ERRNO_SUCCESS;
  }

  #close(fd: number): number {
    const descriptor = this.#descriptors()[fd];
    if (descriptor === undefined) return wasi.ERRNO_BADF;
    this.#descriptors()[fd] = undefined;
    return descriptor.fd_close();
  }

  /** `path_open`, with the lowest free descriptor number, as POSIX has it. */
  #openAt(
    fd: number,
    lookupFlags: number,
    path: number,
    pathLength: number,
    openFlags: number,
    rights: bigint,
    inherited: bigint,
    descriptorFlags: number,
    out: number,
  ): number {
    const directory = this.#directory(fd);
    if (!directory) return wasi.ERRNO_BADF;
    const name = this.#text(path, pathLength);
    const { ret, fd_obj } = directory.path_open(lookupFlags, name, openFlags, rights, inherited, descriptorFlags);
    if (!fd_obj) return ret;
    const descriptors = this.#descriptors();
    let number = FIRST_FREE_DESCRIPTOR;
    while (descriptors[number] !== undefined) number += 1;
    descriptors[number] = fd_obj;
    new DataView(this.#wasi.inst.exports.memory.buffer).setUint32(out, number, true);
    return wasi.ERRNO_SUCCESS;
  }

  #renameAt(fd: number, from: number, fromLength: number, toFd: number, to: number, toLength: number): number {
    const [source, target] = [this.#directory(fd), this.#directory(toFd)];
    if (!source || !target) return wasi.ERRNO_BADF;
    source.rename(this.#text(from, fromLength), target, this.#text(to, toLength));
    return wasi.ERRNO_SUCCESS;
  }

  #directory(fd: number): HostDirectory | undefined {
    const descriptor = this.#wasi.fds[fd];
    return descriptor instanceof HostDirectory ? descriptor : undefined;
  }

  #text(pointer: number, length: number): string {
    return new TextDecoder().decode(new Uint8Array(this.#wasi.inst.exports.memory.buffer, pointer, length).slice());
  }
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

/** Standard input: nothing to read. */
class Closed extends Fd {}
