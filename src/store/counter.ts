/**
 * Counts entries.
 *
 * @module
 */

import { type ByteRange, restOf } from "../byte_range.ts";
import type { HeldReadSource, ReadSource } from "./read_source.ts";

/** Counts the entries of a range in steps, at one version. */
export class Counter {
  total = 0;
  #source: ReadSource;
  #held: HeldReadSource | undefined;
  #rest: ByteRange;

  constructor(source: ReadSource, range: ByteRange) {
    this.#source = source;
    this.#rest = range;
  }

  /** Returns whether there is more. */
  step(): boolean {
    if (this.#rest.limit === 0) return false;
    const { count, last } = this.#source.count(this.#rest);
    this.total += count;
    if (!last) {
      this.release();
      return false;
    }
    this.#held ??= this.#source.hold();
    this.#source = this.#held;
    this.#rest = restOf(this.#rest, last, count);
    return true;
  }

  release(): void {
    this.#held?.release();
    this.#held = undefined;
  }
}
