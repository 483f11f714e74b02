/**
 * Writes tuples as bytes.
 *
 * @module
 */

import { describe, trueLength } from "../encoding.ts";
import { MAX_KEY_BYTES } from "../limits.ts";
import { isUint8Array } from "../realm.ts";
import { Code, END, ESCAPE, LARGE_BYTES, MAX_DEPTH, SMALL_BYTES } from "./codes.ts";
import type { Tuple, TuplePart } from "./types.ts";

/** Up to this many characters, a loop is faster than a TextEncoder. */
const SHORT_TEXT = 48;
/** Enough room for a code and 8 bytes. */
const FIXED_BYTES = 16;
const FIRST_BYTES = 1024;
/** Above every integer of 8 bytes. */
const SMALL_END = 2n ** 64n;

const encoder = new TextEncoder();
const getTime = Date.prototype.getTime;

/** Writes one tuple per call. It reuses its buffer. */
export class TupleWriter {
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;
  /** The position of the current part, for error messages. */
  readonly #path: number[] = [];

  /** Returns a copy of the tuple's bytes. Throws `TypeError` or `RangeError` if the tuple cannot be a key. */
  write(tuple: Tuple): Uint8Array<ArrayBuffer> {
    if (!Array.isArray(tuple)) {
      throw new TypeError(`Cannot use ${describe(tuple)} as a tuple: expected an array such as ["user", 7]`);
    }
    this.#length = 0;
    this.#path.length = 0;
    this.#parts(tuple, 1);
    this.#checkLength(this.#length);
    return this.#bytes.slice(0, this.#length) as Uint8Array<ArrayBuffer>;
  }

