/**
 * Group commit: all writes made before the queue runs become durable together, and settle together, in order.
 *
 * @module
 */

interface Group {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers writes into groups; each group has one promise for all its writes. */
export class CommitQueue {
  readonly #commit: () => void;
  #group: Group | undefined;

  /** `commit` does what the writes so far wait for, or throws. */
  constructor(commit: () => void) {
    this.#commit = commit;
  }

  /** Settles once everything written before this call is committed; rejects when that fails. */
  committed(): Promise<void> {
    if (!this.#group) {
      this.#group = group();
      queueMicrotask(() => this.run());
    }
    return this.#group.promise;
  }

  /** Commits now for all that wait; returns when they are settled. */
  run(): void {
    const group = this.#group;
    if (!group) return;
    this.#group = undefined;
    try {
      this.#commit();
    } catch (error) {
      group.reject(error);
      return;
    }
    group.resolve();
  }
}

function group(): Group {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<void>((onResolve, onReject) => {
    [resolve, reject] = [onResolve, onReject];
  });
  return { promise, resolve, reject };
}
