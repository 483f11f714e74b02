/**
 * Lets transactions that conflict wait for each other. So each of them runs again once, and not once for each other
 * one.
 *
 * The first run of a transaction waits for nothing. After a conflict it waits for its turn among the transactions that
 * conflicted over the same key or range. After several conflicts it runs alone: no other transaction begins meanwhile.
 *
 * @module
 */

import { type EndTurn, FairQueue } from "../commit/fair_queue.ts";

/** After this many conflicts a transaction runs alone. */
const CONFLICTS_TO_RUN_ALONE = 3;

/** The turns of the transactions of one store. */
export class Contention {
  /** By the key or range of the conflict. */
  readonly #queues: Map<string, FairQueue> = new Map();
  readonly #alone = new FairQueue();
  readonly #turns: Turns = {
    alone: this.#alone,
    enter: (over, signal) => this.#enter(over, signal),
  };

  /** A transaction that begins. */
  newcomer(): Contender {
    return new Contender(this.#turns);
  }

  /** Lets all waiting transactions continue: the store is closed, or failed. */
  release(): void {
    this.#alone.release();
    for (const queue of this.#queues.values()) queue.release();
  }

  async #enter(over: string, signal: AbortSignal | undefined): Promise<EndTurn> {
    const queue = this.#queues.get(over) ?? new FairQueue();
    this.#queues.set(over, queue);
    const forget = () => {
      if (queue.isIdle && this.#queues.get(over) === queue) this.#queues.delete(over);
    };
    try {
      const end = await queue.enter(signal);
      return () => {
        end();
        forget();
      };
    } catch (error) {
      forget();
      throw error;
    }
  }
}

interface Turns {
  readonly alone: FairQueue;
  enter(over: string, signal: AbortSignal | undefined): Promise<EndTurn>;
}

/** One transaction, from its first run to its commit. */
export class Contender {
  readonly #turns: Turns;
  #conflicts = 0;
  #over = "";
  /** The key or range of the present turn; `undefined` without a turn. */
  #held: string | undefined;
  #end: EndTurn = () => {};

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Whether the next run may begin at once. */
  get isFree(): boolean {
    if (this.#conflicts === 0) return this.#turns.alone.isIdle;
    return this.#held === this.#wanted;
  }

  /** Settles when the next run may begin. Rejects with the signal's reason. */
  async begin(signal: AbortSignal | undefined): Promise<void> {
    this.end();
    const { alone, enter } = this.#turns;
    const wanted = this.#wanted;
    if (wanted === ALONE) {
      this.#end = await alone.enter(signal);
    } else {
      if (wanted !== undefined) this.#end = await enter(wanted, signal);
      await alone.passed(signal);
    }
    this.#held = wanted;
  }

  /** Records a conflict. A transaction that already has the right turn keeps it. */
  conflicted(over: string): void {
    this.#conflicts += 1;
    this.#over = over;
  }

  /** Ends the turn, if there is one. Idempotent. */
  end(): void {
    this.#end();
    this.#end = () => {};
    this.#held = undefined;
  }

  get #wanted(): string | undefined {
    if (this.#conflicts === 0) return undefined;
    return this.#conflicts >= CONFLICTS_TO_RUN_ALONE ? ALONE : `over ${this.#over}`;
  }
}

const ALONE = "alone";