  #parts(tuple: Tuple, depth: number): void {
    const path = this.#path;
    for (let i = 0; i < tuple.length; i++) {
      path[depth - 1] = i;
      this.#part(tuple[i] as TuplePart, depth);
    }
    path.length = depth - 1;
  }

  #part(part: TuplePart, depth: number): void {
    this.#reserve(FIXED_BYTES);
    switch (typeof part) {
      case "string":
        this.#text(part);
        break;
      case "number":
        this.#byte(Code.DOUBLE);
        this.#double(part);
        break;
      case "bigint":
        this.#integer(part);
        break;
      case "boolean":
        this.#byte(part ? Code.TRUE : Code.FALSE);
        break;
      case "object":
        this.#object(part, depth);
        break;
      default:
        this.#refuse(part);
    }
  }

  #object(part: Extract<TuplePart, object | null>, depth: number): void {
    if (part === null) {
      this.#byte(Code.NULL);
      if (depth > 1) this.#byte(ESCAPE);
    } else if (Array.isArray(part)) {
      if (depth === MAX_DEPTH)
        throw new RangeError(`Cannot use tuples within each other more than ${MAX_DEPTH} levels deep`);
      this.#byte(Code.NESTED);
      this.#parts(part, depth + 1);
      this.#reserve(FIXED_BYTES);
      this.#byte(END);
    } else if (isUint8Array(part)) {
      this.#byte(Code.BYTES);
      this.#escaped(part);
    } else {
      const time = timeOf(part);
      if (time === undefined) this.#refuse(part);
      if (Number.isNaN(time))
        throw new RangeError(`Cannot use the part ${this.#place()} of a tuple: it is an invalid date`);
      this.#byte(Code.DATE);
      this.#double(time);
    }
  }

  #text(text: string): void {
    this.#byte(Code.STRING);
    if (text.length <= SHORT_TEXT && this.#ascii(text)) return;
    this.#checkLength(text.length);
    if (!text.isWellFormed()) {
      throw new TypeError(`Cannot use the part ${this.#place()} of a tuple: its text holds a lone surrogate`);
    }
    if (text.includes("\0")) {
      this.#escaped(encoder.encode(text));
      return;
    }
    this.#reserve(3 * text.length + 1);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    this.#byte(END);
  }

  /** Writes short text if it is all ASCII. Returns whether it did. */
  #ascii(text: string): boolean {
    this.#reserve(2 * SHORT_TEXT + 1);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
      if (code === 0) bytes[at++] = ESCAPE;
    }
    bytes[at] = END;
    this.#length = at + 1;
    return true;
  }

  #escaped(source: Uint8Array): void {
    // Ignores an own property `length` of the array.
    const length = trueLength.call(source);
    if (length === 0) assertAttached(source);
    this.#checkLength(length);
    this.#reserve(2 * length + 1);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < length; i++) {
      const byte = source[i] as number;
      bytes[at++] = byte;
      if (byte === 0) bytes[at++] = ESCAPE;
    }
    bytes[at] = END;
    this.#length = at + 1;
  }

  /** Writes a double so that bytes sort as numbers: flips all bits of a negative number, sets the sign bit of others. */
  #double(value: number): void {
    const view = this.#view;
    const at = this.#length;
    // -0 becomes 0, and every NaN has the same bits.
    view.setFloat64(at, value === 0 ? 0 : value);
    if (value < 0) {
      view.setUint32(at, ~view.getUint32(at));
      view.setUint32(at + 4, ~view.getUint32(at + 4));
    } else if (Number.isNaN(value)) {
      view.setUint32(at, 0xfff80000);
      view.setUint32(at + 4, 0);
    } else {
      this.#bytes[at] = (this.#bytes[at] as number) | 0x80;
    }
    this.#length = at + 8;
  }

  #integer(value: bigint): void {
    const isNegative = value < 0n;
    const amount = isNegative ? -value : value;
    if (amount >= SMALL_END) this.#largeInteger(amount, isNegative);
    else this.#smallInteger(amount, isNegative);
  }

  #smallInteger(amount: bigint, isNegative: boolean): void {
    // Writes eight bytes, then drops the leading ones that the integer does not need.
    const view = this.#view;
    const at = this.#length;
    view.setBigUint64(at + 1, isNegative ? ~amount & (SMALL_END - 1n) : amount);
    const [high, low] = [Number(amount >> 32n), Number(amount & 0xffffffffn)];
    const length = high > 0 ? SMALL_BYTES - (Math.clz32(high) >>> 3) : 4 - (Math.clz32(low) >>> 3);
    this.#bytes.copyWithin(at + 1, at + 1 + SMALL_BYTES - length, at + 1 + SMALL_BYTES);
    this.#bytes[at] = isNegative ? Code.ZERO - length : Code.ZERO + length;
    this.#length = at + 1 + length;
  }

  #largeInteger(amount: bigint, isNegative: boolean): void {
    const hex = amount.toString(16);
    const length = (hex.length + 1) >>> 1;
    this.#checkLength(length);
    this.#reserve(length + 3);
    const isHuge = length > LARGE_BYTES;
    if (isNegative) this.#byte(isHuge ? Code.HUGE_NEGATIVE : Code.LARGE_NEGATIVE);
    else this.#byte(isHuge ? Code.HUGE : Code.LARGE);
    const flip = isNegative ? 0xff : 0;
    if (isHuge) this.#byte((length >>> 8) ^ flip);
    this.#byte((length & 0xff) ^ flip);
    const digits = hex.padStart(2 * length, "0");
    for (let i = 0; i < digits.length; i += 2) this.#byte(Number.parseInt(digits.slice(i, i + 2), 16) ^ flip);
  }

  #byte(byte: number): void {
    this.#bytes[this.#length++] = byte;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    this.#checkLength(this.#length);
    const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #checkLength(length: number): void {
    if (length <= MAX_KEY_BYTES) return;
    throw new RangeError(`Cannot use a tuple of ${length} bytes or more as a key: the limit is ${MAX_KEY_BYTES}`);
  }

  #place(): string {
    return this.#path.map((index) => `[${index}]`).join("");
  }

  #refuse(part: unknown): never {
    throw new TypeError(
      `Cannot use ${describe(part)} as the part ${this.#place()} of a tuple: ` +
        "expected null, a Uint8Array, a string, an array, a bigint, a number, a boolean or a Date",
    );
  }
}

/** Throws `TypeError` if the array's buffer is detached. Such an array looks empty. */
function assertAttached(array: Uint8Array): void {
  new Uint8Array(array);
}

/** The time of a date of any realm; `undefined` if the part is not a date. */
function timeOf(part: unknown): number | undefined {
  try {
    return getTime.call(part);
  } catch {
    return undefined;
  }
}
