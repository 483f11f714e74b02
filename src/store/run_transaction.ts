/**
 * Runs a transaction until it commits.
 *
 * @module
 */

import type { Transaction, TransactionOptions } from "../api/transaction.ts";
import { afterLightWork } from "../commit/event_loop.ts";
import { describe } from "../encoding.ts";
import { StoreError } from "../errors.ts";
import { MAX_RETRIES } from "../limits.ts";
import { checkInteger, checkSignal, OptionNames } from "../options.ts";
import { unlessAborted } from "../promises.ts";
import { type Commits, NO_COMMIT } from "./commits.ts";
import type { StoreCore } from "./core.ts";
import { SnapshotSource } from "./read_source.ts";
import { StoreTransaction } from "./transaction.ts";

const DEFAULT_RETRIES = 100;
const OPTIONS = new OptionNames<TransactionOptions>({ retries: true, signal: true }, { example: "{ retries: 10 }" });

/** See {@linkcode Store.transaction}. */
export async function runTransaction<T>(
  core: StoreCore,
  commits: Commits,
  run: (transaction: Transaction) => T | Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  const { retries = DEFAULT_RETRIES, signal: given } = OPTIONS.read(options);
  const signal = checkSignal(given);
  if (typeof run !== "function") throw new TypeError(`Cannot run ${describe(run)}: expected a function`);
  checkInteger("retries", retries, 0, MAX_RETRIES);
  signal?.throwIfAborted();
  const turn = core.contention.newcomer();
  try {
    for (let attempt = 0; attempt <= retries; attempt++) {
      if (!turn.isFree) await turn.begin(signal);
      signal?.throwIfAborted();
      const transaction = begin(core);
      let committed: Promise<void> | undefined;
      let result: T;
      try {
        // Does not wait for a function that does not look at the signal: its transaction has ended, and writes nothing.
        result = await unlessAborted(run(transaction), signal);
        committed = commit(core, commits, transaction);
      } finally {
        transaction.end();
      }
      if (committed) {
        // What is decided needs no turn any more: the next one need not wait for the disk.
        turn.end();
        await committed;
        return result;
      }
      turn.conflicted(transaction.conflict);
    }
  } finally {
    turn.end();
  }
  throw new StoreError(
    "TRANSACTION_CONFLICT",
    `Cannot commit the transaction: others changed what it read, each of ${retries + 1} times`,
  );
}

function begin(core: StoreCore): StoreTransaction {
  core.assertOpen("begin a transaction");
  return new StoreTransaction(new SnapshotSource(core.read, core.version));
}

/** Commits what the transaction wrote, or returns `undefined` when others changed what it read. */
function commit(core: StoreCore, commits: Commits, transaction: StoreTransaction): Promise<void> | undefined {
  const operations = transaction.operations();
  if (operations.length === 0) return afterLightWork(NO_COMMIT) ?? Promise.resolve();
  core.assertWritable("commit a transaction");
  if (core.version > transaction.version && core.run((backend) => transaction.isOutdated(backend))) return undefined;
  commits.batch(operations);
  return commits.writes.committed();
}
