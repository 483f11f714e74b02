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
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }
}
