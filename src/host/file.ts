/**
 * An open file as WASI sees it: a cursor over positional reads and writes.
 *
 * @module
 */

import { fileSystemError, type OpenFile } from "../fs/filesystem.ts";
import type { GuardedFileSystem } from "./guarded_file_system.ts";
import { FileType, Whence } from "./wasi.ts";

/** A file descriptor of the engine. Its methods throw; the import table turns that into an errno. */
export class HostFile {
  /** Its kind in WASI. */
  readonly type: number = FileType.REGULAR_FILE;
  readonly rights: bigint = 0n;
  readonly #file: OpenFile;
  readonly #files: GuardedFileSystem;
  readonly #path: string;
  #position = 0;
  #unsynced: boolean;

  /** `created` says that the file is new or was cut: it must be synced even when nothing is written. */
  constructor(file: OpenFile, files: GuardedFileSystem, path: string, created: boolean) {
    this.#file = file;
    this.#files = files;
    this.#path = path;
    this.#unsynced = created;
  }

  /**
   * Reads at `position`, or at the cursor, which then moves on; fills `buffer` unless the file ends. A read that gives nothing
   * in front of the end is an error: the engine would take what is there for gone, and clear what is behind.
   */
  readInto(buffer: Uint8Array, position: number | undefined): number {
    this.#files.noteRead();
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
    this.#files.assertChangeable();
    this.#unsynced = true;
    const done = this.#file.write(buffer, position ?? this.#position);
    if (position === undefined) this.#position += done;
    return done;
  }

  /** Moves the cursor; `undefined` where it cannot be. */
  seek(offset: number, whence: number): number | undefined {
    const bases = [0, this.#position, whence === Whence.END ? this.#file.size() : 0];
    const target = (bases[whence] ?? 0) + offset;
    if (whence > Whence.END || target < 0) return undefined;
    this.#position = target;
    return target;
  }

  size(): number {
    return this.#file.size();
  }

  truncate(size: number): void {
    this.#files.assertChangeable();
    this.#unsynced = true;
    this.#file.truncate(size);
  }

  sync(): void {
    this.#file.sync();
    this.#unsynced = false;
  }

  /** What was written is durable before the descriptor is gone: sled never syncs its blob files itself. */
  close(): void {
    try {
      if (this.#unsynced) this.sync();
    } finally {
      this.#file.close();
    }
  }
}
