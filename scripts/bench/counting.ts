/**
 * Counts how many calls fit into a time: a store that is slow is measured as long as one that is fast.
 *
 * @module
 */

import type { Outcome } from "./workload.ts";

/** Calls between two looks at the clock, which takes as long as a fast read does. */
const STRIDE = 64;

/** Calls with 0, 1, 2, … for `seconds`, at most `most` times. */
export function countSync(seconds: number, most: number, call: (i: number) => void): Outcome {
  const started = performance.now();
  let [operations, elapsed] = [0, 0];
  while (operations < most && elapsed < seconds) {
    const end = Math.min(most, operations + STRIDE);
    while (operations < end) call(operations++);
    elapsed = (performance.now() - started) / 1000;
  }
  return { operations, seconds: elapsed };
}

/** As {@linkcode countSync}; awaits what is a promise. */
export async function countAwaited(seconds: number, most: number, call: (i: number) => unknown): Promise<Outcome> {
  const started = performance.now();
  let [operations, elapsed] = [0, 0];
  while (operations < most && elapsed < seconds) {
    const end = Math.min(most, operations + STRIDE);
    while (operations < end) {
      const result = call(operations++);
      if (result instanceof Promise) await result;
    }
    elapsed = (performance.now() - started) / 1000;
  }
  return { operations, seconds: elapsed };
}
