/**
 * Long work that lets the event loop turn.
 *
 * @module
 */

import { clock, setImmediate } from "../clock.ts";

/** How long work may keep the event loop busy at a time, in milliseconds. */
export const BUSY_MS = 1;

/** When long work has to let the event loop turn. */
export class Turns {
  #started = clock.monotonic();
  readonly #busyMs: number;

  /** `busyMs` is how long the work may go on at a time. */
  constructor(busyMs: number = BUSY_MS) {
    this.#busyMs = busyMs;
  }

  /** `undefined` while the work may go on; otherwise settles in the next turn, from which on it may again. */
  next(): Promise<void> | undefined {
    const busyMs = clock.monotonic() - this.#started;
    // Where another clock was put in, as simulations do, the time may lie behind: then the work may have been long.
    if (busyMs >= 0 && busyMs < this.#busyMs) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#started = clock.monotonic();
        resolve();
      });
    });
  }
}

/** So much light work is done without a look at the clock: about as many reads of what is in memory take 50 µs. */
const LIGHT_WORK = 128;

/** A turn costs as much as hundreds of such reads. */
const LIGHT_BUSY_MS = 4;

const lightTurns = new Turns(LIGHT_BUSY_MS);
let lightWork = 0;

/**
 * When light work that is awaited has to let the event loop turn: promises that are settled already would keep it from turning for as
 * long as a caller awaits one after the other. `weight` is 1 for a small read. As {@linkcode Turns.next}.
 */
export function afterLightWork(weight: number): Promise<void> | undefined {
  lightWork += weight;
  if (lightWork < LIGHT_WORK) return undefined;
  lightWork = 0;
  return lightTurns.next();
}

/** How much work it is to read so many bytes. */
export function weightOf(bytes: number): number {
  return 1 + (bytes >>> 12);
}

/** What a run of one step counts as light work. */
const SHORT_RUN = 16;

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
  const turn = afterLightWork(SHORT_RUN);
  if (turn) await turn;
}
