/**
 * A queue that lets one caller run at a time, in the order of arrival.
 *
 * @module
 */

import { clearTimeout, setTimeout, type Timer } from "../clock.ts";
import { type Deferred, deferred, onAbort } from "../promises.ts";

/**
 * How long one turn can keep the others waiting. After that time the turn continues, and the next one begins beside it.
 * So no turn waits for ever for a turn that never ends, or that waits for it.
 */
const LONGEST_TURN_MS = 1000;

/** Ends a turn. Idempotent. */
export type EndTurn = () => void;

/** Gives out turns, one at a time. */
export class FairQueue {
  readonly #waiting: Set<Deferred<void>> = new Set();
  /** The current turn; `undefined` if the next one may begin. */
  #current: object | undefined;
  #timer: Timer | undefined;

  /** Whether no turn runs or waits. */
  get isIdle(): boolean {
    return this.#current === undefined && this.#waiting.size === 0;
  }

  /**
   * Settles when the turn begins, with the function that ends it. Rejects with the signal's reason if that comes first.
   */
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

  /** Settles when no turn runs or waits. For callers without a turn of their own. */
  async passed(signal: AbortSignal | undefined): Promise<void> {
    if (!this.isIdle) (await this.enter(signal))();
  }

  /** Lets all waiting turns begin at once. */
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
    // The turn is taken from here on: a caller that comes before the next turn has begun waits after it.
    this.#current = next;
    if (!next) return;
    this.#waiting.delete(next);
    next.resolve();
  }

  /** A turn has a time limit only while others wait. */
  #limit(): void {
    if (this.#waiting.size === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#next(), LONGEST_TURN_MS);
  }
}
