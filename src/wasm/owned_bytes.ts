/**
 * Copies of the engine's bytes for callers to own.
 *
 * A copy has a buffer of its own. On V8 that costs several times what the rest of a small read does: who asks for it gets small copies
 * that are parts of larger buffers, as those of Node's `Buffer` are. No byte is given away twice, and such a buffer cannot be
 * detached: nobody can take the others' bytes away.
 *
 * @module
 */

import { process } from "../process.ts";

/** The size of a buffer that is shared out. */
const CHUNK_BYTES = 16 * 1024;
/** Larger copies get a buffer of their own. */
const LARGEST_SHARED_BYTES = 1024;
/** Up to this many bytes a loop over words copies faster than `set`. */
const SHORT_BYTES = 256;
/** JavaScriptCore makes a small buffer as fast as a view, V8 takes fifteen times as long. */
const BUFFERS_ARE_CHEAP: boolean = "bun" in process.versions;

let mark: ((buffer: ArrayBuffer) => void) | undefined;
let canGuard: boolean | undefined;

/** Whether buffers may be shared: where these cost much, and can be kept from being detached. */
export function mayShare(): boolean {
  canGuard ??= !BUFFERS_ARE_CHEAP && guards();
  return canGuard;
}

/** Whoever tries to transfer this buffer gets an error from here on. Only where {@linkcode mayShare} says so. */
export function guard(buffer: ArrayBuffer): void {
  mark?.(buffer);
}

/** Older releases of Node cannot be asked for a module without an import, or let streams detach what is marked. */
function guards(): boolean {
  // Threads are loaded with the first value, and not with the module.
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

  /** Small copies share buffers from here on, where that is faster. */
  share(): void {
    this.#shares = mayShare();
  }

  /** A copy of `length` bytes of `source` from `at` on; `words` has the same memory. */
  copy(source: Uint8Array<ArrayBuffer>, words: Uint32Array, at: number, length: number): Uint8Array<ArrayBuffer> {
    if (!this.#shares || length > LARGEST_SHARED_BYTES) return source.slice(at, at + length);
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
    guard(buffer);
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#used = 0;
  }
}
