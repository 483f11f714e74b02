/**
 * Deletes a range for a client.
 *
 * @module
 */

import type { Reader } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { SentRange } from "./calls.ts";
import { visibleRange } from "./reserved.ts";

/** Keys that one commit deletes, as in a store that is not shared. */
const KEYS_A_COMMIT = 1000;

/** What is deleted, and how. */
export interface Deletion {
  readonly range: SentRange;
  /** Keys that were written after this version stay. */
  readonly until: number;
  readonly durable: boolean | undefined;
  readonly signal: AbortSignal;
}

/**
 * Deletes the keys that the range has in `source`. A call that is sent again deletes nothing that is newer than the
 * call. Returns how many it deleted: without those that an owner before this one deleted.
 */
export async function deleteOld(store: Store, source: Reader, deletion: Deletion): Promise<number> {
  const { range, until, durable, signal } = deletion;
  using cursor = source.keys({ ...visibleRange(range), keyEncoding: "bytes" }).cursor();
  for (let count = 0; ; ) {
    signal.throwIfAborted();
    const found = cursor.nextManySync(KEYS_A_COMMIT);
    const old = found.filter((key) => (store.getEntrySync(key)?.version ?? Number.POSITIVE_INFINITY) <= until);
    await store.batch(
      old.map((key) => ({ type: "delete", key })),
      { durable },
    );
    count += old.length;
    if (found.length < KEYS_A_COMMIT) return count;
  }
}
