import type {
  DirectoryEntry,
  DirectoryLock,
  FileOpenOptions,
  FileStat,
  FileSystem,
  OpenFile,
} from "../api/file_system.ts";
import { StoreError } from "../errors.ts";
import { fileSystemError } from "./filesystem.ts";
import { type FileBytes, MemoryBytes } from "./memory_bytes.ts";
import { MemoryFile } from "./memory_file.ts";
import { requireOpenOptions } from "./open_options.ts";

/**
 * A disk in memory. Its files live as long as this object. A store that you close and open again on the same
 * `MemoryFileSystem` has its data. Syncs return at once. Every path starts at its root, which exists. There are hard
 * links, no symbolic ones, and no permissions.
 *
 * @example
 * ```ts
 * import { MemoryFileSystem } from "./memory.ts";
 * import assert from "node:assert/strict";
 *
 * const fileSystem = new MemoryFileSystem();
 * fileSystem.makeDirectory("data");
 * const file = fileSystem.open("data/a", { write: true, create: true });
 * file.write(new Uint8Array([1, 2, 3]), 0);
 * file.close();
 * assert.deepEqual(fileSystem.stat("/data/a"), { kind: "file", size: 3 });
 * ```
 */
export class MemoryFileSystem implements FileSystem {
  readonly #root: Directory;
  readonly #locked: WeakSet<Directory> = new WeakSet();

  /** An empty file system. `root` is for views of other file systems. */
  constructor(root: Directory = new Map()) {
    this.#root = root;
  }

  /** Opens a file. Opening a directory fails with `EISDIR`, also for reading. */
  open(path: string, options: FileOpenOptions): OpenFile {
    requireOpenOptions(options, path);
    const bytes = this.#openBytes(path, options);
    if (options.truncate) bytes.resize(0);
    return new MemoryFile(bytes, path, options.write === true);
  }

  /** As {@linkcode FileSystem.stat}. Also `undefined` if a parent of `path` is a file. */
  stat(path: string): FileStat | undefined {
    const node = this.#find(path);
    return node && nodeStat(node);
  }

  list(path: string): DirectoryEntry[] {
    const directory = this.#directory(path, "list");
    return Array.from(directory, ([name, node]) => ({ name, kind: nodeStat(node).kind }));
  }

  /** Creates a directory, but not its parents. */
  makeDirectory(path: string): void {
    const place = this.#place(path, "mkdir");
    if (!place || place.parent.has(place.name)) throw fileSystemError("EEXIST", "mkdir", path);
    place.parent.set(place.name, new Map());
  }

  /**
   * Renames a file or directory. It replaces a file, or an empty directory by a directory. An open file keeps its
   * bytes.
   */
  rename(from: string, to: string): void {
    const source = this.#occupied(from, "rename");
    const target = this.#place(to, "rename");
    if (!target) throw fileSystemError("EBUSY", "rename", to);
    if (isInside(from, to)) throw fileSystemError("EINVAL", "rename", to);
    const replaced = target.parent.get(target.name);
    if (replaced === source.node) return;
    if (replaced) requireReplaceable(replaced, source.node, to);
    source.parent.delete(source.name);
    target.parent.set(target.name, source.node);
  }

  /** Fails with `EPERM` for a directory. */
  link(from: string, to: string): void {
    const { node } = this.#occupied(from, "link");
    if (node instanceof Map) throw fileSystemError("EPERM", "link", from);
    const target = this.#place(to, "link");
    if (!target || target.parent.has(target.name)) throw fileSystemError("EEXIST", "link", to);
    target.parent.set(target.name, node);
  }

  /** Removes a file. Fails with `EISDIR` for a directory. An open file keeps its bytes until it is closed. */
  remove(path: string): void {
    const { parent, name, node } = this.#occupied(path, "remove");
    if (node instanceof Map) throw fileSystemError("EISDIR", "remove", path);
    parent.delete(name);
  }

  /** Removes a directory. Fails with `ENOTEMPTY` unless it is empty. */
  removeDirectory(path: string): void {
    const { parent, name, node } = this.#occupied(path, "rmdir");
    if (!(node instanceof Map)) throw fileSystemError("ENOTDIR", "rmdir", path);
    if (node.size > 0) throw fileSystemError("ENOTEMPTY", "rmdir", path);
    parent.delete(name);
  }

  /** Only checks that the directory exists. */
  syncDirectory(path: string): void {
    this.#directory(path, "sync");
  }

