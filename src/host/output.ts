/**
 * Where the engine's standard error goes: a panic leaves its message there before it traps.
 *
 * @module
 */

import { Fd, type wasi } from "@bjorn3/browser_wasi_shim";
import { FileType, fdstat, filestat, notPreopened } from "./wasi.ts";

const KEPT_CHARACTERS = 8192;

/** Standard output or error of the engine; keeps the newest text. */
export class HostOutput extends Fd {
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

  override fd_fdstat_get(): { ret: number; fdstat: wasi.Fdstat } {
    return fdstat(FileType.CHARACTER_DEVICE, "none");
  }

  override fd_filestat_get(): { ret: number; filestat: wasi.Filestat } {
    return filestat(FileType.CHARACTER_DEVICE, 0);
  }

  override fd_prestat_get(): { ret: number; prestat: null } {
    return notPreopened();
  }
}
