/**
 * An open file as WASI sees it: a cursor over positional reads and writes.
 *
 * @module
 */

import { wasi } from "@bjorn3/browser_wasi_shim";
import { Errno, SUCCESS } from "../fs/errno.ts";
import { fileSystemError } from "../fs/filesystem.ts";
import { HostFd } from "./descriptor.ts";
import type { Guard } from "./guard.ts";
import type { EngineFile } from "./syncing_file_system.ts";

/** A file descriptor of the engine. Its methods throw; the import table turns that into an errno. */
export class HostFile extends HostFd {
  readonly #file: EngineFile;
  readonly #guard: Guard;
  readonly #path: string;
  #position = 0;
  #unsynced: boolean;

  /** `created` says that the file is new or was cut: it must be synced even when nothing is written. */
  constructor(file: EngineFile, guard: Guard, path: string, created: boolean) {
    super(wasi.FILETYPE_REGULAR_FILE);
    this.#file = file;
    this.#guard = guard;
    this.#path = path;
    this.#unsynced = created;
  }

  override size(): number {
    return this.#file.size();
  }

  /**
   * Reads at `position`, or at the cursor, which then moves on; fills `buffer` unless the file ends. A read that gives nothing
   * in front of the end is an error: the engine would take what is there for gone, and clear what is behind.
   */
  readInto(buffer: Uint8Array, position: number | undefined): number {
    this.#guard.noteRead();
    const start = position ?? this.#position;
    let done = 0;
    while (done < buffer.length) {
      const count = this.#file.read(done === 0 ? buffer : buffer.subarray(done), start + done);
      done += count;
      if (done < buffer.length && start + done >= this.#file.size()) break;
      if (count === 0) throw fileSystemError("EIO", "read on in the middle of", this.#path);
    }
    if (position === undefined) this.#position += done;
    return done;
  }

  /** Writes at `position`, or at the cursor, which then moves on. */
  writeFrom(buffer: Uint8Array, position: number | undefined): number {
    this.#guard.assertChangeable();
    this.#unsynced = true;
    const done = this.#file.write(buffer, position ?? this.#position);
    this.#guard.wrote();
    if (position === undefined) this.#position += done;
    return done;
  }

  override fd_seek(offset: bigint, whence: number): { ret: number; offset: bigint } {
    const bases = [0, this.#position, whence === wasi.WHENCE_END ? this.#file.size() : 0];
    const target = (bases[whence] ?? 0) + Number(offset);
    if (whence > wasi.WHENCE_END || target < 0) return { ret: Errno.EINVAL, offset: BigInt(this.#position) };
    this.#position = target;
    return { ret: SUCCESS, offset: BigInt(target) };
  }

  override fd_filestat_set_size(size: bigint): number {
    this.#guard.assertChangeable();
    this.#unsynced = true;
    this.#file.truncate(Number(size));
    return SUCCESS;
  }

  override fd_sync(): number {
    this.#file.sync();
    this.#unsynced = false;
    return SUCCESS;
  }

  /** What was written is durable before the descriptor is gone: sled never syncs its blob files itself. */
  override fd_close(): number {
    try {
      if (this.#unsynced) this.fd_sync();
    } finally {
      this.#file.close();
    }
    return SUCCESS;
  }
}
