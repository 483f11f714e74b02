/**
 * Background work after commits: small steps between the turns of the event loop.
 *
 * @module
 */

import { clearTimeout, clock, setTimeout, type Timer } from "../clock.ts";
import { BUSY_MS } from "./event_loop.ts";

/**
 * Runs steps while there is work. It does not keep the process alive: the rest of the work is done after the next open.
 */
export class Background {
  readonly #step: () => boolean;
  readonly #congestion: () => Promise<void> | undefined;
  #waiting = false;
  #stopped = false;
  #timer: Timer | undefined;

  /**
   * `step` does a small part of the work and returns whether there is more. `congestion` returns what it must wait for
   * first.
   */
  constructor(step: () => boolean, congestion: () => Promise<void> | undefined) {
    this.#step = step;
    this.#congestion = congestion;
  }

  /** Starts the steps, because there is work. */
  wake(): void {
    if (this.#timer !== undefined || this.#waiting || this.#stopped) return;
    this.#timer = setTimeout(() => this.#run(), 0);
    this.#timer.unref();
  }

  /** Stops for good. The rest of the work stays undone. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #waitFor(congestion: Promise<void>): void {
    this.#waiting = true;
    const goOn = () => {
      this.#waiting = false;
      this.wake();
    };
    // A failure is not lost: the next step throws it.
    congestion.then(goOn, goOn);
  }

  #run(): void {
    this.#timer = undefined;
    let congestion = this.#congestion();
    const started = clock.monotonic();
    let [more, now, tookMs] = [true, started, 0];
    // Leaves room for another step that is as long as the last one.
    while (more && !congestion && now - started + tookMs < BUSY_MS) {
      more = this.#step();
      const after = clock.monotonic();
      tookMs = after - now;
      now = after;
      if (more) congestion = this.#congestion();
    }
    if (congestion) this.#waitFor(congestion);
    else if (more) this.wake();
  }
}
