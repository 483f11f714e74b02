/**
 * A clock that stands still unless a simulation moves it, and timers that a simulation turns: the same seed meets the same times
 * and the same order, on however busy a machine.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { clock, type Timer, type Timers, timers } from "../../../src/clock.ts";
import { afterLightWork } from "../../../src/commit/event_loop.ts";

/** In milliseconds; what the monotonic clock says goes on by it with each question, so that no busy time is short. */
const TICK_MS = 0.25;
/** Each clock begins so much later than the one before: what a module remembers of one lies far back for the next. */
const LIFETIME_MS = 2 ** 30;
/** A runtime calls immediates again and again before the next timer is due. */
const ROUNDS_OF_IMMEDIATES = 4;
/** Of light work: more than is done without a look at the clock. */
const MUCH = 1 << 20;

let clocks = 0;

interface Waiting {
  readonly dueTurn: number;
  readonly job: () => void;
}

/** While installed, the clock of all stores tells its time, and so does `Date.now`; their timers wait for {@linkcode SimulatedClock.turn}. */
export class SimulatedClock {
  /** In milliseconds since 1970. */
  nowMs = 1_700_000_000_000;
  #ticks = 0;
  #turns = 0;
  readonly #waiting = new Map<Timer, Waiting>();
  #immediates: (() => void)[] = [];
  readonly #date = Date.now;
  readonly #clock = { ...clock };
  readonly #timers = { ...timers };

  /** Puts itself in the place of the runtime's clocks and timers. */
  install(): void {
    clocks += 1;
    this.#ticks = clocks * LIFETIME_MS;
    Date.now = () => this.nowMs;
    clock.now = Date.now;
    clock.monotonic = () => {
      this.#ticks += TICK_MS;
      return this.#ticks;
    };
    const never: Timer = { unref: () => {} };
    const own: Timers = {
      setTimeout: (job, ms) => this.#wait(job, ms),
      clearTimeout: (timer) => this.#forget(timer),
      // What goes on for ever would only keep the process alive.
      setInterval: () => never,
      clearInterval: () => {},
      setImmediate: (job) => {
        this.#immediates.push(job);
      },
    };
    Object.assign(timers, own);
    // How much light work was done since the last look at the clock depends on what ran before.
    void afterLightWork(MUCH);
  }

  /** Gives them their place back. What still waits is forgotten. */
  uninstall(): void {
    Date.now = this.#date;
    Object.assign(clock, this.#clock);
    Object.assign(timers, this.#timers);
    this.#waiting.clear();
    this.#immediates = [];
  }

  /** Calls what is due, and lets all go on that waited for it. A turn is a millisecond to timers. */
  async turn(): Promise<void> {
    this.#turns += 1;
    await drained();
    for (const [timer, { dueTurn, job }] of [...this.#waiting]) {
      if (dueTurn > this.#turns || !this.#waiting.delete(timer)) continue;
      job();
      await drained();
    }
    for (let round = 0; round < ROUNDS_OF_IMMEDIATES && this.#immediates.length > 0; round++) {
      for (const job of this.#immediates.splice(0)) {
        job();
        await drained();
      }
    }
  }

  #wait(job: () => void, ms: number): Timer {
    const timer: Timer = { unref: () => {} };
    this.#waiting.set(timer, { dueTurn: this.#turns + Math.max(1, ms), job });
    return timer;
  }

  #forget(timer: Timer | undefined): void {
    if (timer) this.#waiting.delete(timer);
  }
}

/** Settles when no promise has anything to call any more. */
function drained(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
