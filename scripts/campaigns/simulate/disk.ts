/**
 * A disk that simulates power cuts. Bytes and names are live at once, and durable only after a sync.
 *
 * A sync of a file makes its bytes and size durable, not its name. A sync of a directory makes its names durable,
 * nothing else. A sync off the event loop stays in flight until {@linkcode SimulatedDisk.completeSync}.
 *
 * @module
 */

import type {
  DirectoryEntry,
  DirectoryLock,
  FileOpenOptions,
  FileStat,
  FileSystem,
  OpenFile,
} from "../../../src/api/file_system.ts";
import { fileSystemError } from "../../../src/fs/filesystem.ts";
import { frozen, Image } from "./image.ts";

/** A change of a file that may be lost. */
export type DataChange =
  | { readonly kind: "write"; readonly order: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly order: number; readonly size: number };

/**
 * A change of one name that may be lost. A rename is two changes: one sets the new name, the other one removes the old
 * name.
 */
export interface NameChange {
  readonly order: number;
  readonly name: string;
  /** The file or directory of the name; `undefined` if the name is removed. */
  readonly node: SimulatedNode | undefined;
}

/** A file, independent of its names. */
export class SimulatedFile {
  readonly kind = "file";
  live: Image = new Image();
  /** The bytes that survive every power cut. */
  durable: Image = new Image();
  /** The later changes, in order. Never changed in place, except for additions. */
  pending: DataChange[] = [];
  /** Whether a capture references `durable`. */
  captured = false;
}

/** A directory. */
export class SimulatedDirectory {
  readonly kind = "directory";
  readonly live: Map<string, SimulatedNode> = new Map();
  /** Never changed in place. */
  durable: ReadonlyMap<string, SimulatedNode> = new Map();
  pending: NameChange[] = [];
}

/** The file or directory of a name. */
export type SimulatedNode = SimulatedFile | SimulatedDirectory;

/** The content of a file for a power cut: the durable bytes, and any of the changes. */
export interface FileCapture {
  readonly durable: Image;
  readonly pending: readonly DataChange[];
}

/** The same for a directory. */
export interface DirectoryCapture {
  readonly durable: ReadonlyMap<string, SimulatedNode>;
  readonly pending: readonly NameChange[];
}

/** The whole disk at one moment. */
export interface Capture {
  /** Two captures of one disk with the same epoch have the same durable bytes and names. */
  readonly epoch: number;
  readonly root: SimulatedDirectory;
  readonly files: ReadonlyMap<SimulatedFile, FileCapture>;
  readonly directories: ReadonlyMap<SimulatedDirectory, DirectoryCapture>;
}

/** A call that reaches the disk. */
export interface DiskCall {
  readonly name:
    | "open"
    | "stat"
    | "list"
    | "read"
    | "write"
    | "truncate"
    | "size"
    | "sync"
    | "syncOffThread"
    | "close"
    | "makeDirectory"
    | "rename"
    | "link"
    | "remove"
    | "removeDirectory"
    | "syncDirectory"
    | "syncDirectoryOffThread"
    | "syncDone"
    | "lock";
  /** For a rename: the old path. */
  readonly path: string;
}

/** The events of a {@linkcode SimulatedDisk}. */
export interface DiskEvents {
  /** Called before each call. If it throws, the call fails with that error and does nothing. */
  readonly before?: (call: DiskCall) => void;
  /** Called after each call that changed something, even if only what is durable. */
  readonly changed?: (call: DiskCall) => void;
}

/** Calls whose syncs do nothing but report success. They simulate a store without a rule. */
export interface Lies {
  /** For files. */
  readonly sync?: (path: string) => boolean;
  readonly syncDirectory?: (path: string) => boolean;
}

interface SyncInFlight {
  readonly call: DiskCall;
  readonly finish: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** See the module. Paths start at its root, which exists; there are hard links, no symbolic ones, and no permissions. */
export class SimulatedDisk implements FileSystem {
  readonly root: SimulatedDirectory;
  events: DiskEvents;
  /** The most bytes of a request that a read or write transfers. Default: all. */
  most: ((length: number) => number) | undefined;
  /** How often the durable state has changed. */
  epoch = 0;
  readonly #lies: Lies;
  #order = 0;
  readonly #inFlight: SyncInFlight[] = [];
  readonly #locked = new Set<SimulatedDirectory>();

