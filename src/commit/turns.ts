/**
 * Long work that lets the event loop turn.
 *
 * @module
 */

import { clock, setImmediate } from "../clock.ts";

/** How long work may keep the event loop busy at a time, in milliseconds. */
export const BUSY_MS = 2;

/** When long work has to let the event loop turn. */
export class Turns {
  #started = clock.monotonic();

  /** `undefined` while the work may go on; otherwise settles in the next turn, from which on it may again. */
  next(): Promise<void> | undefined {
    if (clock.monotonic() - this.#started < BUSY_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#started = clock.monotonic();
        resolve();
      });
    });
  }
}

/** Runs `step` until it says that there is no more, and lets the event loop turn in between. Stops at the signal. */
export async function runInSteps(
  step: () => boolean,
  options: { signal?: AbortSignal | undefined; wait?: () => Promise<void> | undefined } = {},
): Promise<void> {
  const turns = new Turns();
  options.signal?.throwIfAborted();
  while (step()) {
    await (options.wait?.() ?? turns.next());
    options.signal?.throwIfAborted();
  }
}
