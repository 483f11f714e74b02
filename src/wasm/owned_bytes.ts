/**
 * Copies of the engine's bytes, which the caller owns.
 *
 * By default each copy has its own buffer. On V8 that costs several times as much as the rest of a small read. With
 * sharing, small copies are parts of larger buffers, as in Node's `Buffer`. No two copies share a byte. A shared buffer
 * cannot be detached, so one caller cannot take away the bytes of another one.
 *
 * @module
 */

import { process } from "../process.ts";

/** The size of a shared buffer. */
const CHUNK_BYTES = 16 * 1024;
/** Larger copies get their own buffer. */
const LARGEST_SHARED_BYTES = 1024;
/** Up to this many bytes a loop over words copies faster than `set`. */
const SHORT_BYTES = 256;
/** JavaScriptCore creates a small buffer as fast as a view. V8 takes fifteen times as long. */
const BUFFERS_ARE_CHEAP: boolean = "bun" in process.versions;

let mark: ((buffer: ArrayBuffer) => void) | undefined;
let canGuard: boolean | undefined;

/** Whether buffers may be shared: only if buffers are expensive, and can be protected against detaching. */
export function mayShare(): boolean {
  canGuard ??= !BUFFERS_ARE_CHEAP && guards();
  return canGuard;
}

/** Makes a later transfer of this buffer fail with an error. Call it only if {@linkcode mayShare} is true. */
export function guard(buffer: ArrayBuffer): void {
  mark?.(buffer);
}

/** Older releases of Node have no way to load a module without an import, or let streams detach a marked buffer. */
function guards(): boolean {
  // Worker threads are loaded with the first value, and not with this module.
  mark = process.getBuiltinModule?.("node:worker_threads").markAsUntransferable;
  if (!mark || typeof ArrayBuffer.prototype.transfer !== "function") return false;
  const buffer = new ArrayBuffer(8);
  mark(buffer);
  try {
    buffer.transfer();
    return false;
  } catch {
    return true;
  }
}

/** Makes copies. */
export class OwnedBytes {
  /** Whether small copies may share buffers. */
  #shares = false;
  #buffer: ArrayBuffer = new ArrayBuffer(0);
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Uint32Array = new Uint32Array(0);
  #used = 0;

  /** Lets small copies share buffers from now on, if that is faster. */
  share(): void {
    this.#shares = mayShare();
  }

  /** A copy of `length` bytes of `source` from `at` on. `words` is a view of the same memory. */
  copy(source: Uint8Array<ArrayBuffer>, words: Uint32Array, at: number, length: number): Uint8Array<ArrayBuffer> {
    if (!this.#shares || length > LARGEST_SHARED_BYTES) return source.slice(at, at + length);
    if (this.#used + length > this.#bytes.length) this.#begin();
    const to = this.#used;
    // Rounds up, so that the next copy begins at a word.
    this.#used = (to + length + 3) & ~3;
    if (length <= SHORT_BYTES && (at & 3) === 0) {
      const [target, from, start, end] = [this.#words, at >>> 2, to >>> 2, (to + length + 3) >>> 2];
      for (let i = start; i < end; i++) target[i] = words[from + i - start] as number;
    } else {
      this.#bytes.set(source.subarray(at, at + length), to);
    }
    return new Uint8Array(this.#buffer, to, length);
  }

  #begin(): void {
    const buffer = new ArrayBuffer(CHUNK_BYTES);
    guard(buffer);
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#used = 0;
  }
}
