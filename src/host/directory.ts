/**
 * A directory as WASI sees it; the one that is opened ahead is all that the engine can reach.
 *
 * @module
 */

import { type DirectoryEntry, type FileKind, type FileStat, fileSystemError } from "../fs/filesystem.ts";
import { HostFile } from "./file.ts";
import type { GuardedFileSystem } from "./guarded_file_system.ts";
import { dirent, Errno, FDFLAG_APPEND, FileType, OpenFlag, RIGHT_FD_WRITE } from "./wasi.ts";

/** How `path_open` opens. */
export interface WasiOpenOptions {
  readonly openFlags: number;
  readonly rights: bigint;
  readonly descriptorFlags: number;
}

/** A directory descriptor of the engine. Its methods throw; the import table turns that into an errno. */
export class HostDirectory {
  /** Its kind in WASI. */
  readonly type: number = FileType.DIRECTORY;
  // wasi-libc checks the rights of what it opens against those of the directory.
  readonly rights: bigint = 2n ** 64n - 1n;
  readonly #files: GuardedFileSystem;
  readonly #path: string;
  #entries: DirectoryEntry[] = [];

  /** `path` is relative to what `files` shows, `""` for its root. */
  constructor(files: GuardedFileSystem, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** A directory has no size. */
  size(): number {
    return 0;
  }

  /** Nothing is open. */
  close(): void {}

  /** The entry at a cookie, encoded; `undefined` behind the last. The first one lists the directory anew. */
  entry(cookie: number): Uint8Array | undefined {
    if (cookie === 0) this.#entries = this.#files.list(this.#path);
    const entry = this.#entries[cookie];
    return entry && dirent(cookie + 1, typeOf(entry.kind), entry.name);
  }

  /** Opens what is at a name, or answers with an errno. */
  open(name: string, { openFlags, rights, descriptorFlags }: WasiOpenOptions): HostFile | HostDirectory | number {
    if ((descriptorFlags & FDFLAG_APPEND) !== 0) return Errno.ENOTSUP;
    const path = this.#pathOf(name);
    const stat = this.#files.stat(path);
    if (stat?.kind === "directory") return new HostDirectory(this.#files, path);
    if ((openFlags & OpenFlag.DIRECTORY) !== 0) return stat ? Errno.ENOTDIR : Errno.ENOENT;
    const create = (openFlags & OpenFlag.CREAT) !== 0;
    const truncate = (openFlags & OpenFlag.TRUNC) !== 0;
    const file = this.#files.open(path, {
      write: create || truncate || (rights & RIGHT_FD_WRITE) !== 0n,
      create,
      exclusive: (openFlags & OpenFlag.EXCL) !== 0,
      truncate,
    });
    return new HostFile(file, this.#files, path, truncate || (create && stat === undefined));
  }

  /** Kind and size of what is at a name. */
  stat(name: string): { type: number; size: number } {
    const path = this.#pathOf(name);
    const stat: FileStat | undefined = this.#files.stat(path);
    if (!stat) throw fileSystemError("ENOENT", "stat", path);
    return { type: typeOf(stat.kind), size: stat.size };
  }

  makeDirectory(name: string): void {
    this.#files.makeDirectory(this.#pathOf(name));
  }

  remove(name: string): void {
    this.#files.remove(this.#pathOf(name));
  }

  removeDirectory(name: string): void {
    this.#files.removeDirectory(this.#pathOf(name));
  }

  /** Atomic. */
  rename(from: string, target: HostDirectory, to: string): void {
    this.#files.rename(this.#pathOf(from), target.#pathOf(to));
  }

  #pathOf(name: string): string {
    return `${this.#path}/${name}`;
  }
}

function typeOf(kind: FileKind): number {
  if (kind === "file") return FileType.REGULAR_FILE;
  return kind === "directory" ? FileType.DIRECTORY : FileType.UNKNOWN;
}
