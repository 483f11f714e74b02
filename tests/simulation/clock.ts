/**
 * A clock that stands still unless a simulation moves it: the same seed meets the same times.
 *
 * @module
 */

/** In milliseconds; what {@linkcode performance.now} says goes on by it with each question, so that no busy time is short. */
const TICK_MS = 0.25;

/** While installed, `Date.now` and `performance.now` tell its time. */
export class SimulatedClock {
  /** In milliseconds since 1970. */
  nowMs = 1_700_000_000_000;
  #ticks = 0;
  readonly #date = Date.now;
  readonly #performance = performance.now;

  /** Puts itself in the place of the runtime's clocks. */
  install(): void {
    Date.now = () => this.nowMs;
    performance.now = () => {
      this.#ticks += TICK_MS;
      return this.#ticks;
    };
  }

  /** Gives them their place back. */
  uninstall(): void {
    Date.now = this.#date;
    performance.now = this.#performance;
  }
}
