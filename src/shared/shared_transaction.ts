/**
 * Transactions whose function runs here, and whose reads and commit are at the owner.
 *
 * @module
 */

import type { Key, Value } from "../api/keys.ts";
import type { Transaction, TransactionOptions, TransactionView } from "../api/transaction.ts";
import type { ViewReader } from "../api/view_reader.ts";
import type { ExpiryOptions } from "../api/writes.ts";
import { encodeValue } from "../encoding.ts";
import { StoreError } from "../errors.ts";
import type { KeySpace } from "../key_space.ts";
import { refuseSecond } from "../options.ts";
import { deferred, onAbort } from "../promises.ts";
import { type MergeKind, toOperand } from "../store/merges.ts";
import { checkView } from "../store/reader_part.ts";
import { readTransactionOptions } from "../store/run_transaction.ts";
import { ViewInTransaction } from "../store/transaction_view.ts";
import { expiryOf } from "../store/write_options.ts";
import type { Client } from "./client.ts";
import { Kind } from "./frame.ts";
import type { OpenCall } from "./open_call.ts";
import { SharedReader } from "./shared_reader.ts";
import { SharedReaderPart } from "./shared_snapshot.ts";
import { heldOpen, type SharedOpen } from "./shared_source.ts";

/**
 * See `Store.transaction`. The owner says when a run begins: at first, after a conflict, and after another owner took
 * over.
 */
export async function runSharedTransaction<T>(
  client: Client,
  space: KeySpace,
  run: (transaction: Transaction) => T | Promise<T>,
  options: TransactionOptions | undefined,
): Promise<T> {
  const { retries, signal, durable } = readTransactionOptions(run, options);
  const failed = deferred<never>();
  let attempt: SharedTransaction | undefined;
  let before: Promise<unknown> = Promise.resolve();
  let result: { readonly value: T } | undefined;
  /** How many owners have had the call. A run for an owner that is gone must not begin. */
  let owners = 1;
  const begin = async (version: number, owner: number) => {
    if (owner !== owners) return;
    const transaction = new SharedTransaction(client, space, open, version);
    attempt = transaction;
    try {
      const value = await run(transaction);
      if (attempt !== transaction) return;
      transaction.end();
      result = { value };
      open.send(Kind.END, transaction.hasWritten);
    } catch (error) {
      if (attempt === transaction) failed.reject(error);
    }
  };
  const open: OpenCall = client.open(
    { method: "transaction", args: [{ retries, durable }] },
    {
      piece: (body) => {
        const [, version] = body as [number, number];
        // A run for an owner that is gone may still go on.
        const owner = owners;
        before = before.then(() => begin(version, owner));
      },
      again: (call) => {
        owners += 1;
        attempt?.end();
        attempt = undefined;
        return call;
      },
    },
    "transaction",
  );
  const release = onAbort(signal, () => failed.reject(signal?.reason));
  try {
    await Promise.race([open.result, failed.promise]);
    return (result as { readonly value: T }).value;
  } finally {
    release();
    attempt?.end();
    attempt = undefined;
    open.cancel();
  }
}

/** One run of a transaction. */
class SharedTransaction extends SharedReader implements Transaction {
  readonly open: SharedOpen;
  readonly version: number;
  readonly #call: OpenCall;
  #hasEnded = false;
  /** Whether there is something to commit. */
  hasWritten = false;

  constructor(client: Client, space: KeySpace, call: OpenCall, version: number) {
    super(client, space);
    this.version = version;
    this.#call = call;
    this.open = heldOpen(call.id, (action) => {
      if (!this.#hasEnded) return;
      throw new StoreError("TRANSACTION_ENDED", `Cannot ${action}: the transaction has ended`);
    });
  }

  put(key: Key, value: Value, options?: ExpiryOptions): void {
    this.putIn(this.space, key, value, options);
  }

  /** As {@linkcode Transaction.put}, for a key in a space. */
  putIn(space: KeySpace, key: Key, value: Value, options: ExpiryOptions | undefined): void {
    expiryOf(options);
    this.#write("put", [space.encode(key), encodeValue(value), options]);
  }

  delete(key: Key): void {
    // biome-ignore lint/complexity/noArguments: see refuseSecond.
    refuseSecond(arguments, "a key alone");
    this.deleteIn(this.space, key);
  }

  /** As {@linkcode Transaction.delete}, for a key in a space. */
  deleteIn(space: KeySpace, key: Key): void {
    this.#write("delete", [space.encode(key)]);
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

  view<T, K, P>(view: ViewReader<T, K, P>): TransactionView<T, K, P> {
    const checked = checkView(view, this.client);
    return new ViewInTransaction(this, checked, new SharedReaderPart(this.client, checked.space, this.open));
  }

  /** Refuses reads and writes from now on. */
  end(): void {
    this.#hasEnded = true;
  }

  #merge(kind: MergeKind, key: Key, given: unknown, options: ExpiryOptions | undefined): void {
    expiryOf(options);
    toOperand(kind, given, undefined);
    this.#write(kind, [this.space.encode(key), given, options]);
  }

  #write(method: string, args: readonly unknown[]): void {
    this.open.check(method);
    this.hasWritten = true;
    this.#call.send(Kind.CALL, { method, args, holder: this.#call.id });
  }
}
