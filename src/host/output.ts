/**
 * Where the engine's standard error goes: a panic leaves its message there before it traps.
 *
 * @module
 */

import { wasi } from "@bjorn3/browser_wasi_shim";
import { HostFd } from "./descriptor.ts";

const KEPT_CHARACTERS = 8192;

/** Standard output or error of the engine; keeps the newest text. */
export class HostOutput extends HostFd {
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor() {
    super(wasi.FILETYPE_CHARACTER_DEVICE);
  }

  /** Nothing can be read. */
  readInto(): number {
    return 0;
  }

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
}
