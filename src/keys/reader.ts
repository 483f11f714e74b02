/**
 * Reads tuples from bytes. Each tuple has one encoding. The reader refuses bytes that the writer never makes.
 *
 * @module
 */

import { hexOf } from "../bytes.ts";
import { decoder } from "../encoding.ts";
import { Code, END, ESCAPE, LARGE_BYTES, MAX_DATE_MS, MAX_DEPTH, SMALL_BYTES } from "./codes.ts";
import type { TuplePart } from "./types.ts";

/** Up to this many characters, a loop is faster than a TextDecoder. */
const SHORT_TEXT = 32;
/** The number of bytes that an error message shows. */
const SHOWN_BYTES = 32;

const double = new DataView(new ArrayBuffer(8));

/** Reads one tuple. */
export class TupleReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Reads all parts up to the end. Throws `SyntaxError`. */
  read(): TuplePart[] {
    const parts: TuplePart[] = [];
    while (this.#at < this.#bytes.length) parts.push(this.#part(1));
    return parts;
  }

  #part(depth: number): TuplePart {
    const code = this.#byte();
    switch (code) {
      case Code.STRING:
        return this.#text();
      case Code.DOUBLE:
        return this.#number();
      case Code.DATE:
        return this.#date();
      case Code.NULL:
        if (depth > 1 && this.#byte() !== ESCAPE) this.#fail("a null has no FF behind it");
        return null;
      case Code.BYTES:
        return this.#escaped();
      case Code.NESTED:
        return this.#nested(depth + 1);
      case Code.FALSE:
        return false;
      case Code.TRUE:
        return true;
      default:
        if (code >= Code.HUGE_NEGATIVE && code <= Code.HUGE) return this.#integer(code);
        return this.#fail(`the type ${hex(code)} is not known`);
    }
  }

  #nested(depth: number): TuplePart[] {
    if (depth > MAX_DEPTH) this.#fail(`tuples are more than ${MAX_DEPTH} levels deep`);
    const parts: TuplePart[] = [];
    const bytes = this.#bytes;
    while (bytes[this.#at] !== END || bytes[this.#at + 1] === ESCAPE) parts.push(this.#part(depth));
    this.#at += 1;
    return parts;
  }

  #text(): string {
    const bytes = this.#bytes;
    const start = this.#at;
    const most = Math.min(bytes.length, start + SHORT_TEXT);
    let text = "";
    for (let at = start; at < most; at++) {
      const byte = bytes[at] as number;
      if (byte === END) {
        if (bytes[at + 1] === ESCAPE) break;
        this.#at = at + 1;
        return text;
      }
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    const plain = this.#unescaped();
    try {
      return decoder.decode(plain);
    } catch (cause) {
      return this.#fail("text is not UTF-8", cause);
    }
  }

  #escaped(): Uint8Array {
    // Not `slice`: that of a Buffer does not copy.
    return new Uint8Array(this.#unescaped());
  }

  /** The bytes up to the next end. If no byte is escaped, the result is a view of the key. */
  #unescaped(): Uint8Array {
    const bytes = this.#bytes;
    const start = this.#at;
    let escapes = 0;
    let end = bytes.indexOf(END, start);
    for (; end >= 0 && bytes[end + 1] === ESCAPE; end = bytes.indexOf(END, end + 2)) escapes += 1;
    if (end < 0) this.#fail("bytes or text have no end");
    this.#at = end + 1;
    if (escapes === 0) return bytes.subarray(start, end);
    const plain = new Uint8Array(end - start - escapes);
    for (let from = start, to = 0; from < end; to++) {
      plain[to] = bytes[from] as number;
      from += bytes[from] === END ? 2 : 1;
    }
    return plain;
  }

  #number(): number {
    this.#words(this.#take(8), 8, 0);
    let high = double.getUint32(0);
    if (high < 0x8000_0000) {
      high = ~high;
      double.setUint32(4, ~double.getUint32(4));
    } else {
      high -= 0x8000_0000;
    }
    double.setUint32(0, high);
    const value = double.getFloat64(0);
    // The writer writes only one zero and one NaN.
    if (Object.is(value, -0)) this.#fail("a number is -0");
    if (Number.isNaN(value) && (double.getUint32(0) !== 0x7ff80000 || double.getUint32(4) !== 0)) {
      this.#fail("a number is another NaN than that of a tuple");
    }
    return value;
  }

  #date(): Date {
    const time = this.#number();
    if (!Number.isInteger(time) || Math.abs(time) > MAX_DATE_MS) this.#fail(`${time} is not the time of a date`);
    return new Date(time);
  }

  #integer(code: number): bigint {
    const isNegative = code < Code.ZERO;
    const flip = isNegative ? 0xff : 0;
    let length = Math.abs(code - Code.ZERO);
    let least = length;
    if (length > SMALL_BYTES) {
      const isHuge = code === Code.HUGE || code === Code.HUGE_NEGATIVE;
      length = this.#byte() ^ flip;
      if (isHuge) length = length * 256 + (this.#byte() ^ flip);
      least = isHuge ? LARGE_BYTES + 1 : SMALL_BYTES + 1;
    }
    const start = this.#take(length);
    if (length < least || (length > 0 && this.#bytes[start] === flip))
      this.#fail("an integer has more bytes than it needs");
    let amount = 0n;
    if (length <= SMALL_BYTES) {
      this.#words(start, length, flip);
      amount = double.getBigUint64(0);
    } else {
      const bytes = this.#bytes.subarray(start, start + length);
      amount = BigInt(`0x${hexOf(flip === 0 ? bytes : bytes.map((byte) => byte ^ flip))}`);
    }
    return isNegative ? -amount : amount;
  }

  /** Copies up to eight bytes into `double`, aligned to its end. */
  #words(start: number, length: number, flip: number): void {
    const bytes = this.#bytes;
    let high = 0;
    let low = 0;
    for (let i = start; i < start + length; i++) {
      high = (high << 8) | (low >>> 24);
      low = (low << 8) | ((bytes[i] as number) ^ flip);
    }
    double.setUint32(0, high);
    double.setUint32(4, low);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) return this.#fail("it ends within a part");
    this.#at += 1;
    return byte;
  }

  /** Skips `length` bytes. Returns their start. */
  #take(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) this.#fail("it ends within a part");
    this.#at = start + length;
    return start;
  }

  #fail(why: string, cause?: unknown): never {
    const shown = hexOf(this.#bytes.subarray(0, SHOWN_BYTES));
    const more = this.#bytes.length > SHOWN_BYTES ? `… (${this.#bytes.length} bytes)` : "";
    throw new SyntaxError(
      `Cannot read the key ${shown}${more} as a tuple: ${why}, at byte ${this.#at}`,
      cause === undefined ? {} : { cause },
    );
  }
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, "0");
}
