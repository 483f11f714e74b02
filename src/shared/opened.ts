/**
 * What the owner keeps of a call that has not ended.
 *
 * @module
 */

import type { Snapshot } from "../api/reader.ts";
import type { Transaction } from "../api/transaction.ts";
import type { Message } from "./frame.ts";

/** A call of a client, and what it holds. */
export class Opened {
  snapshot?: Snapshot;
  transaction?: Transaction | undefined;
  /** Why there is no snapshot. Reads of it may be on their way. */
  failure?: unknown;
  /** Called with what the client sends for the call. */
  take?: (message: Message) => void;
  #controller: AbortController | undefined;
  #reason: unknown;

  /** Aborted when the call is. Made when it is first used: most calls end before anybody could stop them. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Settles once the call is aborted. */
  aborted(): Promise<void> {
    const { signal } = this;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  /** Stops the call. */
  abort(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }
}
