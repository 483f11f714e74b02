/**
 * Group commit: all writes made before the queue runs are made durable by one flush, and settle together, in order.
 *
 * @module
 */

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Collects the promises of writes until the next flush. */
export class CommitQueue {
  readonly #flush: () => void;
  #waiting: Waiting[] = [];

  /** `flush` makes all writes so far durable, or throws. */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Settles once everything written before this call is durable; rejects when that fails. */
  durable(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length === 1) queueMicrotask(() => this.run());
    });
  }

  /** Flushes now for all that wait; returns when they are settled. */
  run(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    try {
      this.#flush();
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      return;
    }
    for (const { resolve } of waiting) resolve();
  }
}
