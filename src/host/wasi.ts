/**
 * WASI preview 1, as far as the engine meets it: the numbers and structures of the shim, by short names, and what is not in it.
 *
 * @module
 */

// The build of the package reads this line: see scripts/lib/package.ts.
import { wasi } from "@bjorn3/browser_wasi_shim";

/** The result of a call that did what it was to do. */
export const SUCCESS: number = wasi.ERRNO_SUCCESS;

/**
 * The results of others, by the codes that a file system has for their errors.
 *
 * Without `EINTR`: what the engine is made of repeats an interrupted call, for ever if need be. To repeat one is up to the
 * file system, as Node's does.
 */
export const Errno: Readonly<
  Record<
    | "EACCES"
    | "EAGAIN"
    | "EBADF"
    | "EBUSY"
    | "EDQUOT"
    | "EEXIST"
    | "EFBIG"
    | "EINVAL"
    | "EIO"
    | "EISDIR"
    | "ELOOP"
    | "EMFILE"
    | "ENAMETOOLONG"
    | "ENFILE"
    | "ENODEV"
    | "ENOENT"
    | "ENOMEM"
    | "ENOSPC"
    | "ENOSYS"
    | "ENOTDIR"
    | "ENOTEMPTY"
    | "ENOTSUP"
    | "ENXIO"
    | "EPERM"
    | "EROFS"
    | "ESTALE"
    | "ETIMEDOUT"
    | "EXDEV",
    number
  >
> = {
  EACCES: wasi.ERRNO_ACCES,
  EAGAIN: wasi.ERRNO_AGAIN,
  EBADF: wasi.ERRNO_BADF,
  EBUSY: wasi.ERRNO_BUSY,
  EDQUOT: wasi.ERRNO_DQUOT,
  EEXIST: wasi.ERRNO_EXIST,
  EFBIG: wasi.ERRNO_FBIG,
  EINVAL: wasi.ERRNO_INVAL,
  EIO: wasi.ERRNO_IO,
  EISDIR: wasi.ERRNO_ISDIR,
  ELOOP: wasi.ERRNO_LOOP,
  EMFILE: wasi.ERRNO_MFILE,
  ENAMETOOLONG: wasi.ERRNO_NAMETOOLONG,
  ENFILE: wasi.ERRNO_NFILE,
  ENODEV: wasi.ERRNO_NODEV,
  ENOENT: wasi.ERRNO_NOENT,
  ENOMEM: wasi.ERRNO_NOMEM,
  ENOSPC: wasi.ERRNO_NOSPC,
  ENOSYS: wasi.ERRNO_NOSYS,
  ENOTDIR: wasi.ERRNO_NOTDIR,
  ENOTEMPTY: wasi.ERRNO_NOTEMPTY,
  ENOTSUP: wasi.ERRNO_NOTSUP,
  ENXIO: wasi.ERRNO_NXIO,
  EPERM: wasi.ERRNO_PERM,
  EROFS: wasi.ERRNO_ROFS,
  ESTALE: wasi.ERRNO_STALE,
  ETIMEDOUT: wasi.ERRNO_TIMEDOUT,
  EXDEV: wasi.ERRNO_XDEV,
};

/** What a descriptor or a name stands for. */
export const FileType: Readonly<Record<"UNKNOWN" | "CHARACTER_DEVICE" | "DIRECTORY" | "REGULAR_FILE", number>> = {
  UNKNOWN: wasi.FILETYPE_UNKNOWN,
  CHARACTER_DEVICE: wasi.FILETYPE_CHARACTER_DEVICE,
  DIRECTORY: wasi.FILETYPE_DIRECTORY,
  REGULAR_FILE: wasi.FILETYPE_REGULAR_FILE,
};

/** How `path_open` opens. */
export const OpenFlag: Readonly<Record<"CREAT" | "DIRECTORY" | "EXCL" | "TRUNC", number>> = {
  CREAT: wasi.OFLAGS_CREAT,
  DIRECTORY: wasi.OFLAGS_DIRECTORY,
  EXCL: wasi.OFLAGS_EXCL,
  TRUNC: wasi.OFLAGS_TRUNC,
};

/** A flag of descriptors: every write goes to the end. */
export const FDFLAG_APPEND: number = wasi.FDFLAGS_APPEND;
/** The right to write, among those that `path_open` asks for. */
export const RIGHT_FD_WRITE: bigint = BigInt(wasi.RIGHTS_FD_WRITE);
/** Every right that there is and will be. */
const ALL_RIGHTS = 2n ** 64n - 1n;

/** What `fd_seek` counts from. */
export const Whence: Readonly<Record<"SET" | "CUR" | "END", number>> = {
  SET: wasi.WHENCE_SET,
  CUR: wasi.WHENCE_CUR,
  END: wasi.WHENCE_END,
};

/** The clock that counts from 1970. */
export const CLOCK_REALTIME: number = wasi.CLOCKID_REALTIME;

/** The size of a vector of `fd_read` and `fd_write`: address and length. */
export const IOVEC_SIZE = 8;

/** Writes a number of up to 2^53 as a u64. */
export function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, value / 2 ** 32, true);
}

/** An entry of `fd_readdir`; `next` is the cookie of the entry after it. */
export function dirent(next: bigint, name: string, type: number): wasi.Dirent {
  return new wasi.Dirent(next, 0n, name, type);
}

/** The answer of `fd_prestat_get` for a directory that is opened ahead under a name. */
export function preopened(name: string): { ret: number; prestat: wasi.Prestat } {
  return { ret: SUCCESS, prestat: wasi.Prestat.dir(name) };
}

/** The same for everything else. The shim says ENOTSUP: the engine's C library asks until EBADF, and ends itself at any other error. */
export function notPreopened(): { ret: number; prestat: null } {
  return { ret: Errno.EBADF, prestat: null };
}

/** The answer of `fd_fdstat_get`: no flags, and all rights or none. wasi-libc checks what it opens against those of the directory. */
export function fdstat(type: number, rights: "all" | "none"): { ret: number; fdstat: wasi.Fdstat } {
  const stat = new wasi.Fdstat(type, 0);
  if (rights === "all") stat.fs_rights_base = stat.fs_rights_inherited = ALL_RIGHTS;
  return { ret: SUCCESS, fdstat: stat };
}

/** The answer of `fd_filestat_get` and `path_filestat_get`: type and size, and no device, number, links or times. */
export function filestat(type: number, size: number): { ret: number; filestat: wasi.Filestat } {
  return { ret: SUCCESS, filestat: new Filestat(0n, type, BigInt(size)) };
}

/** The shim's, which writes the times two bytes early and so over the end of the size: they belong at 40, 48 and 56. */
class Filestat extends wasi.Filestat {
  override write_bytes(view: DataView, at: number): void {
    view.setBigUint64(at, this.dev, true);
    view.setBigUint64(at + 8, this.ino, true);
    view.setBigUint64(at + 16, BigInt(this.filetype), true);
    const numbers = [this.nlink, this.size, this.atim, this.mtim, this.ctim];
    for (const [i, number] of numbers.entries()) view.setBigUint64(at + 24 + 8 * i, number, true);
  }
}
