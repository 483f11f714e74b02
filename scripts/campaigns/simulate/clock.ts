/**
 * A clock that a simulation moves, and timers that a simulation runs. So the same seed has the same times and the same
 * order, however busy the machine is.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { clock, type Timer, type Timers, timers } from "../../../src/clock.ts";
import { afterLightWork } from "../../../src/commit/event_loop.ts";

/** In milliseconds. Each look at the monotonic clock advances it by this, so that no busy time seems short. */
const TICK_MS = 0.25;
/** Each clock begins this much later than the one before, so that times that a module remembers are far in the past. */
const LIFETIME_MS = 2 ** 30;
/** A runtime runs immediates several times before the next timer is due. */
const ROUNDS_OF_IMMEDIATES = 4;
/** More light work than may be done without a look at the clock. */
const MUCH = 1 << 20;

let clocks = 0;

interface Waiting {
  readonly dueTurn: number;
  readonly job: () => void;
}

/**
 * While it is installed, all stores and `Date.now` use its time. Their timers wait for {@linkcode SimulatedClock.turn}.
 */
export class SimulatedClock {
  /** The time in milliseconds since 1970. */
  nowMs = 1_700_000_000_000;
  #ticks = 0;
  #turns = 0;
  readonly #waiting = new Map<Timer, Waiting>();
  #immediates: (() => void)[] = [];
  readonly #date = Date.now;
  readonly #clock = { ...clock };
  readonly #timers = { ...timers };

  /** Replaces the runtime's clocks and timers. */
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
      // An interval would only keep the process alive.
      setInterval: () => never,
      clearInterval: () => {},
      setImmediate: (job) => {
        this.#immediates.push(job);
      },
    };
    Object.assign(timers, own);
    // How much light work was done since the last look at the clock depends on earlier runs.
    void afterLightWork(MUCH);
  }

  /** Restores the clocks and timers. Discards timers that still wait. */
  uninstall(): void {
    Date.now = this.#date;
    Object.assign(clock, this.#clock);
    Object.assign(timers, this.#timers);
    this.#waiting.clear();
    this.#immediates = [];
  }

  /** Runs what is due, and everything that waits for it. One turn is a millisecond for timers. */
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

  /** Lets time pass, with all that becomes due. A turn in which nothing is due takes no time. */
  async pass(ms: number): Promise<void> {
    const end = this.#turns + ms;
    while (this.#turns < end) {
      const due = Math.min(end, ...Array.from(this.#waiting.values(), ({ dueTurn }) => dueTurn));
      const skipped = this.#immediates.length > 0 ? 0 : Math.max(0, due - this.#turns - 1);
      this.#turns += skipped;
      this.#ticks += skipped + 1;
      this.nowMs += skipped + 1;
      await this.turn();
    }
  }

  /** Settles when no promise has a callback left to run. */
  async drained(): Promise<void> {
    await drained();
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

/** Settles when no promise has a callback left to run. */
function drained(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
