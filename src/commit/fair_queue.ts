/**
 * A queue in which one runs at a time, in the order of arrival.
 *
 * @module
 */

import { clearTimeout, setTimeout, type Timer } from "../clock.ts";
import { type Deferred, deferred, onAbort } from "../promises.ts";

/**
 * How long one turn keeps the others waiting. A turn that takes longer goes on, and the next one begins beside it: nobody waits for ever for
 * a turn that waits for him, or never ends.
 */
const LONGEST_TURN_MS = 1000;

/** Ends a turn; idempotent. */
export type EndTurn = () => void;

/** Gives turns, one at a time. */
export class FairQueue {
  readonly #waiting: Set<Deferred<void>> = new Set();
  /** The turn that runs; `undefined` when the next one may begin. */
  #current: object | undefined;
  #timer: Timer | undefined;

  /** Whether nobody has a turn or waits for one. */
  get isIdle(): boolean {
    return this.#current === undefined && this.#waiting.size === 0;
  }

  /** Settles with the end of the turn, once it has begun; rejects with the reason of the signal when that comes first. */
  async enter(signal: AbortSignal | undefined): Promise<EndTurn> {
    signal?.throwIfAborted();
    if (this.#current !== undefined) await this.#wait(signal);
    const turn = {};
    this.#current = turn;
    this.#limit();
    return () => {
      if (this.#current === turn) this.#next();
    };
  }

  /** Settles once no turn runs and none waits: for those who have none of their own. */
  async passed(signal: AbortSignal | undefined): Promise<void> {
    if (!this.isIdle) (await this.enter(signal))();
  }

  /** Lets all begin at once that wait. */
  release(): void {
    for (const waiting of this.#waiting) waiting.resolve();
    this.#waiting.clear();
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const turn = deferred<void>();
    this.#waiting.add(turn);
    this.#limit();
    const release = onAbort(signal, () => {
      if (this.#waiting.delete(turn)) turn.reject(signal?.reason);
    });
    try {
      await turn.promise;
    } finally {
      release();
    }
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [next] = this.#waiting;
    // Taken from here on: who comes before the next one has begun waits behind it.
    this.#current = next;
    if (!next) return;
    this.#waiting.delete(next);
    next.resolve();
  }

  /** Only who keeps others waiting is limited. */
  #limit(): void {
    if (this.#waiting.size === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#next(), LONGEST_TURN_MS);
  }
}
