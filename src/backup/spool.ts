/**
 * Where a backup is kept while it is checked, and while it is applied.
 *
 * @module
 */

import type { ByteSource } from "./source.ts";

/** Bytes that are written once, and then read. */
export interface Spool {
  /** Copies what it keeps. */
  write(bytes: Uint8Array): void;
  /** What was written is whole, and is to be applied: settles once a crash does not change that any more. */
  seal(): Promise<void>;
  /** What was written, from the start on; after {@linkcode Spool.seal}. */
  read(): ByteSource;
  /** It was applied, durably: settles once it is gone for good. */
  done(): Promise<void>;
  /** Gives it up before it was sealed. */
  discard(): void;
}

/** Keeps it in memory. */
export class MemorySpool implements Spool {
  #chunks: Uint8Array[] = [];

  write(bytes: Uint8Array): void {
    this.#chunks.push(Uint8Array.from(bytes));
  }

  async seal(): Promise<void> {}

  read(): ByteSource {
    const chunks = this.#chunks.values();
    return { read: async () => chunks.next().value };
  }

  async done(): Promise<void> {
    this.#chunks = [];
  }

  discard(): void {
    this.#chunks = [];
  }
}
