/**
 * A backup that is being restored, as a file in the store's directory.
 *
 * @module
 */

import type { FileSystem, OpenFile } from "../api/file_system.ts";
import { messageOf, StoreError } from "../errors.ts";
import { lockLost } from "../fs/filesystem.ts";
import { writeAll } from "../fs/write_all.ts";
import type { ByteSource } from "./source.ts";
import type { Spool } from "./spool.ts";

/** The file while it is written: what a crash leaves of it counts for nothing. */
export const UNFINISHED_RESTORE = "RESTORE.tmp";
/** The file once it was checked: what it has is being applied, and is to be applied again after a crash. */
export const SEALED_RESTORE = "RESTORE";

/** Some frames at a time: one that stands in two pieces is copied. */
const READ_BYTES = 1024 * 1024;

/** Whose directory it is. */
export interface SpoolPlace {
  readonly fileSystem: FileSystem;
  /** The directory. */
  readonly path: string;
  /** Whether it is still ours; asked before every change. May throw what tells why it is not. */
  readonly owned: () => boolean;
}

/** Keeps it in a file. Errors of the disk are `IO_ERROR`; `LOCK_LOST` when the directory is not ours any more. */
export class FileSpool implements Spool {
  readonly #place: SpoolPlace;
  readonly #file: OpenFile;
  #length = 0;

  private constructor(place: SpoolPlace, file: OpenFile) {
    this.#place = place;
    this.#file = file;
  }

  /** Begins one. */
  static create(place: SpoolPlace): FileSpool {
    const path = `${place.path}/${UNFINISHED_RESTORE}`;
    // One that is there is a dead one's, and goes first: never cut what may be another store's by now.
    const open = () => {
      if (place.fileSystem.stat(path)) place.fileSystem.remove(path);
      return place.fileSystem.open(path, { write: true, create: true, exclusive: true });
    };
    return new FileSpool(place, changing(place, open));
  }

  /** The one that a crash left to be applied; `undefined` when there is none. Removes one that was not finished. */
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

  /** The name is gone durably before anything is committed: what follows the restore must never be undone by it. */
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
