/**
 * Work behind the commits: small steps between the turns of the event loop.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "node:timers";

/** How long steps may keep the event loop busy at a time, in milliseconds. */
const BUSY_MS = 2;

/** Runs steps while there is work. It keeps no process alive: what it leaves undone is done after the next open. */
export class Background {
  readonly #step: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #longestMs = 0;

  /** How long the longest step took, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** `step` does a small part of the work and says whether there is more. */
  constructor(step: () => boolean) {
    this.#step = step;
  }

  /** Takes note that there is work. */
  wake(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#run(), 0);
    this.#timer.unref();
  }

  /** Stops; what is left undone stays so. */
  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    const started = performance.now();
    let [more, now] = [true, started];
    while (more && now - started < BUSY_MS) {
      more = this.#step();
      const after = performance.now();
      this.#longestMs = Math.max(this.#longestMs, after - now);
      now = after;
    }
    if (more) this.wake();
  }
}

/** Runs `step` until it says that there is no more, and lets the event loop turn in between. */
export async function runInSteps(step: () => boolean): Promise<void> {
  for (let more = true; more; ) {
    const started = performance.now();
    while (more && performance.now() - started < BUSY_MS) more = step();
    if (more) await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
}
