/**
 * Log lines about newcomers with a wrong token. Whoever guesses tokens must not fill the log.
 *
 * @module
 */

import { clock } from "../clock.ts";

/** At most one line in this time. */
const QUIET_MS = 60_000;

/** Logs newcomers that a gateway refused. */
export class Refusals {
  readonly #warn: (message: string) => void;
  #loggedMs = Number.NEGATIVE_INFINITY;
  /** How many were refused since the last line. */
  #unsaid = 0;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Logs that `from` was refused at `address`, unless the last line is less than a minute old: then the next line counts it. */
  note(address: string, from: string | undefined): void {
    const nowMs = clock.monotonic();
    if (nowMs - this.#loggedMs < QUIET_MS) {
      this.#unsaid += 1;
      return;
    }
    const others = this.#unsaid > 0 ? `, and ${this.#unsaid} more before it` : "";
    this.#loggedMs = nowMs;
    this.#unsaid = 0;
    this.#warn(`'${address}' refused '${from ?? "an unknown address"}', whose token is wrong${others}`);
  }
}
