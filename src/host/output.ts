/**
 * Where the engine's standard error goes: a panic leaves its message there before it traps.
 *
 * @module
 */

import { FileType } from "./wasi.ts";

const KEPT_CHARACTERS = 8192;

/** Standard output or error of the engine; keeps the newest text. */
export class HostOutput {
  /** Its kind in WASI. */
  readonly type: number = FileType.CHARACTER_DEVICE;
  readonly rights: bigint = 0n;
  readonly #decoder = new TextDecoder();
  #text = "";

  /** Takes bytes that the engine wrote. */
  writeFrom(buffer: Uint8Array): number {
    // The decoder refuses views of memory that may grow, in some runtimes: hand it a copy.
    this.#text = (this.#text + this.#decoder.decode(buffer.slice(), { stream: true })).slice(-KEPT_CHARACTERS);
    return buffer.length;
  }

  /** What was written since the last call, at most 8,192 characters of it. */
  take(): string {
    const text = this.#text.trim();
    this.#text = "";
    return text;
  }

  /** It has no size. */
  size(): number {
    return 0;
  }

  /** It stays open. */
  close(): void {}
}
