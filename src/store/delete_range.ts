/**
 * Deletes ranges, many keys in one commit.
 *
 * @module
 */

import type { StoredOperation } from "../backend.ts";
import { type ByteRange, restOf } from "../byte_range.ts";
import type { HeldReadSource } from "./read_source.ts";

/** Keys that one commit deletes: about 1 ms of work. */
const KEYS_A_COMMIT = 1000;

/** How many commits are synced together. */
const COMMITS_A_SYNC = 8;

/** Deletes the keys that a range has at one version, in steps. */
export class RangeDeletion {
  /** How many keys have been deleted so far. */
  count = 0;
  readonly #source: HeldReadSource;
  readonly #commit: (operations: readonly StoredOperation[]) => void;
  #rest: ByteRange;
  #commits = 0;

  /** Takes ownership of the source. */
  constructor(source: HeldReadSource, range: ByteRange, commit: (operations: readonly StoredOperation[]) => void) {
    this.#source = source;
    this.#commit = commit;
    this.#rest = { ...range, keysOnly: true };
  }

  /** Returns whether there is more. Releases the source at the end, and after an error. */
  step(): boolean {
    let more = false;
    try {
      more = this.#step();
    } finally {
      if (!more) this.release();
    }
    return more;
  }

  /** Whether the commits so far should be synced before the next step. This bounds how much is not durable. */
  get isSyncDue(): boolean {
    return this.#commits % COMMITS_A_SYNC === 0;
  }

  release(): void {
    this.#source.release();
  }

  #step(): boolean {
    const limit = Math.min(this.#rest.limit ?? KEYS_A_COMMIT, KEYS_A_COMMIT);
    if (limit === 0) return false;
    const { keys, last } = this.#source.scan({ ...this.#rest, limit }, { encoding: "bytes", strip: 0 });
    this.#commits += 1;
    if (keys.length > 0) this.#commit(keys.map((key) => ({ key, value: undefined, expiresMs: 0 })));
    this.count += keys.length;
    const behind = last ?? (keys.length === limit ? keys.at(-1) : undefined);
    if (!behind) return false;
    this.#rest = restOf(this.#rest, behind, keys.length);
    return this.#rest.limit !== 0;
  }
}
