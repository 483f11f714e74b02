/**
 * Removes the pieces of large values that no entry shows any more, now and then.
 *
 * @module
 */

import { clearTimeout, setTimeout, type Timer } from "../../clock.ts";
import type { PieceStore } from "./pieces.ts";

/** The first sweep begins so long after the start, in milliseconds; the next ones, after the one before. */
const FIRST_MS = 30_000;
const PAUSE_MS = 300_000;
/** The pause between two steps, in milliseconds. */
const STEP_MS = 100;

/** The sweeps of one client. */
export class Sweeps {
  readonly #pieces: PieceStore;
  #timer: Timer | undefined;
  #isStopped = false;
  #failed = 0;
  #failure: unknown;

  constructor(pieces: PieceStore) {
    this.#pieces = pieces;
  }

  /** How many sweeps failed, and the newest failure. */
  get figures(): { readonly failedTrims: number; readonly lastFailure: unknown } {
    return { failedTrims: this.#failed, lastFailure: this.#failure };
  }

  start(): void {
    this.#next(FIRST_MS, undefined);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #next(ms: number, last: string | undefined): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#step(last), ms);
    this.#timer.unref();
  }

  async #step(last: string | undefined): Promise<void> {
    try {
      const next = await this.#pieces.sweep(last);
      this.#next(next === undefined ? PAUSE_MS : STEP_MS, next);
    } catch (failure) {
      // Calls of the user report what is wrong. The next sweep removes what is left.
      this.#failed += 1;
      this.#failure = failure;
      this.#next(PAUSE_MS, undefined);
    }
  }
}