  /** An empty disk, or one with the content of `root`, whose pending changes were the first `order` ones. */
  constructor(
    events: DiskEvents = {},
    root: SimulatedDirectory = new SimulatedDirectory(),
    lies: Lies = {},
    order = 0,
  ) {
    this.events = events;
    this.root = root;
    this.#lies = lies;
    this.#order = order;
  }

  /** How many syncs are in flight. */
  get syncsInFlight(): number {
    return this.#inFlight.length;
  }

  /**
   * Completes one sync in flight. Bytes that were written after it began do not become durable. With `error` it fails.
   */
  completeSync(index = 0, error?: unknown): void {
    const [sync] = this.#inFlight.splice(index, 1);
    if (!sync) return;
    if (error !== undefined) {
      sync.reject(error);
      return;
    }
    sync.finish();
    this.events.changed?.({ name: "syncDone", path: sync.call.path });
    sync.resolve();
  }

  /** Forgets the syncs in flight: who waits for them is dead. */
  forgetSyncs(): void {
    this.#inFlight.length = 0;
  }

  /** The states that a power cut may leave now. */
  capture(): Capture {
    const files = new Map<SimulatedFile, FileCapture>();
    const directories = new Map<SimulatedDirectory, DirectoryCapture>();
    const visit = (node: SimulatedNode): void => {
      if (node instanceof SimulatedFile) {
        node.captured = true;
        files.set(node, { durable: node.durable, pending: node.pending.slice() });
      } else if (!directories.has(node)) {
        directories.set(node, { durable: node.durable, pending: node.pending.slice() });
        for (const child of node.durable.values()) visit(child);
        for (const change of node.pending) if (change.node) visit(change.node);
      }
    };
    visit(this.root);
    return { epoch: this.epoch, root: this.root, files, directories };
  }

  /** The sum of the sizes of all files, in bytes, without the reserve, which has no data. */
  usedBytes(): number {
    const sum = (node: SimulatedNode): number =>
      node instanceof SimulatedFile
        ? node.live.size
        : [...node.live].reduce((all, [name, one]) => all + (name.startsWith("RESERVE") ? 0 : sum(one)), 0);
    return sum(this.root);
  }

  /** The paths of all files. */
  paths(): string[] {
    const found: string[] = [];
    const visit = (directory: SimulatedDirectory, path: string): void => {
      for (const [name, node] of directory.live) {
        if (node instanceof SimulatedFile) found.push(`${path}${name}`);
        else visit(node, `${path}${name}/`);
      }
    };
    visit(this.root, "");
    return found;
  }

  /** The bytes of all files below a directory, by their paths. */
  contentOf(directory: string): Map<string, Uint8Array> {
    const below = this.paths().filter((path) => path.startsWith(`${directory}/`));
    return new Map(below.map((path) => [path, this.file(path).live.bytes()]));
  }

  /** The file at a path, to inspect or to damage it. */
  file(path: string): SimulatedFile {
    const node = this.#find(path);
    if (!(node instanceof SimulatedFile)) throw fileSystemError("ENOENT", "open", path);
    return node;
  }

  open(path: string, options: FileOpenOptions): OpenFile {
    const call = this.#begin("open", path);
    const { parent, name } = this.#place(path, "open");
    let node = parent.live.get(name);
    if (node && options.create && options.exclusive) throw fileSystemError("EEXIST", "open", path);
    if (node instanceof SimulatedDirectory) throw fileSystemError("EISDIR", "open", path);
    if (!node) {
      if (!options.create) throw fileSystemError("ENOENT", "open", path);
      node = new SimulatedFile();
      this.#setName(parent, name, node);
      this.events.changed?.(call);
    } else if (options.truncate && node.live.size > 0) {
      this.resize(node, 0);
      this.events.changed?.(call);
    }
    return new SimulatedHandle(this, node, path, options.write === true);
  }

  stat(path: string): FileStat | undefined {
    this.#begin("stat", path);
    const node = this.#find(path);
    if (!node) return undefined;
    return { kind: node.kind, size: node instanceof SimulatedFile ? node.live.size : 0 };
  }

