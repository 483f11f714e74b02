/**
 * A clock that stands still unless a simulation moves it: the same seed meets the same times.
 *
 * @module
 */

import { clock } from "../../src/clock.ts";

/** In milliseconds; what the monotonic clock says goes on by it with each question, so that no busy time is short. */
const TICK_MS = 0.25;

/** While installed, the clock of all stores tells its time, and so does `Date.now`. */
export class SimulatedClock {
  /** In milliseconds since 1970. */
  nowMs = 1_700_000_000_000;
  #ticks = 0;
  readonly #date = Date.now;
  readonly #clock = { ...clock };

  /** Puts itself in the place of the runtime's clocks. */
  install(): void {
    Date.now = () => this.nowMs;
    clock.now = Date.now;
    clock.monotonic = () => {
      this.#ticks += TICK_MS;
      return this.#ticks;
    };
  }

  /** Gives them their place back. */
  uninstall(): void {
    Date.now = this.#date;
    Object.assign(clock, this.#clock);
  }
}
