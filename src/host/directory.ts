/**
 * A directory as WASI sees it; the one that is opened ahead is all that the engine can reach.
 *
 * @module
 */

import { Fd, type wasi } from "@bjorn3/browser_wasi_shim";
import type { DirectoryEntry, FileKind } from "../api/file_system.ts";
import { fileSystemError } from "../fs/filesystem.ts";
import { HostFile } from "./file.ts";
import type { GuardedFileSystem } from "./guarded_file_system.ts";
import {
  dirent,
  Errno,
  FDFLAG_APPEND,
  FileType,
  fdstat,
  filestat,
  notPreopened,
  OpenFlag,
  preopened,
  RIGHT_FD_WRITE,
  SUCCESS,
} from "./wasi.ts";

/** The name under which the engine knows the directory that is opened ahead. */
const ROOT_NAME = "/";

/** A directory descriptor of the engine. Its methods throw; the import table turns that into an errno. */
export class HostDirectory extends Fd {
  readonly #files: GuardedFileSystem;
  readonly #path: string;
  #entries: DirectoryEntry[] = [];

  /** `path` is relative to what `files` shows, `""` for its root, which is opened ahead. */
  constructor(files: GuardedFileSystem, path: string) {
    super();
    this.#files = files;
    this.#path = path;
  }

  override fd_fdstat_get(): { ret: number; fdstat: wasi.Fdstat } {
    return fdstat(FileType.DIRECTORY, "all");
  }

  override fd_filestat_get(): { ret: number; filestat: wasi.Filestat } {
    return filestat(FileType.DIRECTORY, 0);
  }

  override fd_prestat_get(): { ret: number; prestat: wasi.Prestat | null } {
    return this.#path === "" ? preopened(ROOT_NAME) : notPreopened();
  }

  /** Does all syncs that were asked for in it before it returns. Those of the names are among them. */
  override fd_sync(): number {
    this.#files.finish(this.#path);
    return SUCCESS;
  }

  /** The entry at a cookie; none behind the last. The first one lists the directory anew. */
  override fd_readdir_single(cookie: bigint): { ret: number; dirent: wasi.Dirent | null } {
    if (cookie === 0n) this.#entries = this.#files.list(this.#path);
    const entry = this.#entries[Number(cookie)];
    return { ret: SUCCESS, dirent: entry ? dirent(cookie + 1n, entry.name, typeOf(entry.kind)) : null };
  }

  override path_open(
    _lookupFlags: number,
    name: string,
    openFlags: number,
    rights: bigint,
    _inherited: bigint,
    descriptorFlags: number,
  ): { ret: number; fd_obj: HostFile | HostDirectory | null } {
    if ((descriptorFlags & FDFLAG_APPEND) !== 0) return { ret: Errno.ENOTSUP, fd_obj: null };
    const path = this.#pathOf(name);
    const stat = this.#files.stat(path);
    if (stat?.kind === "directory") return { ret: SUCCESS, fd_obj: new HostDirectory(this.#files, path) };
    if ((openFlags & OpenFlag.DIRECTORY) !== 0) return { ret: stat ? Errno.ENOTDIR : Errno.ENOENT, fd_obj: null };
    const create = (openFlags & OpenFlag.CREAT) !== 0;
    const truncate = (openFlags & OpenFlag.TRUNC) !== 0;
    const file = this.#files.open(path, {
      write: create || truncate || (rights & RIGHT_FD_WRITE) !== 0n,
      create,
      exclusive: (openFlags & OpenFlag.EXCL) !== 0,
      truncate,
    });
    const fd_obj = new HostFile(file, this.#files, path, truncate || (create && stat === undefined));
    return { ret: SUCCESS, fd_obj };
  }

  override path_filestat_get(_flags: number, name: string): { ret: number; filestat: wasi.Filestat } {
    const path = this.#pathOf(name);
    const stat = this.#files.stat(path);
    if (!stat) throw fileSystemError("ENOENT", "stat", path);
    return filestat(typeOf(stat.kind), stat.size);
  }

  override path_create_directory(name: string): number {
    this.#files.makeDirectory(this.#pathOf(name));
    return SUCCESS;
  }

  override path_unlink_file(name: string): number {
    this.#files.remove(this.#pathOf(name));
    return SUCCESS;
  }

  override path_remove_directory(name: string): number {
    this.#files.removeDirectory(this.#pathOf(name));
    return SUCCESS;
  }

  /** Atomic. The shim's `path_rename` is an unlink and a link, of which a crash may leave the first alone. */
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
