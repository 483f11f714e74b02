/**
 * Keeps a backup while it is checked and applied.
 *
 * @module
 */

import type { ByteSource } from "./source.ts";

/** Bytes that are written once, then read. */
export interface Spool {
  /** Copies the bytes that it keeps. */
  write(bytes: Uint8Array): void;
  /** Marks the content as whole and ready to apply. Settles once that survives a crash. */
  seal(): Promise<void>;
  /** The content, from the start. Call it only after {@linkcode Spool.seal}. */
  read(): ByteSource;
  /** Call it once the content is applied durably. Settles once the spool is removed durably. */
  done(): Promise<void>;
  /** Discards the spool before it is sealed. */
  discard(): void;
}

/** Keeps a backup in memory. */
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
