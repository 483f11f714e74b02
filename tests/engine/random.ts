/**
 * More choices from a seed.
 *
 * @module
 */

import { Random as Numbers } from "../../scripts/crash/plan.ts";

/** Random choices that a seed repeats. */
export class Random extends Numbers {
  /** One of some. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** Bytes that do not compress. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
