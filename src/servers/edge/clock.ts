/**
 * Takes the place of `src/clock.ts` in bundles for runtimes that have no modules of Node. It has the same names.
 *
 * @module
 */

import type { Clock, Timer, Timers } from "../../clock.ts";

export type { Clock, Timer, Timers } from "../../clock.ts";

const { setTimeout: later, clearTimeout: notLater, setInterval: often, clearInterval: notOften } = globalThis;
const soon = (globalThis.setImmediate as ((job: () => void) => void) | undefined) ?? soonByMessage();

/**
 * Browsers delay nested timers by 4 ms, and those of a page in the background by a second. A message takes a turn of the
 * event loop, and nothing more.
 */
function soonByMessage(): ((job: () => void) => void) | undefined {
  if (typeof MessageChannel === "undefined") return undefined;
  const jobs: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => jobs.shift()?.();
  return (job) => {
    jobs.push(job);
    port2.postMessage(undefined);
  };
}

/** A timer of the runtime. Those of the web are numbers, which cannot let a process end. */
function timerOf(made: unknown): Timer {
  return typeof made === "object" && made !== null && "unref" in made ? (made as Timer) : new WebTimer(made as number);
}

/** A timer of the web. */
class WebTimer implements Timer {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  unref(): void {}
}

function idOf(timer: Timer | undefined): number | undefined {
  return timer instanceof WebTimer ? timer.id : (timer as number | undefined);
}

/** See `timers` of `src/clock.ts`. */
export const timers: Timers = {
  setTimeout: (job, ms) => timerOf(later(job, ms)),
  clearTimeout: (timer) => notLater(idOf(timer)),
  setInterval: (job, ms) => timerOf(often(job, ms)),
  clearInterval: (timer) => notOften(idOf(timer)),
  setImmediate: (job) => void (soon ? soon(job) : later(job, 0)),
};

export const setTimeout: Timers["setTimeout"] = (job, ms) => timers.setTimeout(job, ms);
export const clearTimeout: Timers["clearTimeout"] = (timer) => timers.clearTimeout(timer);
export const setInterval: Timers["setInterval"] = (job, ms) => timers.setInterval(job, ms);
export const clearInterval: Timers["clearInterval"] = (timer) => timers.clearInterval(timer);
export const setImmediate: Timers["setImmediate"] = (job) => timers.setImmediate(job);
export const queueMicrotask: (job: () => void) => void = (job) => globalThis.queueMicrotask(job);

/** Settles after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
