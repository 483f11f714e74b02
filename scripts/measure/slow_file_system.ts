/**
 * A disk with slow syncs.
 *
 * @module
 */

import { delay } from "@std/async";
import { type FileOpenOptions, NodeFileSystem, type OpenFile } from "../../mod.ts";

/** The runtime's disk, with a delay for each sync. Off-thread syncs wait off the event loop. */
export class SlowFileSystem extends NodeFileSystem {
  readonly #delayMs: number;
  /** How many syncs blocked the event loop. */
  blockingSyncs = 0;

  constructor(delayMs: number) {
    super();
    this.#delayMs = delayMs;
  }

  override open(path: string, options: FileOpenOptions): OpenFile {
    const file = super.open(path, options);
    return {
      read: (buffer, position) => file.read(buffer, position),
      write: (buffer, position) => file.write(buffer, position),
      size: () => file.size(),
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
      sync: () => {
        this.#block();
        file.sync();
      },
      syncOffThread: async () => {
        await delay(this.#delayMs);
        await file.syncOffThread();
      },
    };
  }

  override syncDirectory(path: string): void {
    this.#block();
    super.syncDirectory(path);
  }

  override async syncDirectoryOffThread(path: string): Promise<void> {
    await delay(this.#delayMs);
    await super.syncDirectoryOffThread(path);
  }

  #block(): void {
    this.blockingSyncs += 1;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#delayMs);
  }
}
