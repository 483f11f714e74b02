/**
 * The time of day, as a test sets it.
 *
 * @module
 */

import { clock } from "../../src/clock.ts";

/** Until it is disposed, the clock of all stores shows `ms`, and moves only when the test changes that. */
export class SetClock implements Disposable {
  readonly #now = clock.now;
  /** Milliseconds since 1970. */
  ms = 1_700_000_000_000;

  constructor() {
    clock.now = () => this.ms;
  }

  [Symbol.dispose](): void {
    clock.now = this.#now;
  }
}
