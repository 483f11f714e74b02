/**
 * Counts the calls in a given time, so that slow and fast stores are measured for equally long.
 *
 * @module
 */

import type { Outcome } from "./workload.ts";

/** Calls between two reads of the clock. Reading the clock takes as long as a fast read. */
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

/** As {@linkcode countSync}, but awaits promises. */
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
