/**
 * Deletes ranges, many keys a commit.
 *
 * @module
 */

import type { StoredOperation } from "../backend.ts";
import { type ByteRange, restOf } from "../byte_range.ts";
import type { HeldReadSource } from "./read_source.ts";

/** Keys that one commit deletes. */
const KEYS_A_COMMIT = 10_000;

/** Deletes what a range had at one version, in steps. */
export class RangeDeletion {
  /** How many keys were deleted so far. */
  count = 0;
  readonly #source: HeldReadSource;
  readonly #commit: (operations: readonly StoredOperation[]) => void;
  #rest: ByteRange;

  /** Takes the source over. */
  constructor(source: HeldReadSource, range: ByteRange, commit: (operations: readonly StoredOperation[]) => void) {
    this.#source = source;
    this.#commit = commit;
    this.#rest = { ...range, keysOnly: true };
  }

  /** Says whether there is more; releases the source when there is none, also by an error. */
  step(): boolean {
    let more = false;
    try {
      more = this.#step();
    } finally {
      if (!more) this.release();
    }
    return more;
  }

  release(): void {
    this.#source.release();
  }

  #step(): boolean {
    const limit = Math.min(this.#rest.limit ?? KEYS_A_COMMIT, KEYS_A_COMMIT);
    if (limit === 0) return false;
    const { keys, last } = this.#source.scan({ ...this.#rest, limit }, { encoding: "bytes", strip: 0 });
    if (keys.length > 0) this.#commit(keys.map((key) => ({ key, value: undefined, expiresMs: 0 })));
    this.count += keys.length;
    const behind = last ?? (keys.length === limit ? keys.at(-1) : undefined);
    if (!behind) return false;
    this.#rest = restOf(this.#rest, behind, keys.length);
    return this.#rest.limit !== 0;
  }
}
