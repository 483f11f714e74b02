/**
 * A file system with the rules of Windows before it had those of POSIX: names of any case are one name, an open file
 * keeps its name when it is removed, it cannot be replaced, and its directory cannot be renamed. An open file itself can
 * be renamed, because all runtimes open files so that others may delete them.
 *
 * @module
 */

import type { DirectoryEntry, DirectoryLock, FileOpenOptions, FileStat, FileSystem, OpenFile } from "../../mod.ts";
import { MemoryFileSystem } from "../../mod.ts";

function error(code: string, action: string, path: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${action} '${path}'`), { code });
}

/** An open file. A rename changes its path. */
interface Handle {
  key: string;
}

/** In memory, so nothing is durable. */
export class WindowsFileSystem implements FileSystem {
  readonly #inner = new MemoryFileSystem();
  /** The open handles of a file, by its path in small letters. */
  readonly #handles = new Map<string, Set<Handle>>();
  /** Names as they were first written, by their paths in small letters. */
  readonly #names = new Map<string, string>();
  /** Files that are removed once nobody has them open. */
  readonly #removed = new Set<string>();
  /** What was refused, such as `EPERM: rename …`. */
  readonly refused: string[] = [];

  open(path: string, options: FileOpenOptions): OpenFile {
    const handle: Handle = { key: path.toLowerCase() };
    if (this.#removed.has(handle.key)) throw this.#refuse("EPERM", "open", path);
    if (!this.#inner.stat(handle.key)) this.#name(path);
    const file = this.#inner.open(handle.key, options);
    const handles = this.#handles.get(handle.key) ?? new Set();
    this.#handles.set(handle.key, handles.add(handle));
    const close = () => {
      file.close();
      handles.delete(handle);
      if (handles.size > 0 || this.#handles.get(handle.key) !== handles) return;
      this.#handles.delete(handle.key);
      if (this.#removed.delete(handle.key)) this.#inner.remove(handle.key);
    };
    return {
      read: (buffer, position) => file.read(buffer, position),
      write: (buffer, position) => file.write(buffer, position),
      size: () => file.size(),
      truncate: (size) => file.truncate(size),
      sync: () => file.sync(),
      syncOffThread: () => file.syncOffThread(),
      close,
    };
  }

  stat(path: string): FileStat | undefined {
    return this.#inner.stat(path.toLowerCase());
  }

  list(path: string): DirectoryEntry[] {
    const folder = path.toLowerCase();
    return this.#inner
      .list(folder)
      .map(({ name, kind }) => ({ name: this.#names.get(`${folder}/${name}`) ?? name, kind }));
  }

  makeDirectory(path: string): void {
    this.#inner.makeDirectory(path.toLowerCase());
    this.#name(path);
  }

  rename(from: string, to: string): void {
    const [source, target] = [from.toLowerCase(), to.toLowerCase()];
    for (const open of this.#handles.keys()) {
      if (open === target || open.startsWith(`${source}/`)) throw this.#refuse("EPERM", `rename to '${to}' of`, from);
    }
    this.#inner.rename(source, target);
    this.#name(to);
    // What is in a renamed directory keeps its names.
    for (const [known, name] of [...this.#names]) {
      if (known.startsWith(`${source}/`)) this.#names.set(`${target}${known.slice(source.length)}`, name);
    }
    const handles = this.#handles.get(source);
    if (handles === undefined) return;
    for (const handle of handles) handle.key = target;
    this.#handles.delete(source);
    this.#handles.set(target, handles);
  }

  remove(path: string): void {
    const key = path.toLowerCase();
    if (this.#handles.has(key)) this.#removed.add(key);
    else this.#inner.remove(key);
  }

  removeDirectory(path: string): void {
    this.#inner.removeDirectory(path.toLowerCase());
  }

  /** Windows cannot: `NodeFileSystem` does nothing there. */
  syncDirectory(): void {}

  /** While it is held, a file in the directory is open, as with the lock of `NodeFileSystem`. */
  async lock(directory: string): Promise<DirectoryLock> {
    const lock = await this.#inner.lock(directory.toLowerCase());
    const file = this.open(`${directory}/LOCK.0000000001`, { write: true, create: true });
    const release = () => {
      file.close();
      lock.release();
    };
    return { held: () => lock.held(), release };
  }

  #name(path: string): void {
    this.#names.set(path.toLowerCase(), path.slice(path.lastIndexOf("/") + 1));
  }

  #refuse(code: string, action: string, path: string): Error {
    const refusal = error(code, action, path);
    this.refused.push(refusal.message);
    return refusal;
  }
}
