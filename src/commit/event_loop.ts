/**
 * Lets the event loop turn during long work.
 *
 * @module
 */

import { clock, setImmediate } from "../clock.ts";
import { keepAlive } from "./keep_alive.ts";

/** How long work may block the event loop at a time, in milliseconds. */
export const BUSY_MS = 1;

/** Says when long work must let the event loop turn. */
export class Turns {
  #started = clock.monotonic();
  readonly #busyMs: number;

  /** `busyMs` is how long the work may run at a time, in milliseconds. */
  constructor(busyMs: number = BUSY_MS) {
    this.#busyMs = busyMs;
  }

  /** `undefined` while the work may continue. Otherwise settles in the next turn; then the work may continue. */
  next(): Promise<void> | undefined {
    const busyMs = clock.monotonic() - this.#started;
    // A simulation may replace the clock, so the time may be in the past. Then assume that the work was long.
    if (busyMs >= 0 && busyMs < this.#busyMs) return undefined;
    return turn().then(() => {
      this.#started = clock.monotonic();
    });
  }
}

/** Settles in the next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => resolve());
  });
}

/** How much light work is done between two looks at the clock. So many reads from memory take about 50 µs. */
const LIGHT_WORK = 128;

/** A turn of the event loop costs as much as hundreds of reads from memory. */
const LIGHT_BUSY_MS = 4;

const lightTurns = new Turns(LIGHT_BUSY_MS);
let lightWork = 0;

/**
 * Says when light work that is awaited must let the event loop turn. Promises that are already settled would keep it
 * from turning for as long as a caller awaits one after the other. `weight` is 1 for a small read. Returns the same as
 * {@linkcode Turns.next}.
 */
export function afterLightWork(weight: number): Promise<void> | undefined {
  lightWork += weight;
  if (lightWork < LIGHT_WORK) return undefined;
  lightWork = 0;
  return lightTurns.next();
}

/** The weight of a read of that many bytes. */
export function weightOf(bytes: number): number {
  return 1 + (bytes >>> 12);
}

/** Waits for a worker thread. The thread keeps no process alive, so this does. */
async function keptAlive(waiting: Promise<void>): Promise<void> {
  const end = keepAlive();
  try {
    await waiting;
  } finally {
    end();
  }
}

/** The weight of a run that has one step. */
const SHORT_RUN = 16;

/** Runs `step` until it returns that there is no more, and lets the event loop turn in between. Stops at the signal. */
export async function runInSteps(
  step: () => boolean,
  options: { signal?: AbortSignal | undefined; wait?: () => Promise<void> | undefined } = {},
): Promise<void> {
  const turns = new Turns();
  options.signal?.throwIfAborted();
  while (step()) {
    const waiting = options.wait?.();
    if (waiting) await keptAlive(waiting);
    else await turns.next();
    options.signal?.throwIfAborted();
  }
  const turn = afterLightWork(SHORT_RUN);
  if (turn) await turn;
}
