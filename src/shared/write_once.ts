/**
 * A write of a client that may come several times.
 *
 * @module
 */

import type { Call } from "./calls.ts";
import type { OwnedStore } from "./owned_store.ts";
import { OWN_VERSION, type Requests } from "./requests.ts";
import { prepareCommit, WRITES } from "./writes.ts";

/** What it needs. */
export interface OnceParts {
  readonly store: OwnedStore;
  readonly requests: Requests;
  /** Whether writes that do not say it are durable; `undefined` for what the store does. */
  readonly durable: boolean | undefined;
}

/**
 * Does a write, unless its record says that it is done. Returns its result.
 *
 * One that changes nothing has a record, too. Example: `compareAndSet` finds another version, and the client deletes the
 * key after it. If both come again, `compareAndSet` must not succeed after that deletion.
 */
export async function writeOnce(
  { store, requests, durable: usual }: OnceParts,
  { method, args, sequence }: Call,
): Promise<unknown> {
  const known = sequence === undefined ? undefined : requests.resultOf(sequence);
  if (known) {
    await store.flush();
    return known[0];
  }
  const record = (result: unknown) => (sequence === undefined ? [] : [requests.record(sequence, [result])]);
  /** Survives the process, and is durable before every later write: the log is in order. */
  const nothing = { durable: false };
  if (method === "commit") {
    const { isTrue, operations, durable = usual } = prepareCommit(store, args as never);
    if (!isTrue) {
      await store.batch(record(undefined), nothing);
      return undefined;
    }
    if (operations.length === 0) return store.version;
    return await store.commit([...operations, ...record(OWN_VERSION)], { durable });
  }
  const prepare = WRITES[method] as NonNullable<(typeof WRITES)[string]>;
  const { operations, result, durable = usual } = prepare(store, args as never);
  await store.batch([...operations, ...record(result)], operations.length > 0 ? { durable } : nothing);
  return result;
}
