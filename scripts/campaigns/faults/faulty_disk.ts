/**
 * A disk in memory with one failing call. The call fails once, or all calls fail from then on. It knows which bytes are
 * durable.
 *
 * @module
 */

import {
  type DirectoryEntry,
  type DirectoryLock,
  type FileOpenOptions,
  type FileStat,
  type FileSystem,
  MemoryFileSystem,
  type OpenFile,
} from "../../../mod.ts";
import { MemoryBytes } from "../../../src/fs/memory_bytes.ts";
import type { Image } from "../stores/image.ts";

/** The calls that can fail. */
export type CallKind = Exclude<keyof FileSystem | keyof OpenFile, "close"> | "close" | "create";

/** What a failing call does: it fails with this code, or transfers fewer bytes than asked for. */
export type FaultMode =
  | "EIO"
  | "ENOSPC"
  | "EDQUOT"
  | "EMFILE"
  | "EACCES"
  | "EROFS"
  | "EINTR"
  | "short"
  | "nothing"
  | "dropped";

/** Which call fails, and how. `dropped`: a sync fails with `EIO`, its bytes are lost, and the next sync succeeds. */
export interface Fault {
  readonly kind: CallKind;
  /** The number of the call among those of its kind, counted from 0. */
  readonly nth: number;
  readonly mode: FaultMode;
  readonly forever: boolean;
}

/** The modes that a kind of call can have. */
export function modesOf(kind: CallKind): readonly FaultMode[] {
  switch (kind) {
    case "read":
      return ["EIO", "EINTR", "short", "nothing"];
    case "write":
      return ["EIO", "ENOSPC", "EDQUOT", "EROFS", "EINTR", "short", "nothing"];
    case "truncate":
      return ["EIO", "ENOSPC", "EROFS"];
    case "sync":
    case "syncOffThread":
      return ["EIO", "ENOSPC", "EDQUOT", "dropped"];
    case "open":
    case "create":
    case "list":
      return ["EIO", "EMFILE", "EACCES", "EROFS"];
    case "lock":
    case "observe":
    case "makeDirectory":
    case "rename":
    case "remove":
    case "removeDirectory":
      return ["EIO", "ENOSPC", "EACCES", "EROFS"];
    default:
      return ["EIO", "EACCES"];
  }
}

interface Durable {
  readonly bytes: MemoryBytes;
  /** The offset of the bytes written since the last sync. */
  from: number;
  to: number;
}

/** The disk, see the module. Names are durable at once: it does not simulate crashes that lose names. */
export class FaultyDisk implements FileSystem {
  readonly #live = new MemoryFileSystem();
  readonly #durable: Map<string, Durable> = new Map();
  readonly counts: Map<CallKind, number> = new Map();
  fault: Fault | undefined;
  /** The errors that were thrown. */
  readonly thrown: Set<unknown> = new Set();
  /** How often the fault happened. */
  strikes = 0;
  openFiles = 0;
  locks = 0;

  /** All files of a directory, as a power cut leaves them. */
  durableImage(directory: string): Image {
    const image = new Map<string, Uint8Array>();
    for (const [path, { bytes }] of this.#durable) {
      if (!path.startsWith(`${directory}/`)) continue;
      const content = new Uint8Array(bytes.size);
      bytes.read(content, 0);
      image.set(path.slice(directory.length + 1), content);
    }
    return image;
  }

  open(path: string, options: FileOpenOptions): OpenFile {
    const isNew = this.#live.stat(path) === undefined;
    this.strike(isNew && options.create ? "create" : "open");
    const file = this.#live.open(path, options);
    if (isNew) this.#durable.set(path, { bytes: new MemoryBytes(), from: 0, to: 0 });
    if (options.truncate) this.#dirty(path, 0, 0);
    this.openFiles += 1;
    return new FaultyFile(this, file, path);
  }

  stat(path: string): FileStat | undefined {
    this.strike("stat");
    return this.#live.stat(path);
  }

  list(path: string): DirectoryEntry[] {
    this.strike("list");
    return this.#live.list(path);
  }

  makeDirectory(path: string): void {
    this.strike("makeDirectory");
    this.#live.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.strike("rename");
    this.#live.rename(from, to);
    const moved = this.#durable.get(from);
    this.#durable.delete(from);
    if (moved) this.#durable.set(to, moved);
  }

  remove(path: string): void {
    this.strike("remove");
    this.#live.remove(path);
    this.#durable.delete(path);
  }

  removeDirectory(path: string): void {
    this.strike("removeDirectory");
    this.#live.removeDirectory(path);
  }

  syncDirectory(path: string): void {
    this.strike("syncDirectory");
    this.#live.syncDirectory(path);
  }

