/**
 * The memory of an instance of the engine, as WASI calls of the host and of workers use it.
 *
 * @module
 */

/** The size of a vector of `fd_read` and `fd_write`: address and length. */
const VECTOR_SIZE = 8;

/** Takes addresses as WebAssembly passes them: above 2 GiB they are negative. */
export class GuestMemory {
  readonly #memory: () => WebAssembly.Memory;

  /** `memory` is called anew each time: the instance is created after its imports. */
  constructor(memory: () => WebAssembly.Memory) {
    this.#memory = memory;
  }

  view(): DataView {
    return new DataView(this.#memory().buffer);
  }

  bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory().buffer as ArrayBuffer, at >>> 0, length >>> 0);
  }

  text(at: number, length: number): string {
    // The decoder refuses views of memory that may grow, in some runtimes: hand it a copy.
    return new TextDecoder().decode(this.bytes(at, length).slice());
  }

  setNumber(at: number, value: number): void {
    this.view().setUint32(at >>> 0, value, true);
  }

  /** Writes a whole number of up to 2^53 as a u64. */
  setLong(at: number, value: number): void {
    this.view().setBigUint64(at >>> 0, BigInt(value), true);
  }

  /**
   * Moves the bytes of `count` vectors directly, one vector after the other, and writes their number to `out`. Each move gets the
   * bytes and their position, and returns how many bytes it moved: fewer than it got are the last ones.
   */
  transfer<M extends string>(
    vectors: number,
    count: number,
    out: number,
    target: Readonly<Record<M, (bytes: Uint8Array, position: number | undefined) => number>>,
    move: M,
    position?: number,
  ): void {
    const { buffer } = this.#memory();
    const view = new DataView(buffer);
    const start = vectors >>> 0;
    let done = 0;
    for (let at = start; at < start + count * VECTOR_SIZE; at += VECTOR_SIZE) {
      const bytes = new Uint8Array(buffer, view.getUint32(at, true), view.getUint32(at + 4, true));
      const moved = target[move](bytes, position === undefined ? undefined : position + done);
      done += moved;
      if (moved < bytes.length) break;
    }
    view.setUint32(out >>> 0, done, true);
  }
}

/** A call that takes every number without its sign. */
export function withoutSigns<R>(call: (...values: never[]) => R): (...values: never[]) => R {
  return (...values) => call(...(values.map((value) => (typeof value === "number" ? value >>> 0 : value)) as never[]));
}
