/**
 * The files of one store as its engine may use them: below one directory, and only while the directory is ours.
 *
 * @module
 */

import type { DirectoryEntry, FileStat, FileSystem, OpenFile } from "../api/file_system.ts";
import { fileSystemError, lockLost } from "../fs/filesystem.ts";

/** How the engine opens a file. */
export interface EngineOpenOptions {
  readonly write: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

/** What is cut down. A change of a name must be durable in its order: nobody asks for it. */
export type GuardedFiles = Omit<FileSystem, "lock" | "observe" | "syncDirectory" | "syncDirectoryOffThread"> & {
  /** Does all syncs of the files in a directory that are pending, before it returns. */
  finish(directory: string): void;
};

/** Reads between two signs of life: a recovery that only reads for long must not look dead to others. */
const READS_PER_BEAT = 256;

/** A {@linkcode FileSystem} cut down to one directory. Paths are relative to it, with `/` between names. */
export class GuardedFileSystem {
  readonly #fileSystem: GuardedFiles;
  readonly #root: string;
  readonly #owned: () => boolean;
  #reads = 0;
  #failure: unknown;
  #hasLooked = false;
  #lost: unknown;

  /**
   * `owned` says whether the directory at `root` is still ours; it is asked before every change. It may also throw what tells why
   * it is not.
   */
  constructor(fileSystem: GuardedFiles, root: string, owned: () => boolean) {
    this.#fileSystem = fileSystem;
    this.#root = root;
    this.#owned = owned;
  }

  /**
   * Lets nothing be changed any more. The engine is done for after a failure of the disk, but may not know it yet: sled takes
   * what it could not read for the end of its log, and would clear all that is behind.
   */
  freeze(error: unknown): void {
    this.#failure ??= error;
  }

  /**
   * Throws `LOCK_LOST` when another owner took the directory over, or its path leads elsewhere, and after a failure of the disk
   * that failure.
   */
  assertChangeable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#requireOwned();
  }

  /**
   * Why the disk failed: if the directory is not ours any more, that is the reason, and the error only what came of it. The first
   * failure decides, since the lock is given up after it.
   */
  explain(error: unknown): unknown {
    if (!this.#hasLooked) {
      this.#hasLooked = true;
      try {
        this.#requireOwned();
      } catch (lost) {
        this.#lost = lost;
      }
    }
    return this.#lost ?? error;
  }

  /** Called for each read: asks now and then whether the directory is ours, which renews the heartbeat of its lock. */
  noteRead(): void {
    this.#reads += 1;
    if (this.#reads % READS_PER_BEAT !== 0) return;
    try {
      this.#owned();
    } catch {
      // What is read is still ours: the file is open. The next change learns it.
    }
  }

  open(path: string, options: EngineOpenOptions): OpenFile {
    const full = this.#resolve(path);
    if (!options.write) return this.#stillOurs(this.#asked(() => this.#fileSystem.open(full, {})));
    const file = this.#changed(() => this.#fileSystem.open(full, { ...options, truncate: false }));
    return this.#stillOurs(file, options.truncate);
  }

  stat(path: string): FileStat | undefined {
    const stat = this.#asked(() => this.#fileSystem.stat(this.#resolve(path)));
    if (stat === undefined) this.#requireOwned();
    return stat;
  }

  list(path: string): DirectoryEntry[] {
    return this.#asked(() => this.#fileSystem.list(this.#resolve(path)));
  }

  makeDirectory(path: string): void {
    const full = this.#resolve(path);
    this.#changed(() => this.#fileSystem.makeDirectory(full));
  }

  /** Atomic. */
  rename(from: string, to: string): void {
    const [fullFrom, fullTo] = [this.#resolve(from), this.#resolve(to)];
    this.#changed(() => this.#fileSystem.rename(fullFrom, fullTo));
  }

  remove(path: string): void {
    const full = this.#resolve(path);
    this.#changed(() => this.#fileSystem.remove(full));
  }

  removeDirectory(path: string): void {
    const full = this.#resolve(path);
    this.#changed(() => this.#fileSystem.removeDirectory(full));
  }

  /** Makes durable, before it returns, what was asked for in a directory. */
  finish(path: string): void {
    this.#fileSystem.finish(this.#resolve(path));
  }

  /**
   * The path may have come to lead elsewhere between the look and the opening: then the file is another store's. What is in it is
   * cut only once that is excluded.
   */
  #stillOurs(file: OpenFile, truncate = false): OpenFile {
    try {
      this.#requireOwned();
      if (truncate && file.size() > 0) file.truncate(0);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  #changed<T>(change: () => T): T {
    this.assertChangeable();
    return this.#asked(change);
  }

  /** What is missing or in the way is no news of the store where the path leads elsewhere. */
  #asked<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      this.#requireOwned();
      throw error;
    }
  }

  #requireOwned(): void {
    if (!this.#owned()) throw lockLost("use", this.#root, undefined);
  }

  /** No name may lead out of the directory: the engine sees nothing else. */
  #resolve(path: string): string {
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    if (names.includes("..")) throw fileSystemError("EPERM", "leave the store's directory by", path);
    return names.length === 0 ? this.#root : `${this.#root}/${names.join("/")}`;
  }
}
