/**
 * More choices from a seed.
 *
 * @module
 */

import { Random as Numbers } from "../crash/plan.ts";

/** Random choices that a seed repeats. */
export class Random extends Numbers {
  /** One of some. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Bytes that do not compress. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.below(2 ** 32);
      for (let i = 0; i < 4; i++) bytes[at + i] = word >>> (8 * i);
    }
    return bytes;
  }
}