  list(path: string): DirectoryEntry[] {
    this.#begin("list", path);
    return Array.from(this.#directory(path, "list").live, ([name, { kind }]) => ({ name, kind }));
  }

  makeDirectory(path: string): void {
    const call = this.#begin("makeDirectory", path);
    const { parent, name } = this.#place(path, "mkdir");
    if (parent.live.has(name)) throw fileSystemError("EEXIST", "mkdir", path);
    this.#setName(parent, name, new SimulatedDirectory());
    this.events.changed?.(call);
  }

  rename(from: string, to: string): void {
    const call = this.#begin("rename", from);
    const source = this.#place(from, "rename");
    const target = this.#place(to, "rename");
    const node = source.parent.live.get(source.name);
    if (!node) throw fileSystemError("ENOENT", "rename", from);
    if (target.parent.live.get(target.name) instanceof SimulatedDirectory)
      throw fileSystemError("EISDIR", "rename", to);
    this.#setName(target.parent, target.name, node);
    this.#setName(source.parent, source.name, undefined);
    this.events.changed?.(call);
  }

  link(from: string, to: string): void {
    const call = this.#begin("link", from);
    const node = this.#find(from);
    if (!(node instanceof SimulatedFile)) throw fileSystemError(node ? "EPERM" : "ENOENT", "link", from);
    const { parent, name } = this.#place(to, "link");
    if (parent.live.has(name)) throw fileSystemError("EEXIST", "link", to);
    this.#setName(parent, name, node);
    this.events.changed?.(call);
  }

  remove(path: string): void {
    const call = this.#begin("remove", path);
    const { parent, name } = this.#place(path, "remove");
    const node = parent.live.get(name);
    if (!node) throw fileSystemError("ENOENT", "remove", path);
    if (node instanceof SimulatedDirectory) throw fileSystemError("EISDIR", "remove", path);
    this.#setName(parent, name, undefined);
    this.events.changed?.(call);
  }

  removeDirectory(path: string): void {
    const call = this.#begin("removeDirectory", path);
    const { parent, name } = this.#place(path, "rmdir");
    if (this.#directory(path, "rmdir").live.size > 0) throw fileSystemError("ENOTEMPTY", "rmdir", path);
    this.#setName(parent, name, undefined);
    this.events.changed?.(call);
  }

  syncDirectory(path: string): void {
    const call = this.#begin("syncDirectory", path);
    this.#directorySync(path)();
    this.events.changed?.(call);
  }

  syncDirectoryOffThread(path: string): Promise<void> {
    const call = this.#begin("syncDirectoryOffThread", path);
    return this.launch(call, this.#directorySync(path));
  }

  /** Excludes other locks through this object only. */
  async lock(path: string): Promise<DirectoryLock> {
    this.#begin("lock", path);
    const directory = this.#directory(path, "lock");
    if (this.#locked.has(directory)) throw fileSystemError("EBUSY", "lock", path);
    this.#locked.add(directory);
    let isOurs = true;
    let lossReason: string | undefined;
    const held = () => {
      if (this.#find(path) !== directory) lossReason ??= "the directory was moved, replaced or removed";
      return isOurs && lossReason === undefined;
    };
    const release = () => {
      if (isOurs) this.#locked.delete(directory);
      isOurs = false;
    };
    return {
      held,
      get lossReason() {
        return lossReason;
      },
      release,
    };
  }

  /** For handles: begins a call. */
  begin(name: DiskCall["name"], path: string): DiskCall {
    return this.#begin(name, path);
  }

  /** For handles: writes bytes. */
  write(file: SimulatedFile, bytes: Uint8Array, position: number): void {
    this.#order += 1;
    const copy = frozen(bytes);
    file.live.write(copy, position);
    file.pending.push({ kind: "write", order: this.#order, position, bytes: copy });
  }

  /** For handles: cuts or extends a file. */
  resize(file: SimulatedFile, size: number): void {
    this.#order += 1;
    file.live.resize(size);
    file.pending.push({ kind: "truncate", order: this.#order, size });
  }

  /** For handles: returns a function that makes everything written so far durable. */
  fileSync(file: SimulatedFile, path: string): () => void {
    const until = this.#order;
    if (this.#lies.sync?.(path)) return () => {};
    return () => {
      const count = countUpTo(file.pending, until);
      if (count === 0) return;
      this.epoch += 1;
      if (file.captured) file.durable = file.durable.fork();
      file.captured = false;
      for (const change of file.pending.slice(0, count)) applyWhole(file.durable, change);
      file.pending = file.pending.slice(count);
    };
  }

  /** For handles: starts a sync that stays in flight. */
  launch(call: DiskCall, finish: () => void): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      this.#inFlight.push({ call, finish, resolve, reject });
    });
    this.events.changed?.(call);
    return promise;
  }

  #directorySync(path: string): () => void {
    const directory = this.#directory(path, "sync");
    const until = this.#order;
    if (this.#lies.syncDirectory?.(path)) return () => {};
    return () => {
      const count = countUpTo(directory.pending, until);
      if (count === 0) return;
      this.epoch += 1;
      const durable = new Map(directory.durable);
      for (const change of directory.pending.slice(0, count)) applyName(durable, change);
      directory.durable = durable;
      directory.pending = directory.pending.slice(count);
    };
  }

  #begin(name: DiskCall["name"], path: string): DiskCall {
    const call = { name, path };
    this.events.before?.(call);
    return call;
  }

  #setName(directory: SimulatedDirectory, name: string, node: SimulatedNode | undefined): void {
    this.#order += 1;
    const change = { order: this.#order, name, node };
    applyName(directory.live, change);
    directory.pending.push(change);
  }

  #find(path: string): SimulatedNode | undefined {
    let node: SimulatedNode | undefined = this.root;
    for (const name of namesOf(path)) {
      if (!(node instanceof SimulatedDirectory)) return undefined;
      node = node.live.get(name);
    }
    return node;
  }

  #directory(path: string, action: string): SimulatedDirectory {
    const node = this.#find(path);
    if (!node) throw fileSystemError("ENOENT", action, path);
    if (!(node instanceof SimulatedDirectory)) throw fileSystemError("ENOTDIR", action, path);
    return node;
  }

  #place(path: string, action: string): { parent: SimulatedDirectory; name: string } {
    const names = namesOf(path);
    const name = names.pop();
    if (name === undefined) throw fileSystemError("EBUSY", action, path);
    return { parent: this.#directory(names.join("/"), action), name };
  }
}

class SimulatedHandle implements OpenFile {
  readonly #disk: SimulatedDisk;
  readonly #file: SimulatedFile;
  readonly #path: string;
  readonly #writable: boolean;
  #closed = false;

  constructor(disk: SimulatedDisk, file: SimulatedFile, path: string, writable: boolean) {
    this.#disk = disk;
    this.#file = file;
    this.#path = path;
    this.#writable = writable;
  }

  read(buffer: Uint8Array, position: number): number {
    this.#begin("read");
    return this.#file.live.read(this.#part(buffer), position);
  }

  write(buffer: Uint8Array, position: number): number {
    const call = this.#begin("write");
    if (!this.#writable) throw fileSystemError("EBADF", "write", this.#path);
    if (buffer.length === 0) return 0;
    const part = this.#part(buffer);
    this.#disk.write(this.#file, part, position);
    this.#disk.events.changed?.(call);
    return part.length;
  }

  size(): number {
    this.#begin("size");
    return this.#file.live.size;
  }

  truncate(size: number): void {
    const call = this.#begin("truncate");
    if (!this.#writable) throw fileSystemError("EBADF", "truncate", this.#path);
    this.#disk.resize(this.#file, size);
    this.#disk.events.changed?.(call);
  }

  sync(): void {
    const call = this.#begin("sync");
    this.#disk.fileSync(this.#file, this.#path)();
    this.#disk.events.changed?.(call);
  }

  syncOffThread(): Promise<void> {
    const call = this.#begin("syncOffThread");
    return this.#disk.launch(call, this.#disk.fileSync(this.#file, this.#path));
  }

  close(): void {
    if (this.#closed) return;
    this.#begin("close");
    this.#closed = true;
  }

  #part(buffer: Uint8Array): Uint8Array {
    const { most } = this.#disk;
    return most && buffer.length > 1 ? buffer.subarray(0, most(buffer.length)) : buffer;
  }

  #begin(name: DiskCall["name"]): DiskCall {
    if (this.#closed) throw fileSystemError("EBADF", name, this.#path);
    return this.#disk.begin(name, this.#path);
  }
}

/** Applies a change completely. */
export function applyWhole(image: Image, change: DataChange): void {
  if (change.kind === "write") image.write(change.bytes, change.position);
  else image.resize(change.size);
}

/** Applies a change of a name. */
export function applyName(names: Map<string, SimulatedNode>, { name, node }: NameChange): void {
  if (node) names.set(name, node);
  else names.delete(name);
}

function countUpTo(changes: readonly { readonly order: number }[], order: number): number {
  let count = 0;
  while ((changes[count]?.order ?? Number.POSITIVE_INFINITY) <= order) count += 1;
  return count;
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
