/**
 * The one table between the error codes of a {@linkcode FileSystem} and WASI's errno.
 *
 * @module
 */

import { wasi } from "@bjorn3/browser_wasi_shim";
import { errorCode } from "../fs/node_errors.ts";

// Without EINTR: what the engine is made of repeats an interrupted call, for ever if need be. To repeat one is up to the file
// system, as Node's does.
const ERRNO: Readonly<Record<string, number>> = {
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

/** Whether an error says more than that a name is there or is not. */
export function isDiskFailure(error: unknown): boolean {
  const code = errorCode(error);
  return error !== undefined && code !== "ENOENT" && code !== "EEXIST";
}

/** What the engine sees of an error: its code's errno, or `EIO` for what has none. */
export function errnoOf(error: unknown): number {
  return ERRNO[errorCode(error) ?? ""] ?? wasi.ERRNO_IO;
}
