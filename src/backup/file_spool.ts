/**
 * Keeps a backup that is being restored in a file in the store's directory.
 *
 * @module
 */

import type { FileSystem, OpenFile } from "../api/file_system.ts";
import { StoreError } from "../errors.ts";
import { lockLost } from "../fs/filesystem.ts";
import { writeAll } from "../fs/write_all.ts";
import { messageOf } from "../realm.ts";
import { SEALED_RESTORE, UNFINISHED_RESTORE } from "./restore_names.ts";
import type { ByteSource } from "./source.ts";
import type { Spool } from "./spool.ts";

/** Bytes of one read: some frames. A frame that lies in two reads is copied. */
const READ_BYTES = 1024 * 1024;

/** The directory of the spool, and whether the store still owns it. */
export interface SpoolPlace {
  readonly fileSystem: FileSystem;
  /** The directory. */
  readonly path: string;
  /** Whether the store still owns the directory. Called before every change. If not, it may throw the reason. */
  readonly owned: () => boolean;
}

/**
 * Keeps a backup in a file. Throws `IO_ERROR` for errors of the disk, and `LOCK_LOST` if the store no longer owns the
 * directory.
 */
export class FileSpool implements Spool {
  readonly #place: SpoolPlace;
  readonly #file: OpenFile;
  #length = 0;

  private constructor(place: SpoolPlace, file: OpenFile) {
    this.#place = place;
    this.#file = file;
  }

  /** Creates an empty spool. */
  static create(place: SpoolPlace): FileSpool {
    const path = `${place.path}/${UNFINISHED_RESTORE}`;
    // Remove the file of a dead store first. Never truncate a file that may belong to another store by now.
    const open = () => {
      if (place.fileSystem.stat(path)) place.fileSystem.remove(path);
      return place.fileSystem.open(path, { write: true, create: true, exclusive: true });
    };
    return new FileSpool(place, changing(place, open));
  }

  /** The sealed spool that a crash left; `undefined` if there is none. Removes an unfinished one. */
  static left(place: SpoolPlace): FileSpool | undefined {
    const { fileSystem, path } = place;
    const [unfinished, sealed] = [`${path}/${UNFINISHED_RESTORE}`, `${path}/${SEALED_RESTORE}`];
    return changing(place, () => {
      if (fileSystem.stat(unfinished)) fileSystem.remove(unfinished);
      return fileSystem.stat(sealed) ? new FileSpool(place, fileSystem.open(sealed, {})) : undefined;
    });
  }

  write(bytes: Uint8Array): void {
    changing(this.#place, () => {
      writeAll(this.#file, bytes, this.#length, `${this.#place.path}/${UNFINISHED_RESTORE}`);
      this.#length += bytes.length;
    });
  }

  async seal(): Promise<void> {
    const { fileSystem, path } = this.#place;
    await waiting(this.#file.syncOffThread());
    changing(this.#place, () => {
      fileSystem.rename(`${path}/${UNFINISHED_RESTORE}`, `${path}/${SEALED_RESTORE}`);
      fileSystem.syncDirectory(path);
    });
  }

  read(): ByteSource {
    let position = 0;
    const bytes = new Uint8Array(READ_BYTES);
    const read = async () => {
      const count = ioOf(() => this.#file.read(bytes, position));
      position += count;
      return count === 0 ? undefined : bytes.subarray(0, count);
    };
    return { read };
  }

  /** Removes the name durably before anything else is committed: applying the file again must never undo a later commit. */
  async done(): Promise<void> {
    const { fileSystem, path } = this.#place;
    changing(this.#place, () => {
      this.#file.close();
      fileSystem.remove(`${path}/${SEALED_RESTORE}`);
      fileSystem.syncDirectory(path);
    });
  }

  discard(): void {
    const { fileSystem, path } = this.#place;
    changing(this.#place, () => {
      this.#file.close();
      fileSystem.remove(`${path}/${UNFINISHED_RESTORE}`);
    });
  }
}

function changing<T>({ owned, path }: SpoolPlace, change: () => T): T {
  if (!owned()) throw lockLost("use", path, undefined);
  return ioOf(change);
}

function ioOf<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw ioError(cause);
  }
}

async function waiting<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (cause) {
    throw ioError(cause);
  }
}

function ioError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  return new StoreError("IO_ERROR", `Cannot keep the backup that is being restored: ${messageOf(cause)}`, { cause });
}
