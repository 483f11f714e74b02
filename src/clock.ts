/**
 * Timers and clocks, taken when the module is loaded. Test runners (Jest, Vitest, sinon) can replace the globals with
 * fake ones. With fake timers a store would wait for a turn that never comes, and its lock would look like that of a
 * dead process.
 *
 * @module
 */

import * as runtime from "node:timers";
import { process } from "./process.ts";

/** A timer that runs. */
export interface Timer {
  /** Lets the process end although the timer runs. */
  unref(): unknown;
}

/** Calls a job later. */
export interface Timers {
  setTimeout: (job: () => void, ms: number) => Timer;
  clearTimeout: (timer: Timer | undefined) => void;
  setInterval: (job: () => void, ms: number) => Timer;
  clearInterval: (timer: Timer | undefined) => void;
  setImmediate: (job: () => void) => void;
}

/** The timers of all stores: the runtime's own, even if the globals are fake now. A simulation replaces them. */
export const timers: Timers = {
  setTimeout: runtime.setTimeout,
  clearTimeout: runtime.clearTimeout as Timers["clearTimeout"],
  setInterval: runtime.setInterval,
  clearInterval: runtime.clearInterval as Timers["clearInterval"],
  setImmediate: runtime.setImmediate,
};

/** See {@linkcode timers}. */
export const setTimeout: Timers["setTimeout"] = (job, ms) => timers.setTimeout(job, ms);
/** See {@linkcode timers}. */
export const clearTimeout: Timers["clearTimeout"] = (timer) => timers.clearTimeout(timer);
/** See {@linkcode timers}. */
export const setInterval: Timers["setInterval"] = (job, ms) => timers.setInterval(job, ms);
/** See {@linkcode timers}. */
export const clearInterval: Timers["clearInterval"] = (timer) => timers.clearInterval(timer);
/** See {@linkcode timers}. */
export const setImmediate: Timers["setImmediate"] = (job) => timers.setImmediate(job);
/** The runtime's own, even if the global is a fake now. */
export const queueMicrotask: (job: () => void) => void = globalThis.queueMicrotask;

/** Settles after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Tells the time. */
export interface Clock {
  /** Milliseconds since 1970, by the machine's clock, which may jump. */
  now: () => number;
  /** Milliseconds since some moment. It never jumps, but may stop while the machine sleeps. */
  monotonic: () => number;
}

const { hrtime } = process;

/** Does not use `performance`: reading that global loads `node:perf_hooks` on Node, which takes 2 ms. */
function monotonic(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** The clock of all stores. Tests replace its functions. */
export const clock: Clock = { now: Date.now, monotonic };
