/**
 * Timers and clocks, taken when the module is loaded. Test runners put fake ones in their place (Jest, Vitest, sinon): with those
 * a store would wait for a turn that never comes, and its lock would look like that of a dead process.
 *
 * @module
 */

import * as runtime from "node:timers";
import { process } from "./process.ts";

/** Something that waits. */
export interface Timer {
  /** Lets the process end all the same. */
  unref(): unknown;
}

/** What calls a job later. */
export interface Timers {
  setTimeout: (job: () => void, ms: number) => Timer;
  clearTimeout: (timer: Timer | undefined) => void;
  setInterval: (job: () => void, ms: number) => Timer;
  clearInterval: (timer: Timer | undefined) => void;
  setImmediate: (job: () => void) => void;
}

/** The timers of all stores: the runtime's own, whatever is in their place now. A simulation puts its own into it. */
export const timers: Timers = {
  setTimeout: runtime.setTimeout,
  clearTimeout: runtime.clearTimeout as Timers["clearTimeout"],
  setInterval: runtime.setInterval,
  clearInterval: runtime.clearInterval as Timers["clearInterval"],
  setImmediate: runtime.setImmediate,
};

/** As of {@linkcode timers}. */
export const setTimeout: Timers["setTimeout"] = (job, ms) => timers.setTimeout(job, ms);
/** As of {@linkcode timers}. */
export const clearTimeout: Timers["clearTimeout"] = (timer) => timers.clearTimeout(timer);
/** As of {@linkcode timers}. */
export const setInterval: Timers["setInterval"] = (job, ms) => timers.setInterval(job, ms);
/** As of {@linkcode timers}. */
export const clearInterval: Timers["clearInterval"] = (timer) => timers.clearInterval(timer);
/** As of {@linkcode timers}. */
export const setImmediate: Timers["setImmediate"] = (job) => timers.setImmediate(job);
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
