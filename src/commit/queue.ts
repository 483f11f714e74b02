/**
 * Group commit. All writes made before the queue runs form one group. So do all writes made while the disk is busy with
 * the group before. The writes of a group are committed together, and settle together, in order.
 *
 * @module
 */

import { queueMicrotask } from "../clock.ts";
import { type Deferred, deferred } from "../promises.ts";

/** Collects writes into groups. Each group has one promise for all its writes. */
export class CommitQueue {
  readonly #commit: () => Promise<void> | undefined;
  #gathering: Deferred<void> | undefined;
  #inFlight: Promise<void> | undefined;

  /**
   * `commit` begins to commit the writes so far. It returns a promise to wait for, or `undefined` to continue at once;
   * or throws.
   */
  constructor(commit: () => Promise<void> | undefined) {
    this.#commit = commit;
  }

  /** Settles once everything written before this call is committed. Rejects if that fails. */
  committed(): Promise<void> {
    if (!this.#gathering) {
      this.#gathering = deferred<void>();
      if (!this.#inFlight) queueMicrotask(() => this.#run());
    }
    return this.#gathering.promise;
  }

  /** Begins the commit of all waiting writes. Settles when none waits any more, also after a failure. */
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
