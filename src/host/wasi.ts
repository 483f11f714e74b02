/**
 * The numbers and layouts of WASI preview 1 (`wasi_snapshot_preview1`), as far as the engine meets them.
 *
 * @module
 */

/** The result of a call that did what it was to do. */
export const SUCCESS = 0;

/**
 * The results of others, by the codes that a file system has for their errors.
 *
 * Without `EINTR`: what the engine is made of repeats an interrupted call, for ever if need be. To repeat one is up to the
 * file system, as Node's does.
 */
export const Errno = {
  EACCES: 2,
  EAGAIN: 6,
  EBADF: 8,
  EBUSY: 10,
  EDQUOT: 19,
  EEXIST: 20,
  EFBIG: 22,
  EINVAL: 28,
  EIO: 29,
  EISDIR: 31,
  ELOOP: 32,
  EMFILE: 33,
  ENAMETOOLONG: 37,
  ENFILE: 41,
  ENODEV: 43,
  ENOENT: 44,
  ENOMEM: 48,
  ENOSPC: 51,
  ENOSYS: 52,
  ENOTDIR: 54,
  ENOTEMPTY: 55,
  ENOTSUP: 58,
  ENXIO: 60,
  EPERM: 63,
  EROFS: 69,
  ESTALE: 72,
  ETIMEDOUT: 73,
  EXDEV: 75,
} as const;

/** What a descriptor or a name stands for. */
export const FileType = { UNKNOWN: 0, CHARACTER_DEVICE: 2, DIRECTORY: 3, REGULAR_FILE: 4 } as const;

/** How `path_open` opens. */
export const OpenFlag = { CREAT: 1, DIRECTORY: 2, EXCL: 4, TRUNC: 8 } as const;

/** A flag of descriptors: every write goes to the end. */
export const FDFLAG_APPEND = 1;
/** The right to write, among those that `path_open` asks for. */
export const RIGHT_FD_WRITE = 64n;

/** What `fd_seek` counts from. */
export const Whence = { SET: 0, CUR: 1, END: 2 } as const;

/** The clock that counts from 1970. */
export const CLOCK_REALTIME = 0;

/** The size of an entry of `fd_readdir` without its name, in bytes. */
const DIRENT_SIZE = 24;
/** The size of a vector of `fd_read` and `fd_write`: address and length. */
export const IOVEC_SIZE = 8;

/** Writes a number of up to 2^53 as a u64. */
export function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, value / 2 ** 32, true);
}

/** Writes what `fd_fdstat_get` tells: no flags, and all rights or none. */
export function writeFdstat(view: DataView, at: number, type: number, rights: bigint): void {
  view.setUint32(at, type, true);
  view.setUint32(at + 4, 0, true);
  view.setBigUint64(at + 8, rights, true);
  view.setBigUint64(at + 16, rights, true);
}

/** Writes what `fd_filestat_get` and `path_filestat_get` tell: type and size, and no device, number, links or times. */
export function writeFilestat(view: DataView, at: number, type: number, size: number): void {
  for (let word = 0; word < 8; word++) writeU64(view, at + 8 * word, 0);
  view.setUint8(at + 16, type);
  writeU64(view, at + 32, size);
}

/** An entry of `fd_readdir`, of which `next` is the cookie behind it. */
export function dirent(next: number, type: number, name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(DIRENT_SIZE + text.length);
  const view = new DataView(bytes.buffer);
  writeU64(view, 0, next);
  view.setUint32(16, text.length, true);
  view.setUint8(20, type);
  bytes.set(text, DIRENT_SIZE);
  return bytes;
}
