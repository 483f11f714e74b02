/**
 * The writes to one file that wait for the disk, as its readers see them.
 *
 * @module
 */

import type { OpenFile } from "../api/file_system.ts";
import { Fifo } from "./fifo.ts";

interface PendingWrite {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** Writes that come in one order and are done in the same. */
export class PendingWrites {
  readonly #writes: Fifo<PendingWrite> = new Fifo();
  /** Where the last of them in the file ends. What is done counts until none waits: then the file is as long. */
  #end = 0;
  #newest = 0;
  /** Whether each begins at or after the end of the one before it. */
  #ascending = true;

  /** Where the file ends at least. */
  get end(): number {
    return this.#end;
  }

  /** Adds a write of at least one byte; `bytes` must stay as they are. */
  add(position: number, bytes: Uint8Array): void {
    this.#ascending &&= position >= this.#newest;
    this.#newest = position + bytes.length;
    this.#end = Math.max(this.#end, this.#newest);
    this.#writes.push({ position, bytes });
  }

  /** Forgets the oldest write, which has been done. */
  removeFirst(): void {
    this.#writes.shift();
    if (this.#writes.length > 0) return;
    this.#end = 0;
    this.#newest = 0;
    this.#ascending = true;
  }

  /** Reads from `file` as if all were done; the contract is that of {@linkcode OpenFile.read}. */
  read(file: OpenFile, buffer: Uint8Array, position: number): number {
    let count = file.read(buffer, position);
    const end = Math.min(buffer.length, this.#end - position);
    // A read may give less than there is. To know what lies below a later write, all is needed.
    while (count < end) {
      const more = file.read(buffer.subarray(count, end), position + count);
      if (more === 0) break;
      count += more;
    }
    if (count < end) buffer.fill(0, count, end);
    const length = Math.max(count, end);
    this.#copyInto(buffer.subarray(0, length), position);
    return length;
  }

  #copyInto(buffer: Uint8Array, position: number): void {
    const bufferEnd = position + buffer.length;
    for (let index = this.#firstAfter(position); index < this.#writes.length; index++) {
      const write = this.#writes.at(index);
      if (!write) continue;
      if (this.#ascending && write.position >= bufferEnd) return;
      const start = Math.max(position, write.position);
      const end = Math.min(bufferEnd, write.position + write.bytes.length);
      if (start >= end) continue;
      buffer.set(write.bytes.subarray(start - write.position, end - write.position), start - position);
    }
  }

  /** The first write that can end after `position`. */
  #firstAfter(position: number): number {
    if (!this.#ascending) return 0;
    let [low, high] = [0, this.#writes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const write = this.#writes.at(middle);
      if (write && write.position + write.bytes.length <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
