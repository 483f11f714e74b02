/**
 * Copies of the engine's bytes for callers to own.
 *
 * A buffer for each small value would cost V8 several times what the rest of a read does, so small ones are parts of larger
 * buffers, as those of Node's `Buffer` are. No byte is given away twice, and such a buffer cannot be transferred: nobody
 * can take the others' bytes away.
 *
 * @module
 */

import process from "node:process";

/** The size of a buffer that is shared out. */
const CHUNK_BYTES = 16 * 1024;
/** Larger copies get a buffer of their own. */
const LARGEST_SHARED_BYTES = 1024;
/** Up to this many bytes a loop over words copies faster than `set`. */
const SHORT_BYTES = 256;
/** JavaScriptCore makes a small buffer as fast as a view, V8 takes fifteen times as long. */
export const BUFFERS_ARE_CHEAP: boolean = "bun" in process.versions;
/** Older releases of Node cannot be asked for a module without an import. */
const SHARES = !BUFFERS_ARE_CHEAP && typeof process.getBuiltinModule === "function";

let mark: ((buffer: ArrayBuffer) => void) | undefined;

/** Threads are loaded with the first value, and not with the module. */
function markAsUntransferable(buffer: ArrayBuffer): void {
  mark ??= process.getBuiltinModule("node:worker_threads").markAsUntransferable;
  mark(buffer);
}

/** Makes copies. */
export class OwnedBytes {
  #buffer: ArrayBuffer = new ArrayBuffer(0);
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Uint32Array = new Uint32Array(0);
  #used = 0;

  /** A copy of `length` bytes of `source` from `at` on; `words` has the same memory. */
  copy(source: Uint8Array<ArrayBuffer>, words: Uint32Array, at: number, length: number): Uint8Array<ArrayBuffer> {
    if (!SHARES || length > LARGEST_SHARED_BYTES) return source.slice(at, at + length);
    if (this.#used + length > this.#bytes.length) this.#begin();
    const to = this.#used;
    // The next one begins at a word, too.
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
    markAsUntransferable(buffer);
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#used = 0;
  }
}
