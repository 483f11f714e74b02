/**
 * Group commit: all writes made before the queue runs, and all made while the disk is busy with those before, are
 * committed together, and settle together, in order.
 *
 * @module
 */

import { queueMicrotask } from "../clock.ts";
import { type Deferred, deferred } from "../promises.ts";

/** Gathers writes into groups; each group has one promise for all its writes. */
export class CommitQueue {
  readonly #commit: () => Promise<void> | undefined;
  #gathering: Deferred<void> | undefined;
  #inFlight: Promise<void> | undefined;

  /** `commit` begins what the writes so far wait for, and returns when to go on, `undefined` for at once; or throws. */
  constructor(commit: () => Promise<void> | undefined) {
    this.#commit = commit;
  }

  /** Settles once everything written before this call is committed; rejects when that fails. */
  committed(): Promise<void> {
    if (!this.#gathering) {
      this.#gathering = deferred<void>();
      if (!this.#inFlight) queueMicrotask(() => this.#run());
    }
    return this.#gathering.promise;
  }

  /** Begins the commit of all that wait, and settles when nothing waits any more, whatever became of it. */
  async drained(): Promise<void> {
    this.#run();
    while (this.#inFlight) {
      await this.#inFlight;
      this.#run();
    }
  }

  #run(): void {
    const group = this.#gathering;
    if (!group || this.#inFlight) return;
    this.#gathering = undefined;
    try {
      const committing = this.#commit();
      if (committing) this.#inFlight = this.#finish(group, committing);
      else group.resolve();
    } catch (error) {
      group.reject(error);
    }
  }

  async #finish(group: Deferred<void>, committing: Promise<void>): Promise<void> {
    try {
      await committing;
      group.resolve();
    } catch (error) {
      group.reject(error);
    }
    this.#inFlight = undefined;
    this.#run();
  }
}
