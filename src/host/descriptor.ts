/**
 * What every descriptor of the engine says of itself.
 *
 * @module
 */

import { Fd, wasi } from "@bjorn3/browser_wasi_shim";
import { Errno, SUCCESS } from "../fs/errno.ts";

/** A descriptor of a file type: without flags and rights, and not opened ahead. */
export class HostFd extends Fd {
  readonly #type: number;

  constructor(type: number) {
    super();
    this.#type = type;
  }

  /** In bytes. */
  size(): number {
    return 0;
  }

  override fd_fdstat_get(): { ret: number; fdstat: wasi.Fdstat } {
    return { ret: SUCCESS, fdstat: new wasi.Fdstat(this.#type, 0) };
  }

  override fd_filestat_get(): { ret: number; filestat: wasi.Filestat } {
    return filestat(this.#type, this.size());
  }

  /** The shim says ENOTSUP: the engine's C library asks until EBADF, and ends itself at any other error. */
  override fd_prestat_get(): { ret: number; prestat: wasi.Prestat | null } {
    return { ret: Errno.EBADF, prestat: null };
  }
}

/** The answer of `fd_filestat_get` and `path_filestat_get`: type and size, and no device, number, links or times. */
export function filestat(type: number, size: number): { ret: number; filestat: wasi.Filestat } {
  return { ret: SUCCESS, filestat: new Filestat(0n, type, BigInt(size)) };
}

/** The shim's writes the times two bytes early and so over the end of the size: they belong at 40, 48 and 56. */
class Filestat extends wasi.Filestat {
  override write_bytes(view: DataView, at: number): void {
    for (let field = 0; field < 64; field += 8) view.setBigUint64(at + field, 0n, true);
    view.setUint8(at + 16, this.filetype);
    view.setBigUint64(at + 32, this.size, true);
  }
}
