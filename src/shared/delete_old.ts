/**
 * Deletes a range for a client.
 *
 * @module
 */

import type { Reader } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { SentRange } from "./calls.ts";
import type { Requests } from "./requests.ts";
import { visibleRange } from "./reserved.ts";

/** Keys that one commit deletes, as in a store that is not shared. */
const KEYS_A_COMMIT = 1000;

/** What is deleted, and how. */
export interface Deletion {
  readonly range: SentRange;
  /** Where the keys are; `undefined` for the store as it is. */
  readonly held: Reader | undefined;
  /** The number of the call. */
  readonly sequence: number | undefined;
  readonly durable: boolean | undefined;
  readonly signal: AbortSignal;
}

/**
 * Deletes the keys that the range has when the call comes for the first time. A record is committed before that, and so
 * before all later writes. It tells the version of that time: a call that is sent again deletes nothing newer. Returns
 * how many keys it deleted, without those that an owner before this one deleted.
 */
export async function deleteOnce(store: Store, requests: Requests, deletion: Deletion): Promise<number> {
  const { held, sequence, durable } = deletion;
  const known = sequence === undefined ? undefined : requests.resultOf(sequence);
  const until = (known?.[0] ?? store.version) as number;
  using snapshot = held ? undefined : store.snapshot();
  const isNew = sequence !== undefined && !known;
  const recorded = isNew ? store.batch([requests.record(sequence, [until])], { durable }) : undefined;
  const deleted = deleteOld(store, (held ?? snapshot) as Reader, until, deletion);
  const [count] = await Promise.all([deleted, recorded]);
  return count;
}

async function deleteOld(
  store: Store,
  source: Reader,
  until: number,
  { range, durable, signal }: Deletion,
): Promise<number> {
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
