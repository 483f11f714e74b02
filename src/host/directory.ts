/**
 * A directory as WASI sees it; the one that is opened ahead is all that the engine can reach.
 *
 * @module
 */

import { wasi } from "@bjorn3/browser_wasi_shim";
import type { DirectoryEntry, FileKind, FileStat } from "../api/file_system.ts";
import { Errno, SUCCESS } from "../fs/errno.ts";
import { fileSystemError } from "../fs/filesystem.ts";
import { filestat, HostFd } from "./descriptor.ts";
import { HostFile } from "./file.ts";
import type { Guard } from "./guard.ts";
import type { SyncingFileSystem } from "./syncing_file_system.ts";

/** Every right that there is and will be. */
const ALL_RIGHTS = 2n ** 64n - 1n;

/** What a directory of the engine works on. */
interface Below {
  readonly files: SyncingFileSystem;
  readonly guard: Guard;
  /** Opened ahead. The engine sees it as `/`. */
  readonly root: string;
}

/** A directory descriptor of the engine. Its methods throw; the import table turns that into an errno. */
export class HostDirectory extends HostFd {
  readonly #below: Below;
  readonly #path: string;
  #entries: DirectoryEntry[] = [];

  constructor(below: Below, path: string = below.root) {
    super(wasi.FILETYPE_DIRECTORY);
    this.#below = below;
    this.#path = path;
  }

  /** All rights: wasi-libc checks what it opens against them. */
  override fd_fdstat_get(): { ret: number; fdstat: wasi.Fdstat } {
    const stat = super.fd_fdstat_get();
    stat.fdstat.fs_rights_base = stat.fdstat.fs_rights_inherited = ALL_RIGHTS;
    return stat;
  }

  override fd_prestat_get(): { ret: number; prestat: wasi.Prestat | null } {
    if (this.#path !== this.#below.root) return super.fd_prestat_get();
    return { ret: SUCCESS, prestat: wasi.Prestat.dir("/") };
  }

  /** Does all syncs that were asked for in it before it returns. Those of the names are among them. */
  override fd_sync(): number {
    this.#below.files.finish(this.#path);
    return SUCCESS;
  }

  /** The entry at a cookie; none behind the last. The first one lists the directory anew. */
  override fd_readdir_single(cookie: bigint): { ret: number; dirent: wasi.Dirent | null } {
    const { files, guard } = this.#below;
    if (cookie === 0n) this.#entries = guard.ask(() => files.list(this.#path));
    const entry = this.#entries[Number(cookie)];
    return { ret: SUCCESS, dirent: entry ? new wasi.Dirent(cookie + 1n, 0n, entry.name, typeOf(entry.kind)) : null };
  }

  override path_open(
    _lookupFlags: number,
    name: string,
    openFlags: number,
    rights: bigint,
    _inherited: bigint,
    descriptorFlags: number,
  ): { ret: number; fd_obj: HostFile | HostDirectory | null } {
    if ((descriptorFlags & wasi.FDFLAGS_APPEND) !== 0) return { ret: Errno.ENOTSUP, fd_obj: null };
    const path = this.#pathOf(name);
    const stat = this.#stat(path);
    if (stat?.kind === "directory") return { ret: SUCCESS, fd_obj: new HostDirectory(this.#below, path) };
    const has = (flag: number) => (openFlags & flag) !== 0;
    if (has(wasi.OFLAGS_DIRECTORY)) return { ret: stat ? Errno.ENOTDIR : Errno.ENOENT, fd_obj: null };
    const [create, exclusive, truncate] = [has(wasi.OFLAGS_CREAT), has(wasi.OFLAGS_EXCL), has(wasi.OFLAGS_TRUNC)];
    const write = create || truncate || (rights & BigInt(wasi.RIGHTS_FD_WRITE)) !== 0n;
    const { files, guard } = this.#below;
    const open = () => files.open(path, write ? { write, create, exclusive } : {});
    const file = guard.stillOurs(write ? guard.change(open) : guard.ask(open), truncate);
    return { ret: SUCCESS, fd_obj: new HostFile(file, guard, path, truncate || (create && stat === undefined)) };
  }

  override path_filestat_get(_flags: number, name: string): { ret: number; filestat: wasi.Filestat } {
    const path = this.#pathOf(name);
    const stat = this.#stat(path);
    if (!stat) throw fileSystemError("ENOENT", "stat", path);
    return filestat(typeOf(stat.kind), stat.size);
  }

  override path_create_directory(name: string): number {
    return this.#change((files) => files.makeDirectory(this.#pathOf(name)));
  }

  override path_unlink_file(name: string): number {
    return this.#change((files) => files.remove(this.#pathOf(name)));
  }

  /** Atomic. The shim's is an unlink and a link, of which a crash may leave the first alone. */
  rename(from: string, target: HostDirectory, to: string): number {
    return this.#change((files) => files.rename(this.#pathOf(from), target.#pathOf(to)));
  }

  #change(change: (files: SyncingFileSystem) => void): number {
    this.#below.guard.change(() => change(this.#below.files));
    return SUCCESS;
  }

  #stat(path: string): FileStat | undefined {
    const { files, guard } = this.#below;
    const stat = guard.ask(() => files.stat(path));
    if (stat === undefined) guard.requireOwned();
    return stat;
  }

  /** No name may lead out of the directory: the engine sees nothing else. */
  #pathOf(name: string): string {
    const names = name.split("/").filter((each) => each !== "" && each !== ".");
    if (names.includes("..")) throw fileSystemError("EPERM", "leave the store's directory by", name);
    return [this.#path, ...names].join("/");
  }
}

function typeOf(kind: FileKind): number {
  if (kind === "file") return wasi.FILETYPE_REGULAR_FILE;
  return kind === "directory" ? wasi.FILETYPE_DIRECTORY : wasi.FILETYPE_UNKNOWN;
}
