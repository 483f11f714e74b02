/**
 * When an engine may use the files of its store: only while the directory is ours, and until the disk fails.
 *
 * @module
 */

import { clock } from "../clock.ts";
import { lockLost } from "../fs/filesystem.ts";
import type { EngineFile } from "./syncing_file_system.ts";

/** Reads between two signs of life: a recovery that only reads for long must not look dead to others. */
const READS_PER_BEAT = 256;

/** Stands before every use of the files of one engine. */
export class Guard {
  readonly #root: string;
  readonly #owned: () => boolean;
  #reads = 0;
  #failure: unknown;
  #lost: unknown;
  /** When the last look began that found the directory ours. */
  #lookedMs = 0;

  /**
   * `owned` says whether the directory at `root` is still ours; it is asked before every change. It may also throw what tells why
   * it is not.
   */
  constructor(root: string, owned: () => boolean) {
    this.#root = root;
    this.#owned = owned;
  }

  /**
   * Lets nothing be changed any more. The engine is done for after a failure of the disk, but may not know it yet: sled takes
   * what it could not read for the end of its log, and would clear all that is behind.
   *
   * The first failure decides whether the directory is lost, since the lock is given up after it.
   */
  freeze(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    try {
      this.requireOwned();
    } catch (lost) {
      this.#lost = lost;
    }
  }

  /** The first failure of the disk, explained; `undefined` if there was none. */
  get failure(): unknown {
    return this.explain(this.#failure);
  }

  /** Why the disk failed: if the directory is not ours any more, that is the reason, and the error only what came of it. */
  explain(error: unknown): unknown {
    return this.#lost ?? error;
  }

  /**
   * Throws `LOCK_LOST` when another owner took the directory over, or its path leads elsewhere, and after a failure of the disk
   * that failure.
   */
  assertChangeable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.requireOwned();
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

  /** Makes a change. */
  change<T>(change: () => T): T {
    this.assertChangeable();
    return this.ask(change);
  }

  /** What is missing or in the way is no news of the store where the path leads elsewhere. */
  ask<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      this.requireOwned();
      throw error;
    }
  }

  /**
   * Cuts a file that was opened. The path may have come to lead elsewhere between the look and the opening: then the file is
   * another store's. What is in it is cut only once that is excluded.
   */
  stillOurs(file: EngineFile, truncate: boolean): EngineFile {
    try {
      this.requireOwned();
      if (truncate && file.size() > 0) file.truncate(0);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Throws `LOCK_LOST` unless the directory is ours. */
  requireOwned(): void {
    const nowMs = clock.now();
    if (!this.#owned()) throw lockLost("use", this.#root, undefined);
    this.#lookedMs = nowMs;
  }

  /**
   * Called after a write. The process may have stood still since the look before it, so that another owner never saw
   * what was written. Looks again, unless the write took no millisecond: so long no owner takes over and reads the log.
   */
  wrote(): void {
    if (clock.now() !== this.#lookedMs) this.requireOwned();
  }
}
