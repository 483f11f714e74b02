/**
 * The numbers of a client's writes. Each write without an answer has a slot of its own among the records that the owner
 * keeps: its number modulo {@linkcode WINDOW}.
 *
 * @module
 */

import { WINDOW } from "./requests.ts";

/** What is done once: a write, or a transaction. */
export type Once = "write" | "transaction" | undefined;

/** So many of the writes without an answer may be transactions: their functions may wait for other writes. */
const MOST_TRANSACTIONS = WINDOW / 2;

/** See the module. */
export class WriteNumbers {
  readonly #slots: Set<number> = new Set();
  #transactions = 0;
  #last = 0;

  /** Whether no slot is free. */
  get areFull(): boolean {
    return this.#slots.size >= WINDOW;
  }

  /** Whether there is a number. */
  has(once: Once): boolean {
    if (once === undefined) return true;
    return !this.areFull && (once === "write" || this.#transactions < MOST_TRANSACTIONS);
  }

  /** A number whose slot is free. */
  take(once: Once): number {
    do this.#last += 1;
    while (this.#slots.has(this.#last % WINDOW));
    this.#slots.add(this.#last % WINDOW);
    if (once === "transaction") this.#transactions += 1;
    return this.#last;
  }

  /** Gives a number back, whose write has its answer. */
  free(number: number, once: Once): void {
    if (this.#slots.delete(number % WINDOW) && once === "transaction") this.#transactions -= 1;
  }
}
