/**
 * The engine's linear memory: requests in, replies out. Nothing else reads or writes it, but the host's file transfers.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import type { EngineExports } from "./exports.ts";

/** Above this the engine gives the request buffer back when a smaller one will do. */
const REQUEST_KEPT_BYTES = 1 << 20;
/** Where the numbers of the reply header begin, in units of 8 bytes. */
const HEADER_NUMBERS = 2;
const ENTRY_HEADER_BYTES = 8;
const VERSIONED_HEADER_BYTES = 24;
/** Up to this many bytes a loop copies faster than `set`. */
const SHORT_BYTES = 32;
/** The length of a value that is not there. */
export const NO_VALUE = 0xffffffff;

/** One entry of a page. */
export interface PageEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** One version of a key. */
export interface VersionEntry {
  readonly version: number;
  /** When it expires, in milliseconds since 1970; 0 for never. */
  readonly expiresMs: number;
  /** `undefined` when the key was deleted, or the value has expired. */
  readonly value: Uint8Array | undefined;
}

/** Marshals bytes between JavaScript and one engine instance. */
export class EngineMemory {
  readonly #exports: EngineExports;
  readonly #header: number;
  #request = 0;
  #capacity = 0;
  #bytes: Uint8Array;
  #words: Uint32Array;
  #numbers: Float64Array;

  /** The instance must be initialised. */
  constructor(exports: EngineExports) {
    this.#exports = exports;
    this.#header = exports.luge_reply();
    this.#bytes = new Uint8Array(exports.memory.buffer);
    this.#words = new Uint32Array(exports.memory.buffer);
    this.#numbers = new Float64Array(exports.memory.buffer);
  }

  /** Puts `first` and, behind it, `second` into the request buffer; throws `OUT_OF_MEMORY` when it cannot grow. */
  request(first: Uint8Array, second: Uint8Array | undefined): void {
    const length = first.length + (second?.length ?? 0);
    if (length > this.#capacity || this.#capacity > REQUEST_KEPT_BYTES) this.#reserve(length);
    const bytes = this.#view();
    const at = this.#request;
    if (first.length <= SHORT_BYTES) for (let i = 0; i < first.length; i++) bytes[at + i] = first[i] as number;
    else bytes.set(first, at);
    if (second) bytes.set(second, at + first.length);
  }

  /** The length of the reply in bytes, also of one that is yet to be read. */
  get replyLength(): number {
    this.#view();
    return this.#words[this.#header / 4 + 1] ?? 0;
  }

  /** How many entries the reply has. */
  get replyCount(): number {
    this.#view();
    return this.#words[this.#header / 4 + 2] ?? 0;
  }

  /** Whether the engine has work to do behind the commits, as of the last write. */
  get hasWork(): boolean {
    this.#view();
    return this.#words[this.#header / 4 + 3] !== 0;
  }

  /** The version in the reply. */
  get replyVersion(): number {
    this.#view();
    return this.#numbers[this.#header / 8 + HEADER_NUMBERS] ?? 0;
  }

  /** A copy of the reply, which the caller owns. */
  reply(): Uint8Array {
    const view = this.#view();
    const address = this.#words[this.#header / 4] ?? 0;
    return view.slice(address, address + this.replyLength);
  }

  /** Copies the reply into `target`, from `at` on; returns how many bytes it had. */
  replyInto(target: Uint8Array, at: number): number {
    const view = this.#view();
    const address = this.#words[this.#header / 4] ?? 0;
    const length = this.replyLength;
    target.set(view.subarray(address, address + length), at);
    return length;
  }

  /** The reply as text. */
  replyText(): string {
    return new TextDecoder().decode(this.reply());
  }

  /** The reply as a page of entries, each with bytes of its own. */
  *replyPage(): Generator<PageEntry> {
    const count = this.replyCount;
    const bytes = this.reply();
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (let i = 0; i < count; i++) {
      const keyEnd = at + ENTRY_HEADER_BYTES + view.getUint32(at, true);
      const valueEnd = keyEnd + view.getUint32(at + 4, true);
      yield { key: bytes.slice(at + ENTRY_HEADER_BYTES, keyEnd), value: bytes.slice(keyEnd, valueEnd) };
      at = valueEnd;
    }
  }

  /** The reply as a page of the versions of one key. */
  replyVersions(): VersionEntry[] {
    const bytes = this.reply();
    const view = new DataView(bytes.buffer);
    let at = 0;
    return Array.from({ length: this.replyCount }, () => {
      const length = view.getUint32(at + 4, true);
      const [version, expiresMs] = [view.getFloat64(at + 8, true), view.getFloat64(at + 16, true)];
      const start = at + VERSIONED_HEADER_BYTES + view.getUint32(at, true);
      at = length === NO_VALUE ? start : start + length;
      return { version, expiresMs, value: length === NO_VALUE ? undefined : bytes.slice(start, at) };
    });
  }

  #reserve(length: number): void {
    const address = this.#exports.luge_reserve(length);
    if (address === 0) {
      this.#capacity = 0;
      throw new StoreError("OUT_OF_MEMORY", `Cannot send ${length} bytes to the engine: its memory cannot grow`);
    }
    this.#request = address;
    this.#capacity = Math.max(length, 4096);
  }

  /** Growing the memory detaches every view of it: take fresh ones then. */
  #view(): Uint8Array {
    if (this.#bytes.length === 0) {
      this.#bytes = new Uint8Array(this.#exports.memory.buffer);
      this.#words = new Uint32Array(this.#exports.memory.buffer);
      this.#numbers = new Float64Array(this.#exports.memory.buffer);
    }
    return this.#bytes;
  }
}
