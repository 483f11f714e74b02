/**
 * Unsigned integers up to 2^53 - 1, in the engine's format: seven bits a byte, the lowest bits first. All bytes except
 * the last have the highest bit set.
 *
 * @module
 */

/** The most bytes of a number. */
export const MAX_VARINT_BYTES = 8;

/** Writes a number into `target` at `at`. Returns the position after it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let [next, rest] = [at, value];
  while (rest >= 0x80) {
    target[next++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[next++] = rest;
  return next;
}

/** Reads fields from bytes, from the start. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether nothing is left. */
  get isDone(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The position of the next field. */
  get at(): number {
    return this.#at;
  }

  /** The next number; `undefined` unless it is complete, in its shortest form and a safe integer. */
  varint(): number | undefined {
    const first = this.#bytes[this.#at];
    // Most numbers have one byte.
    if (first !== undefined && first < 0x80) {
      this.#at += 1;
      return first;
    }
    return this.#longVarint();
  }

  #longVarint(): number | undefined {
    let [value, factor] = [0, 1];
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return Number.isSafeInteger(value) && (byte > 0 || i === 0) ? value : undefined;
      factor *= 0x80;
    }
    return undefined;
  }

  byte(): number | undefined {
    return this.#bytes[this.#at++];
  }

  /** Skips the next `length` bytes. Returns whether there are that many. */
  skip(length: number): boolean {
    if (!(this.#at + length <= this.#bytes.length)) return false;
    this.#at += length;
    return true;
  }
}
