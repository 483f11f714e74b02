/**
 * Transactions over a server: reads at one version, writes in memory, and at the end one commit that checks that nobody
 * changed what was read.
 *
 * @module
 */

import type { Key, Value } from "../api/keys.ts";
import type { AsyncTransaction, AsyncTransactionView, TransactionOptions } from "../api/transaction.ts";
import type { AsyncViewReader, ViewReader } from "../api/view_reader.ts";
import type { ExpiryOptions } from "../api/writes.ts";
import { sleep } from "../clock.ts";
import { StoreError } from "../errors.ts";
import type { KeySpace } from "../key_space.ts";
import { refuseSecond } from "../options.ts";
import { unlessAborted } from "../promises.ts";
import type { MergeKind } from "../store/merges.ts";
import { checkView } from "../store/reader_part.ts";
import { readTransactionOptions } from "../store/run_transaction.ts";
import { ViewInTransaction } from "../store/transaction_view.ts";
import { expiryOf } from "../store/write_options.ts";
import type { ServerCore } from "./core.ts";
import { ownValue, toServerMerge } from "./requests.ts";
import { ServerReader, ServerReaderPart } from "./server_reader.ts";
import { type ServerOpen, serverOpen, VersionSource } from "./sources.ts";
import { TransactionSource } from "./transaction_source.ts";

/** After a conflict with another process a transaction waits some time up to this one, in milliseconds. */
const LONGEST_WAIT_MS = 64;
/** The first conflicts are mostly with transactions of the same store, which have a queue. */
const CONFLICTS_WITHOUT_WAIT = 2;

/** See `AsyncStore.transaction`. */
export async function runServerTransaction<T>(
  core: ServerCore,
  space: KeySpace,
  run: (transaction: AsyncTransaction) => T | Promise<T>,
  options: TransactionOptions | undefined,
): Promise<T> {
  const { retries, signal } = readTransactionOptions(run, options);
  const turn = core.contention.newcomer();
  try {
    for (let attempt = 0; attempt <= retries; attempt++) {
      if (!turn.isFree) await turn.begin(signal);
      if (attempt > CONFLICTS_WITHOUT_WAIT) await sleep(Math.random() * Math.min(2 ** attempt, LONGEST_WAIT_MS));
      signal?.throwIfAborted();
      core.check("begin a transaction");
      const transaction = new ServerTransaction(core, space, new VersionSource(core, await core.holdSoon()));
      try {
        // Does not wait for a function that ignores the signal: its transaction has ended, and writes nothing.
        const result = await unlessAborted(run(transaction), signal);
        transaction.refuse();
        if (transaction.source.isEmpty) return result;
        const { operations, reads } = transaction.source;
        core.checkWrite("commit a transaction");
        if ((await core.commit({ operations, reads })).state === "done") return result;
      } finally {
        transaction.end();
      }
      turn.conflicted("");
    }
  } finally {
    turn.end();
  }
  throw new StoreError(
    "TRANSACTION_CONFLICT",
    `Cannot commit the transaction: others changed what it read, each of ${retries + 1} times`,
  );
}

/** One run of a transaction. */
class ServerTransaction extends ServerReader implements AsyncTransaction {
  readonly open: ServerOpen;
  readonly source: TransactionSource;
  readonly #core: ServerCore;
  #hasEnded = false;

  /** Takes ownership of the version. */
  constructor(core: ServerCore, space: KeySpace, held: VersionSource) {
    super(space);
    this.#core = core;
    this.source = new TransactionSource(held, (action) => {
      if (this.#hasEnded) {
        throw new StoreError("TRANSACTION_ENDED", `Cannot ${action}: the transaction has ended`);
      }
      core.check(action);
    });
    this.open = serverOpen(this.source, core.backend.name);
  }

  get version(): number {
    return this.source.version;
  }

  put(key: Key, value: Value, options?: ExpiryOptions): void {
    this.putIn(this.space, key, value, options);
  }

  /** As {@linkcode AsyncTransaction.put}, for a key in a space. */
  putIn(space: KeySpace, key: Key, value: Value, options: ExpiryOptions | undefined): void {
    this.source.check("put");
    const expiresMs = this.#core.expiry(expiryOf(options));
    this.source.add({ key: space.encode(key).slice(), value: ownValue(value), expiresMs });
  }

  delete(key: Key): void {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    refuseSecond(arguments, "a key alone");
    this.deleteIn(this.space, key);
  }

  /** As {@linkcode AsyncTransaction.delete}, for a key in a space. */
  deleteIn(space: KeySpace, key: Key): void {
    this.source.check("delete");
    this.source.add({ key: space.encode(key).slice(), value: undefined, expiresMs: 0 });
  }

  increment(key: Key, by: number | bigint = 1, options?: ExpiryOptions): void {
    this.#merge("increment", key, by, options);
  }

  min(key: Key, value: number | bigint, options?: ExpiryOptions): void {
    this.#merge("min", key, value, options);
  }

  max(key: Key, value: number | bigint, options?: ExpiryOptions): void {
    this.#merge("max", key, value, options);
  }

  append(key: Key, end: Value, options?: ExpiryOptions): void {
    this.#merge("append", key, end, options);
  }

  view<T, K, P>(view: AsyncViewReader<T, K, P>): AsyncTransactionView<T, K, P> {
    const checked = checkView(view as ViewReader<T, K, P>, this.#core);
    return new ViewInTransaction(this, checked, new ServerReaderPart(this.open, checked.space));
  }

  /** Refuses reads and writes from now on. */
  refuse(): void {
    this.#hasEnded = true;
  }

  /** As {@linkcode ServerTransaction.refuse}, and ends the hold of its version. */
  end(): void {
    this.refuse();
    this.source.end();
  }

  #merge(kind: MergeKind, key: Key, given: unknown, options: ExpiryOptions | undefined): void {
    this.source.check(kind);
    expiryOf(options);
    const own = this.space.encode(key).slice();
    this.source.merge(toServerMerge(kind, own, given, options?.ttl, (expiresMs) => this.#core.expiry(expiresMs)));
  }
}
