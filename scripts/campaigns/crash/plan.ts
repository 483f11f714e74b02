/**
 * The writes of a writer, derived from a seed. From the number of a step, the driver knows its key and its value.
 *
 * @module
 */

import { Random } from "../../lib/random.ts";

/** One write. */
export interface Step {
  readonly kind: "put" | "delete";
  /** Grows with each step of all writers. Step `n` belongs to writer `n % writers`. */
  readonly number: number;
  readonly key: number;
  readonly sizeBytes: number;
  readonly seed: number;
}

/** Few keys, so that they are overwritten and deleted often. */
const KEYS_A_WRITER = 40;
/** A worker starts only if one step cannot merge a whole write buffer. That takes many blocks. */
const KEYS_FOR_A_WORKER = 4000;
const SMALL_BYTES = 400;
/** Values of 4 KiB or more stay in the log. */
const LARGE_BYTES = 300_000;

/** In a third of the runs, also the worker of the store is killed. */
export function killsWorker(seed: number): boolean {
  return Math.floor(seed / 3) % 3 === 2;
}

/** The endless sequence of one writer's steps. */
export class Plan {
  readonly #seed: number;
  readonly #writer: number;
  readonly #writers: number;
  readonly #random: Random;
  #count = 0;

  constructor(seed: number, writer: number, writers: number) {
    this.#seed = seed;
    this.#writer = writer;
    this.#writers = writers;
    this.#random = new Random(seed * 1000 + writer);
  }

  next(): Step {
    const random = this.#random;
    const kind = random.below(5) === 0 ? "delete" : "put";
    const keys = killsWorker(this.#seed) ? KEYS_FOR_A_WORKER : KEYS_A_WRITER;
    const key = random.below(keys) * this.#writers + this.#writer;
    const sizeBytes = 1 + (random.below(30) === 0 ? random.below(LARGE_BYTES) : random.below(SMALL_BYTES));
    const number = this.#count * this.#writers + this.#writer;
    this.#count += 1;
    return { kind, number, key, sizeBytes, seed: this.#seed };
  }
}

/** The name of a key. */
export function keyOf(key: number): string {
  return `key/${key}`;
}

/** The value of a put. Every part of it has its length, seed and number. */
export function contentOf({ sizeBytes, number, seed }: Step): Uint8Array {
  const mark = new TextEncoder().encode(`${seed}.${number}.${sizeBytes};`);
  return Uint8Array.from({ length: sizeBytes }, (_, i) => mark[i % mark.length] ?? 0);
}
