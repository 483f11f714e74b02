/**
 * The one way from an error of a file system to WASI's errno, for the host and for workers.
 *
 * @module
 */

import { errorCode } from "./node_errors.ts";

/** The result of a call that did what it was to do. */
export const SUCCESS = 0;

/**
 * The results of others, by the codes that file systems use. What the engine is made of tells ENOENT and EEXIST apart;
 * the others are there for its messages.
 *
 * Without `EINTR`: what the engine is made of repeats an interrupted call, for ever if need be. To repeat one is up to
 * the file system, as Node's does.
 */
export const Errno = {
  EACCES: 2,
  EBADF: 8,
  EDQUOT: 19,
  EEXIST: 20,
  EINVAL: 28,
  EIO: 29,
  EISDIR: 31,
  EMFILE: 33,
  ENOENT: 44,
  ENOSPC: 51,
  ENOTDIR: 54,
  ENOTSUP: 58,
  EPERM: 63,
  EROFS: 69,
} as const;

const NUMBERS: ReadonlyMap<unknown, number> = new Map(Object.entries(Errno));

/** What the engine sees of an error: its code's errno, or `EIO` for any other. The store reports the error itself. */
export function errnoOf(error: unknown): number {
  return NUMBERS.get(errorCode(error)) ?? Errno.EIO;
}

/** Whether an error says more than that a name is there or is not. */
export function isDiskFailure(error: unknown): boolean {
  const code = errorCode(error);
  return error !== undefined && code !== "ENOENT" && code !== "EEXIST";
}
