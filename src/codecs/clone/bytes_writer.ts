/**
 * A buffer that grows as it is written.
 *
 * @module
 */

import { SHORT_TEXT_BYTES, Tag } from "./format.ts";

const FIRST_BYTES = 1024;
/** A larger buffer is not kept for the next value. */
const MOST_KEPT_BYTES = 1024 * 1024;
/** Room for a tag and a number. */
const FIXED_BYTES = 16;

const encoder = new TextEncoder();

/** Writes numbers, text and bytes in the format of cloned values. */
export class BytesWriter {
  readonly #mostBytes: number;
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  /** A value may have up to this many bytes. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Returns a copy of the written bytes, and starts the next value. Throws `RangeError` if the value has too many bytes. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#length > this.#mostBytes) this.#refuse();
    const bytes = this.#bytes.slice(0, this.#length) as Uint8Array<ArrayBuffer>;
    this.clear();
    return bytes;
  }

  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > MOST_KEPT_BYTES) this.#replace(new Uint8Array(FIRST_BYTES));
  }

  byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(FIXED_BYTES);
    this.#bytes[this.#length++] = byte;
  }

  /** Writes a safe integer of at least 0. */
  varint(value: number): void {
    this.#reserve(FIXED_BYTES);
    let rest = value;
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) + 0x80;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  double(value: number): void {
    this.#reserve(FIXED_BYTES);
    // The bits of NaN may differ between runtimes.
    if (Number.isNaN(value)) this.#view.setBigUint64(this.#length, 0x7ff8_0000_0000_0000n, true);
    else this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Writes the length, then the bytes. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes text with the shortest tag that fits. */
  text(text: string): void {
    if (text.length <= SHORT_TEXT_BYTES && this.#ascii(text)) return;
    if (!text.isWellFormed()) {
      this.#wide(text);
      return;
    }
    // UTF-8 has at least one byte per UTF-16 unit, so this text is over the limit. Refuses it before encoding.
    if (text.length > this.#mostBytes) this.#refuse();
    const bytes = encoder.encode(text);
    if (bytes.length > SHORT_TEXT_BYTES) {
      this.byte(Tag.TEXT);
      this.bytes(bytes);
      return;
    }
    this.#reserve(FIXED_BYTES + SHORT_TEXT_BYTES);
    this.#bytes[this.#length] = Tag.SHORT_TEXT + bytes.length;
    this.#bytes.set(bytes, this.#length + 1);
    this.#length += 1 + bytes.length;
  }

  /** Writes the text if it is all ASCII. Returns whether it did. */
  #ascii(text: string): boolean {
    const { length } = text;
    this.#reserve(FIXED_BYTES + SHORT_TEXT_BYTES);
    const bytes = this.#bytes;
    const start = this.#length + 1;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[start + i] = code;
    }
    bytes[start - 1] = Tag.SHORT_TEXT + length;
    this.#length = start + length;
    return true;
  }

  #wide(text: string): void {
    this.byte(Tag.WIDE_TEXT);
    this.varint(2 * text.length);
    this.#reserve(2 * text.length);
    for (let i = 0; i < text.length; i++) this.#view.setUint16(this.#length + 2 * i, text.charCodeAt(i), true);
    this.#length += 2 * text.length;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    if (needed - FIXED_BYTES - SHORT_TEXT_BYTES > this.#mostBytes) this.#refuse();
    const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#replace(bytes);
  }

  #replace(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #refuse(): never {
    throw new RangeError(`Cannot clone a value of more than ${this.#mostBytes} bytes`);
  }
}