  /** As {@linkcode MemoryFileSystem.syncDirectory}. */
  async syncDirectoryOffThread(path: string): Promise<void> {
    this.syncDirectory(path);
  }

  /** Excludes other locks through this object only: nothing else can see its files. */
  async lock(directory: string): Promise<DirectoryLock> {
    const node = this.#directory(directory, "lock");
    if (this.#locked.has(node)) throw lockedError(directory);
    this.#locked.add(node);
    let isOurs = true;
    let lossReason: string | undefined;
    const path = names(directory);
    const held = () => {
      if (this.#at(path) !== node) lossReason ??= MOVED;
      return isOurs && lossReason === undefined;
    };
    const release = () => {
      if (isOurs) this.#locked.delete(node);
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

  /** Only checks whether the directory is locked through this object. */
  async observe(directory: string): Promise<DirectoryLock> {
    const node = this.#directory(directory, "lock");
    if (this.#locked.has(node)) throw lockedError(directory);
    return { held: () => !this.#locked.has(node) && this.#find(directory) === node, release: () => {} };
  }

  #find(path: string): Node | undefined {
    return this.#at(names(path));
  }

  #at(path: readonly string[]): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path) {
      if (!(node instanceof Map)) return undefined;
      node = node.get(name);
    }
    return node;
  }

  #openBytes(path: string, options: FileOpenOptions): FileBytes {
    const place = this.#place(path, "open");
    const node = place ? place.parent.get(place.name) : this.#root;
    if (node && options.create && options.exclusive) throw fileSystemError("EEXIST", "open", path);
    if (node instanceof Map) throw fileSystemError("EISDIR", "open", path);
    if (node) return node;
    if (!place || !options.create) throw fileSystemError("ENOENT", "open", path);
    const bytes = new MemoryBytes();
    place.parent.set(place.name, bytes);
    return bytes;
  }

  #directory(path: string, action: string): Directory {
    return descend(this.#root, names(path), action, path);
  }

  /** The place of `path`, whether or not it exists; `undefined` for the root, which is in no directory. */
  #place(path: string, action: string): Place | undefined {
    const parents = names(path);
    const name = parents.pop();
    return name === undefined ? undefined : { parent: descend(this.#root, parents, action, path), name };
  }

  #occupied(path: string, action: string): Place & { readonly node: Node } {
    const place = this.#place(path, action);
    if (!place) throw fileSystemError("EBUSY", action, path);
    const node = place.parent.get(place.name);
    if (!node) throw fileSystemError("ENOENT", action, path);
    return { ...place, node };
  }
}

const MOVED = "the directory was moved, replaced or removed";

/** A directory: names with their files and directories. */
export type Directory = Map<string, Node>;
type Node = FileBytes | Directory;

interface Place {
  readonly parent: Directory;
  readonly name: string;
}

/** Without links, `..` can be resolved in the text of the path. */
function names(path: string): string[] {
  const result: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") result.pop();
    else if (name !== "" && name !== ".") result.push(name);
  }
  return result;
}

function descend(root: Directory, parents: string[], action: string, path: string): Directory {
  let directory = root;
  for (const name of parents) {
    const node = directory.get(name);
    if (!node) throw fileSystemError("ENOENT", action, path);
    if (!(node instanceof Map)) throw fileSystemError("ENOTDIR", action, path);
    directory = node;
  }
  return directory;
}

function isInside(outer: string, path: string): boolean {
  const outerNames = names(outer);
  const pathNames = names(path);
  return pathNames.length > outerNames.length && outerNames.every((name, index) => name === pathNames[index]);
}

function requireReplaceable(replaced: Node, by: Node, path: string): void {
  if (!(replaced instanceof Map)) {
    if (by instanceof Map) throw fileSystemError("ENOTDIR", "rename", path);
    return;
  }
  if (!(by instanceof Map)) throw fileSystemError("EISDIR", "rename", path);
  if (replaced.size > 0) throw fileSystemError("ENOTEMPTY", "rename", path);
}

function nodeStat(node: Node): FileStat {
  return node instanceof Map ? { kind: "directory", size: 0 } : { kind: "file", size: node.size };
}

function lockedError(directory: string): StoreError {
  // A browser has no process.
  const pid = globalThis.process?.pid;
  const owner = pid === undefined ? "this page" : `this process (process id ${pid})`;
  return new StoreError(
    "STORE_LOCKED",
    `The directory '${directory}' in memory is already open in ${owner}; close that store first`,
  );
}
