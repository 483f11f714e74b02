/**
 * Reads bytes from start to end, and never past the end.
 *
 * @module
 */

import { decoder } from "../../encoding.ts";

/** Up to this many bytes, a loop is faster than a TextDecoder. */
const SHORT_TEXT = 24;
/** The largest number of characters per call of `String.fromCharCode`. */
const MOST_ARGUMENTS = 4096;

/** Reads numbers, text and bytes in the format of cloned values. Throws `SyntaxError`. */
export class BytesReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The number of bytes left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) return this.fail("it ends too early");
    this.#at += 1;
    return byte;
  }

  /** Reads a safe integer of at least 0. */
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (!Number.isSafeInteger(value)) this.fail("a number is too large");
      if (byte < 0x80) return value;
      if (factor > 2 ** 49) this.fail("a number is too long");
    }
  }

  double(): number {
    const start = this.#step(8);
    return this.#view.getFloat64(start, true);
  }

  /** Reads a length and that many bytes. Returns a view of them. */
  bytes(): Uint8Array {
    const length = this.varint();
    const start = this.#step(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Reads text of `length` bytes of UTF-8. */
  text(length: number): string {
    const start = this.#step(length);
    if (length <= SHORT_TEXT) {
      const text = this.#ascii(start, length);
      if (text !== undefined) return text;
    }
    try {
      return decoder.decode(this.#bytes.subarray(start, start + length));
    } catch (cause) {
      return this.fail("text is not UTF-8", cause);
    }
  }

  /** Reads text of `length` bytes of UTF-16. */
  wideText(length: number): string {
    const start = this.#step(length);
    if (length % 2 !== 0) this.fail("text ends within a character");
    let text = "";
    for (let at = start; at < start + length; at += 2 * MOST_ARGUMENTS) {
      const codes: number[] = [];
      const end = Math.min(at + 2 * MOST_ARGUMENTS, start + length);
      for (let i = at; i < end; i += 2) codes.push(this.#view.getUint16(i, true));
      text += String.fromCharCode(...codes);
    }
    return text;
  }

  /** Throws a `SyntaxError` with the reason and the position. */
  fail(why: string, cause?: unknown): never {
    throw new SyntaxError(
      `Cannot read ${this.#bytes.length} bytes as a cloned value: ${why}, at byte ${this.#at}`,
      cause === undefined ? {} : { cause },
    );
  }

  #ascii(start: number, length: number): string | undefined {
    const bytes = this.#bytes;
    let text = "";
    for (let at = start; at < start + length; at++) {
      const byte = bytes[at] as number;
      if (byte > 0x7f) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Skips `length` bytes. Returns their start. */
  #step(length: number): number {
    const start = this.#at;
    if (length > this.left) this.fail("it ends too early");
    this.#at += length;
    return start;
  }
}
