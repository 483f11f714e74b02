/**
 * Runs a transaction until it commits.
 *
 * @module
 */

import type { Transaction, TransactionOptions } from "../api/transaction.ts";
import { deferred } from "../commit/deferred.ts";
import { describe } from "../encoding.ts";
import { StoreError } from "../errors.ts";
import { MAX_RETRIES } from "../limits.ts";
import type { SnapshotSource } from "./read_source.ts";
import { StoreTransaction } from "./transaction.ts";

const DEFAULT_RETRIES = 100;

/** What transactions need of their store. */
export interface TransactionHost {
  /** A snapshot of what is there now. */
  begin(): SnapshotSource;
  /** Commits what the transaction wrote, or returns `undefined` when others changed what it read. */
  commit(transaction: StoreTransaction): Promise<void> | undefined;
}

/** See {@linkcode Store.transaction}. */
export async function runTransaction<T>(
  host: TransactionHost,
  run: (transaction: Transaction) => T | Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const { retries = DEFAULT_RETRIES, signal } = options;
  if (typeof run !== "function") throw new TypeError(`Cannot run ${describe(run)}: expected a function`);
  if (!(Number.isInteger(retries) && retries >= 0 && retries <= MAX_RETRIES)) {
    throw new RangeError(`Wrong option 'retries': expected an integer from 0 to ${MAX_RETRIES}, got ${retries}`);
  }
  for (let attempt = 0; attempt <= retries; attempt++) {
    signal?.throwIfAborted();
    const transaction = new StoreTransaction(host.begin());
    let committed: Promise<void> | undefined;
    let result: T;
    try {
      result = await unlessAborted(run(transaction), signal);
      committed = host.commit(transaction);
    } finally {
      transaction.end();
    }
    if (committed) {
      await committed;
      return result;
    }
  }
  throw new StoreError(
    "TRANSACTION_CONFLICT",
    `Cannot commit the transaction: others changed what it read, each of ${retries + 1} times`,
  );
}

/** Does not wait for a function that does not look at the signal: its transaction has ended, and writes nothing. */
async function unlessAborted<T>(running: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await running;
  const aborted = deferred<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const result = await Promise.race([running, aborted.promise]);
    signal.throwIfAborted();
    return result;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
