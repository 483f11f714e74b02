/**
 * Runs a transaction until it commits.
 *
 * @module
 */

import type { Transaction, TransactionOptions } from "../api/transaction.ts";
import { afterLightWork, Turns } from "../commit/event_loop.ts";
import { StoreError } from "../errors.ts";
import { MAX_RETRIES } from "../limits.ts";
import { checkFunction, checkInteger, checkSignal, OptionNames } from "../options.ts";
import { unlessAborted } from "../promises.ts";
import { type Commits, NO_COMMIT } from "./commits.ts";
import type { StoreCore } from "./core.ts";
import type { OpenStore } from "./open_store.ts";
import { SnapshotSource } from "./read_source.ts";
import { StoreTransaction } from "./transaction.ts";
import { checkDurable } from "./write_options.ts";

const DEFAULT_RETRIES = 100;
const OPTIONS = new OptionNames<TransactionOptions>(
  { retries: true, signal: true, durable: true },
  { example: "{ retries: 10 }" },
);

/** The options of a transaction with their defaults. Throws `TypeError` or `RangeError` if they or `run` are wrong. */
export function readTransactionOptions(
  run: unknown,
  options: TransactionOptions | undefined,
): TransactionOptions & { readonly retries: number } {
  const { retries = DEFAULT_RETRIES, signal: given, durable } = OPTIONS.read(options);
  const signal = checkSignal(given);
  checkFunction(run, "run");
  checkInteger("retries", retries, 0, MAX_RETRIES);
  checkDurable(durable);
  signal?.throwIfAborted();
  return { retries, signal, durable };
}

/** See {@linkcode Store.transaction}. */
export async function runTransaction<T>(
  opened: OpenStore,
  run: (transaction: Transaction) => T | Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  const { core, commits } = opened;
  const { retries, signal, durable } = readTransactionOptions(run, options);
  const start = core.observer.start();
  const turn = core.contention.newcomer();
  try {
    for (let attempt = 0; attempt <= retries; attempt++) {
      if (!turn.isFree) await turn.begin(signal);
      signal?.throwIfAborted();
      const transaction = begin(opened);
      let commit: Commit | undefined;
      let result: T;
      try {
        // Does not wait for a function that ignores the signal: its transaction has ended, and writes nothing.
        result = await unlessAborted(run(transaction), signal);
        commit = await tryCommit(core, commits, { transaction, signal, durable });
      } finally {
        transaction.end();
      }
      if (commit) {
        // The commit is decided, so the turn ends here. The next transaction need not wait for the disk.
        turn.end();
        await commit.committed;
        core.observer.transacted(start);
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

function begin(opened: OpenStore): StoreTransaction {
  const { core } = opened;
  core.assertOpen("begin a transaction");
  return new StoreTransaction(opened, new SnapshotSource(core.read, core.version));
}

/** A commit that is decided, but not durable yet. */
interface Commit {
  readonly committed: Promise<void>;
}

/** One run of a transaction, and how it commits. */
interface Attempt {
  readonly transaction: StoreTransaction;
  readonly signal: AbortSignal | undefined;
  readonly durable: boolean | undefined;
}

/** Commits the writes of the transaction. Returns `undefined` if others changed what it read. */
async function tryCommit(
  core: StoreCore,
  commits: Commits,
  { transaction, signal, durable }: Attempt,
): Promise<Commit | undefined> {
  if (transaction.isEmpty) return { committed: afterLightWork(NO_COMMIT) ?? Promise.resolve() };
  core.assertWritable("commit a transaction");
  const turns = new Turns();
  while (core.version > transaction.version) {
    const checked = core.run((backend) => transaction.check(backend));
    if (checked === "changed") return undefined;
    // No other code runs between this check and the commit.
    if (checked === "unchanged") break;
    await turns.next();
    signal?.throwIfAborted();
    core.assertWritable("commit a transaction");
  }
  commits.batch(transaction.operations());
  return { committed: commits.committed(durable) };
}
