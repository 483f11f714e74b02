/**
 * What came of the requests of a group: of each its own.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import type { CommitOutcome } from "../backend.ts";
import { storeError } from "./errors.ts";

/**
 * The outcomes of a group. A failure belongs to the requests that it met: others of the group may be done. After a
 * request that got no answer, those that are not sent yet fail, too: each would wait as long.
 */
export class Outcomes {
  readonly #all: (CommitOutcome | undefined)[];
  #unanswered: StoreError | undefined;

  constructor(size: number) {
    this.#all = Array.from({ length: size });
  }

  /** The numbers of the requests that have no outcome. */
  get open(): number[] {
    return [...this.#all.keys()].filter((at) => this.#all[at] === undefined);
  }

  set(at: number, outcome: CommitOutcome): void {
    this.#all[at] = outcome;
  }

  /**
   * Sends something for requests, unless an earlier one got no answer. If it fails, that is the outcome of those of them
   * that have none.
   */
  async attempt(numbers: readonly number[], run: () => Promise<void>): Promise<void> {
    const before = this.#unanswered;
    try {
      if (before) {
        throw new StoreError("STORE_UNREACHABLE", `Cannot write: not sent after a write before it failed`, {
          cause: before,
        });
      }
      await run();
    } catch (failure) {
      const error = storeError(failure, "write");
      if (isUnanswered(error)) this.#unanswered ??= error;
      for (const at of numbers) this.#all[at] ??= { state: "failed", error };
    }
  }

  /** Throws if one is missing. */
  toArray(): CommitOutcome[] {
    return this.#all.map((outcome, at) => {
      if (!outcome) throw new Error(`Request ${at} of a group has no outcome`);
      return outcome;
    });
  }
}

function isUnanswered(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.code === "STORE_UNREACHABLE" || error.code === "OUTCOME_UNKNOWN");
}
