/**
 * The engine's linear memory: requests in, replies out. Nothing else reads or writes it, but the host's file transfers.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import type { EngineExports } from "./exports.ts";

/** Above this the engine gives the request buffer back when a smaller one will do. */
const REQUEST_KEPT_BYTES = 1 << 20;
const ENTRY_HEADER_BYTES = 8;

/** One entry of a page. */
export interface PageEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Marshals bytes between JavaScript and one engine instance. */
export class EngineMemory {
  readonly #exports: EngineExports;
  readonly #header: number;
  #request = 0;
  #capacity = 0;
  #bytes: Uint8Array;
  #words: Uint32Array;

  /** The instance must be initialised. */
  constructor(exports: EngineExports) {
    this.#exports = exports;
    this.#header = exports.luge_reply() / 4;
    this.#bytes = new Uint8Array(exports.memory.buffer);
    this.#words = new Uint32Array(exports.memory.buffer);
  }

  /** Puts `first` and, behind it, `second` into the request buffer; throws `OUT_OF_MEMORY` when it cannot grow. */
  request(first: Uint8Array, second: Uint8Array | undefined): void {
    const length = first.length + (second?.length ?? 0);
    if (length > this.#capacity || this.#capacity > REQUEST_KEPT_BYTES) this.#reserve(length);
    const bytes = this.#view();
    bytes.set(first, this.#request);
    if (second) bytes.set(second, this.#request + first.length);
  }

  /** A copy of the reply, which the caller owns. */
  reply(): Uint8Array {
    const [address, length] = this.#reply();
    return this.#view().slice(address, address + length);
  }

  /** The reply as text. */
  replyText(): string {
    return new TextDecoder().decode(this.reply());
  }

  /** The reply as a page of entries, each with bytes of its own. */
  *replyPage(): Generator<PageEntry> {
    const [, , count] = this.#reply();
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

  #reserve(length: number): void {
    const address = this.#exports.luge_reserve(length);
    if (address === 0) {
      this.#capacity = 0;
      throw new StoreError("OUT_OF_MEMORY", `Cannot send ${length} bytes to the engine: its memory cannot grow`);
    }
    this.#request = address;
    this.#capacity = Math.max(length, 4096);
  }

  #reply(): [address: number, length: number, count: number] {
    this.#view();
    const words = this.#words;
    return [words[this.#header] ?? 0, words[this.#header + 1] ?? 0, words[this.#header + 2] ?? 0];
  }

  /** Growing the memory detaches every view of it: take fresh ones then. */
  #view(): Uint8Array {
    if (this.#bytes.length === 0) {
      this.#bytes = new Uint8Array(this.#exports.memory.buffer);
      this.#words = new Uint32Array(this.#exports.memory.buffer);
    }
    return this.#bytes;
  }
}
