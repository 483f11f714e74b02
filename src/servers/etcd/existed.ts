/**
 * How many of the keys that a commit deleted had a value.
 *
 * @module
 */

import type { EncodedRequest } from "./encoder.ts";
import { afterCommit } from "./errors.ts";
import type { ResponseOp } from "./messages.ts";
import type { Space } from "./space.ts";
import { foundEntry, isLive } from "./values.ts";

/** See the module. */
export class Existed {
  readonly #space: Space;
  readonly #now: () => number;

  constructor(space: Space, now: () => number) {
    this.#space = space;
    this.#now = now;
  }

  /** By the answers of the puts of tombstones, which have what was there before. */
  inAnswers(responses: readonly ResponseOp[]): number {
    const now = this.#now();
    const before = responses.map(({ response_put }) => response_put?.prev_kv);
    return before.filter((kv) => kv && isLive(foundEntry(this.#space, kv), now)).length;
  }

  /** The same, after the answer was lost. Throws `OUTCOME_UNKNOWN` if etcd cannot tell. */
  async before({ deleted }: EncodedRequest, revision: number): Promise<number> {
    if (deleted.length === 0) return 0;
    const requests = deleted.map((key) => ({ request_range: { key, revision: String(revision - 1) } }));
    const { responses = [] } = await afterCommit(this.#space.txn({ success: requests }));
    const now = this.#now();
    return responses.filter((each) => isLive(foundEntry(this.#space, each.response_range?.kvs?.[0]), now)).length;
  }

  /** Whether {@linkcode Existed.later} knows it without asking: nothing could refuse it, and it deletes nothing. */
  isKnown({ compare, deleted }: EncodedRequest): boolean {
    return compare.length === 0 && deleted.length === 0;
  }

  /** The same for a part of a transaction; `undefined` if its comparisons were not true. */
  async later(encoded: EncodedRequest, revision: number): Promise<number | undefined> {
    const [first] = encoded.success;
    const key = first && "request_put" in first ? first.request_put.key : undefined;
    if (encoded.compare.length > 0 && key !== undefined) {
      const { kvs } = await afterCommit(this.#space.range({ key, revision: String(revision) }));
      if (Number(kvs?.[0]?.mod_revision ?? 0) !== revision) return undefined;
    }
    return await this.before(encoded, revision);
  }
}
