/**
 * An open file as WASI sees it: a cursor over positional reads and writes.
 *
 * @module
 */

import { Fd, wasi } from "@bjorn3/browser_wasi_shim";
import type { OpenFile } from "../fs/filesystem.ts";
import type { GuardedFileSystem } from "./guarded_file_system.ts";

/** A file descriptor of the engine. Its methods throw; the import table turns that into an errno. */
export class HostFile extends Fd {
  readonly #file: OpenFile;
  readonly #files: GuardedFileSystem;
  #position = 0;
  #unsynced: boolean;

  /** `created` says that the file is new or was cut: it must be synced even when nothing is written. */
  constructor(file: OpenFile, files: GuardedFileSystem, created: boolean) {
    super();
    this.#file = file;
    this.#files = files;
    this.#unsynced = created;
  }

  /** Reads at `position`, or at the cursor, which then moves on; fills `buffer` unless the file ends. */
  readInto(buffer: Uint8Array, position: number | undefined): number {
    this.#files.noteRead();
    const start = position ?? this.#position;
    let done = 0;
    while (done < buffer.length) {
      const count = this.#file.read(done === 0 ? buffer : buffer.subarray(done), start + done);
      if (count === 0) break;
      done += count;
    }
    if (position === undefined) this.#position += done;
    return done;
  }

  /** Writes at `position`, or at the cursor, which then moves on. */
  writeFrom(buffer: Uint8Array, position: number | undefined): number {
    this.#files.assertChangeable();
    this.#unsynced = true;
    const done = this.#file.write(buffer, position ?? this.#position);
    if (position === undefined) this.#position += done;
    return done;
  }

  override fd_seek(offset: bigint, whence: number): { ret: number; offset: bigint } {
    const bases = [0, this.#position, whence === wasi.WHENCE_END ? this.#file.size() : 0];
    const target = (bases[whence] ?? 0) + Number(offset);
    if (whence > wasi.WHENCE_END || target < 0) return { ret: wasi.ERRNO_INVAL, offset: 0n };
    this.#position = target;
    return { ret: wasi.ERRNO_SUCCESS, offset: BigInt(target) };
  }

  override fd_tell(): { ret: number; offset: bigint } {
    return { ret: wasi.ERRNO_SUCCESS, offset: BigInt(this.#position) };
  }

  override fd_fdstat_get(): { ret: number; fdstat: wasi.Fdstat } {
    return { ret: wasi.ERRNO_SUCCESS, fdstat: new wasi.Fdstat(wasi.FILETYPE_REGULAR_FILE, 0) };
  }

  override fd_filestat_get(): { ret: number; filestat: wasi.Filestat } {
    const filestat = new wasi.Filestat(0n, wasi.FILETYPE_REGULAR_FILE, BigInt(this.#file.size()));
    return { ret: wasi.ERRNO_SUCCESS, filestat };
  }

  override fd_filestat_set_size(size: bigint): number {
    this.#files.assertChangeable();
    this.#unsynced = true;
    this.#file.truncate(Number(size));
    return wasi.ERRNO_SUCCESS;
  }

  override fd_sync(): number {
    this.#file.sync();
    this.#unsynced = false;
    return wasi.ERRNO_SUCCESS;
  }

  /** What was written is durable before the descriptor is gone: sled never syncs its blob files itself. */
  override fd_close(): number {
    try {
      if (this.#unsynced) this.fd_sync();
    } finally {
      this.#file.close();
    }
    return wasi.ERRNO_SUCCESS;
  }
}