  async syncDirectoryOffThread(path: string): Promise<void> {
    await turn();
    this.strike("syncDirectoryOffThread");
    this.#live.syncDirectory(path);
  }

  async lock(path: string): Promise<DirectoryLock> {
    this.strike("lock");
    const lock = await this.#live.lock(path);
    this.locks += 1;
    let released = false;
    const release = () => {
      if (!released) this.locks -= 1;
      released = true;
      lock.release();
    };
    return { held: () => lock.held(), release };
  }

  async observe(path: string): Promise<DirectoryLock> {
    this.strike("observe");
    return await this.#live.observe(path);
  }

  /** Counts a call. Throws if the call must fail. Otherwise returns how the call must fall short. */
  strike(kind: CallKind, dropped: () => void = () => {}): "short" | "nothing" | undefined {
    const count = this.counts.get(kind) ?? 0;
    this.counts.set(kind, count + 1);
    const { fault } = this;
    if (!fault || fault.kind !== kind || count < fault.nth) return undefined;
    if (!fault.forever && this.strikes > 0) return undefined;
    this.strikes += 1;
    if (fault.mode === "short" || fault.mode === "nothing") return fault.mode;
    if (fault.mode === "dropped") dropped();
    const code = fault.mode === "dropped" ? "EIO" : fault.mode;
    const error = Object.assign(new Error(`${code}: injected into call ${count} of ${kind}`), { code });
    this.thrown.add(error);
    throw error;
  }

  /** Records that bytes of a file are not durable. */
  wrote(path: string, from: number, to: number): void {
    this.#dirty(path, from, to);
  }

  /** Makes a file durable. */
  synced(path: string): void {
    const durable = this.#durable.get(path);
    if (!durable) return;
    const file = this.#live.open(path, {});
    const size = file.size();
    durable.bytes.resize(size);
    const to = Math.min(durable.to, size);
    if (durable.from < to) {
      const bytes = new Uint8Array(to - durable.from);
      file.read(bytes, durable.from);
      durable.bytes.write(bytes, durable.from);
    }
    [durable.from, durable.to] = [Number.POSITIVE_INFINITY, 0];
    file.close();
  }

  /** Loses the bytes of a file that are not durable, as a system that drops dirty pages. */
  dropped(path: string): void {
    const durable = this.#durable.get(path);
    if (!durable) return;
    const content = new Uint8Array(durable.bytes.size);
    durable.bytes.read(content, 0);
    const file = this.#live.open(path, { write: true });
    file.truncate(0);
    file.write(content, 0);
    file.close();
    [durable.from, durable.to] = [Number.POSITIVE_INFINITY, 0];
  }

  #dirty(path: string, from: number, to: number): void {
    const durable = this.#durable.get(path);
    if (!durable) return;
    durable.from = Math.min(durable.from, from);
    durable.to = Math.max(durable.to, to);
  }
}

class FaultyFile implements OpenFile {
  readonly #disk: FaultyDisk;
  readonly #file: OpenFile;
  readonly #path: string;
  #closed = false;

  constructor(disk: FaultyDisk, file: OpenFile, path: string) {
    this.#disk = disk;
    this.#file = file;
    this.#path = path;
  }

  read(buffer: Uint8Array, position: number): number {
    return this.#file.read(shortened(buffer, this.#disk.strike("read")), position);
  }

  write(buffer: Uint8Array, position: number): number {
    const bytes = shortened(buffer, this.#disk.strike("write"));
    const count = this.#file.write(bytes, position);
    this.#disk.wrote(this.#path, position, position + count);
    return count;
  }

  size(): number {
    this.#disk.strike("size");
    return this.#file.size();
  }

  truncate(size: number): void {
    this.#disk.strike("truncate");
    this.#disk.wrote(this.#path, Math.min(size, this.#file.size()), size);
    this.#file.truncate(size);
  }

  sync(): void {
    this.#disk.strike("sync", () => this.#disk.dropped(this.#path));
    this.#disk.synced(this.#path);
  }

  async syncOffThread(): Promise<void> {
    await turn();
    this.#disk.strike("syncOffThread", () => this.#disk.dropped(this.#path));
    this.#disk.synced(this.#path);
  }

  /** Closes the file even if the call fails, as POSIX does. */
  close(): void {
    if (this.#closed) throw new Error(`${this.#path} was closed twice`);
    this.#closed = true;
    this.#disk.openFiles -= 1;
    this.#file.close();
    this.#disk.strike("close");
  }
}

function shortened(buffer: Uint8Array, how: "short" | "nothing" | undefined): Uint8Array {
  if (how === "nothing") return buffer.subarray(0, 0);
  return how === "short" ? buffer.subarray(0, Math.max(1, Math.floor(buffer.length / 3))) : buffer;
}

/** Off-thread work ends in a later turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
