/**
 * Orders in which programs write their keys.
 *
 * @module
 */

import type { Random } from "../../lib/random.ts";

/** Each key once, spread over all keys, of several lengths. */
export const spread =
  (stride: number, modulus: number): ((i: number) => string) =>
  (i) =>
    `k${(i * stride) % modulus}`;

/** Draws how the i-th write finds its key. All keys are ASCII, so that their order is that of their bytes. */
export function keysOf(random: Random): (i: number) => string {
  const stride = random.pick([7919, 48_271]);
  const modulus = random.pick([100_003, 10_000_019]);
  const few = 500 + random.below(5000);
  const lanes = 2 + random.below(6);
  return random.pick([
    spread(stride, modulus),
    // Some keys again and again.
    (i: number) => `k${i % few}`,
    () => `k${random.below(few * 4)}`,
    () => random.below(2 ** 32).toString(36),
    // Rising keys, as of times, alone and in lanes: many go into one gap between two blocks.
    (i: number) => `t${String(i).padStart(9, "0")}`,
    (i: number) => `${i % lanes}/${String(i).padStart(9, "0")}`,
    (i: number) =>
      i % 8 === 0 ? random.below(2 ** 32).toString(36) : `${random.below(lanes)}/${String(i).padStart(9, "0")}`,
  ]);
}
