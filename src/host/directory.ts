/**
 * A directory as WASI sees it; the one that is opened ahead is all that the engine can reach.
 *
 * @module
 */

import { Fd, wasi } from "@bjorn3/browser_wasi_shim";
import { type DirectoryEntry, type FileKind, fileSystemError } from "../fs/filesystem.ts";
import { HostFile } from "./file.ts";
import type { GuardedFileSystem } from "./guarded_file_system.ts";

/** A directory descriptor of the engine. Its methods throw; the import table turns that into an errno. */
export class HostDirectory extends Fd {
  readonly #files: GuardedFileSystem;
  readonly #path: string;
  readonly #preopened: boolean;
  #entries: DirectoryEntry[] = [];

  /** `path` is relative to what `files` shows; `""` with `preopened` is its root. */
  constructor(files: GuardedFileSystem, path: string, preopened: boolean) {
    super();
    this.#files = files;
    this.#path = path;
    this.#preopened = preopened;
  }

  /** The path of a name in this directory, relative to what the engine may see. */
  pathOf(name: string): string {
    return `${this.#path}/${name}`;
  }

  override fd_prestat_get(): { ret: number; prestat: wasi.Prestat | null } {
    if (!this.#preopened) return { ret: wasi.ERRNO_BADF, prestat: null };
    return { ret: wasi.ERRNO_SUCCESS, prestat: wasi.Prestat.dir("/") };
  }

  override fd_fdstat_get(): { ret: number; fdstat: wasi.Fdstat } {
    const fdstat = new wasi.Fdstat(wasi.FILETYPE_DIRECTORY, 0);
    // wasi-libc checks the rights of what it opens against those of the directory.
    fdstat.fs_rights_base = ~0n;
    fdstat.fs_rights_inherited = ~0n;
    return { ret: wasi.ERRNO_SUCCESS, fdstat };
  }

  override fd_filestat_get(): { ret: number; filestat: wasi.Filestat } {
    return { ret: wasi.ERRNO_SUCCESS, filestat: new wasi.Filestat(0n, wasi.FILETYPE_DIRECTORY, 0n) };
  }

  override fd_readdir_single(cookie: bigint): { ret: number; dirent: wasi.Dirent | null } {
    if (cookie === 0n) this.#entries = this.#files.list(this.#path);
    const entry = this.#entries[Number(cookie)];
    const dirent = entry ? new wasi.Dirent(cookie + 1n, 0n, entry.name, fileTypeOf(entry.kind)) : null;
    return { ret: wasi.ERRNO_SUCCESS, dirent };
  }

  override path_open(
    _lookupFlags: number,
    name: string,
    openFlags: number,
    rights: bigint,
    _inherited: bigint,
    descriptorFlags: number,
  ): { ret: number; fd_obj: Fd | null } {
    if ((descriptorFlags & wasi.FDFLAGS_APPEND) !== 0) return { ret: wasi.ERRNO_NOTSUP, fd_obj: null };
    const path = this.pathOf(name);
    const stat = this.#files.stat(path);
    if (stat?.kind === "directory") {
      return { ret: wasi.ERRNO_SUCCESS, fd_obj: new HostDirectory(this.#files, path, false) };
    }
    if ((openFlags & wasi.OFLAGS_DIRECTORY) !== 0) {
      return { ret: stat ? wasi.ERRNO_NOTDIR : wasi.ERRNO_NOENT, fd_obj: null };
    }
    const create = (openFlags & wasi.OFLAGS_CREAT) !== 0;
    const truncate = (openFlags & wasi.OFLAGS_TRUNC) !== 0;
    const file = this.#files.open(path, {
      write: create || truncate || (rights & BigInt(wasi.RIGHTS_FD_WRITE)) !== 0n,
      create,
      exclusive: (openFlags & wasi.OFLAGS_EXCL) !== 0,
      truncate,
    });
    const changed = truncate || (create && stat === undefined);
    return { ret: wasi.ERRNO_SUCCESS, fd_obj: new HostFile(file, this.#files, changed) };
  }

  override path_filestat_get(_flags: number, name: string): { ret: number; filestat: wasi.Filestat | null } {
    const path = this.pathOf(name);
    const stat = this.#files.stat(path);
    if (!stat) throw fileSystemError("ENOENT", "stat", path);
    const filestat = new wasi.Filestat(0n, fileTypeOf(stat.kind), BigInt(stat.size));
    return { ret: wasi.ERRNO_SUCCESS, filestat };
  }

  override path_create_directory(name: string): number {
    this.#files.makeDirectory(this.pathOf(name));
    return wasi.ERRNO_SUCCESS;
  }

  override path_unlink_file(name: string): number {
    this.#files.remove(this.pathOf(name));
    return wasi.ERRNO_SUCCESS;
  }

  override path_remove_directory(name: string): number {
    this.#files.removeDirectory(this.pathOf(name));
    return wasi.ERRNO_SUCCESS;
  }

  /** Atomic, unlike the shim's, which unlinks and links again. */
  rename(from: string, target: HostDirectory, to: string): void {
    this.#files.rename(this.pathOf(from), target.pathOf(to));
  }
}

function fileTypeOf(kind: FileKind): number {
  if (kind === "file") return wasi.FILETYPE_REGULAR_FILE;
  return kind === "directory" ? wasi.FILETYPE_DIRECTORY : wasi.FILETYPE_UNKNOWN;
}
