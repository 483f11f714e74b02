/**
 * Timers and clocks, taken when the module is loaded. Test runners put fake ones in their place (Jest, Vitest, sinon): with those
 * a store would wait for a turn that never comes, and its lock would look like that of a dead process.
 *
 * @module
 */

import * as timers from "node:timers";
import { process } from "./process.ts";

/** As the runtime's own, whatever is in its place now. */
export const setTimeout: typeof timers.setTimeout = timers.setTimeout;
/** As the runtime's own, whatever is in its place now. */
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout;
/** As the runtime's own, whatever is in its place now. */
export const setInterval: typeof timers.setInterval = timers.setInterval;
/** As the runtime's own, whatever is in its place now. */
export const clearInterval: typeof timers.clearInterval = timers.clearInterval;
/** As the runtime's own, whatever is in its place now. */
export const setImmediate: typeof timers.setImmediate = timers.setImmediate;
/** As the runtime's own, whatever is in its place now. */
export const queueMicrotask: (job: () => void) => void = globalThis.queueMicrotask;

/** Settles after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** What tells the time. */
export interface Clock {
  /** Milliseconds since 1970, as the machine's clock has it: it may jump. */
  now: () => number;
  /** Milliseconds since some moment: it never jumps, and may stand still while the machine sleeps. */
  monotonic: () => number;
}

const { hrtime } = process;

/** Not `performance`: reading that global loads `node:perf_hooks` on Node, which takes 2 ms. */
function monotonic(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** The one clock of all stores. Tests put times of their own into it. */
export const clock: Clock = { now: Date.now, monotonic };
