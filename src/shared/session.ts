/**
 * The owner's side of one client: does its calls, and holds what they open.
 *
 * Calls begin in the order in which they come. So the writes of a client are committed in its order.
 *
 * No answer tells of a commit that would be lost with the owner: a client that read a value must not miss it at the next
 * owner.
 *
 * @module
 */

import type { Snapshot } from "../api/reader.ts";
import type { Transaction, TransactionOptions } from "../api/transaction.ts";
import { StoreError } from "../errors.ts";
import { callOf, callOn } from "./call_on.ts";
import { type Call, READS, type SentRange, STORE_CALLS, TRANSACTION_WRITES } from "./calls.ts";
import { deleteOld } from "./delete_old.ts";
import { toSent } from "./errors.ts";
import { encodeFrame, Kind, type Message } from "./frame.ts";
import type { Link } from "./link.ts";
import type { OwnedStore } from "./owned_store.ts";
import { ProtocolError } from "./protocol_error.ts";
import { OWN_VERSION, type Requests } from "./requests.ts";
import { checkVisible, visibleRange } from "./reserved.ts";
import { sentStream } from "./sent_stream.ts";
import { type Outlet, sendBackup, sendChanges, sendWalk } from "./streams.ts";
import { prepareCommit, WRITES } from "./writes.ts";

/** How many calls, snapshots, transactions and streams a client may have at once. */
const MOST_CALLS = 4096;

/** If more bytes wait for a client, the owner reads nothing from it until it has taken all of them. */
const MOST_QUEUED_BYTES = 8 * 1024 * 1024;

/** After these errors a store does nothing any more. */
const FAILURES: ReadonlySet<string> = new Set(["STORE_FAILED", "LOCK_LOST"]);

/** What a client has open. */
interface Open {
  /** Aborts the call. */
  readonly abort: AbortController;
  snapshot?: Snapshot;
  transaction?: Transaction;
  /** Called with what the client sends for the call. */
  take?: (message: Message) => void;
}

/** The parts of a session. */
export interface SessionParts {
  readonly store: OwnedStore;
  readonly link: Link;
  /** The records of the client. */
  readonly requests: Requests;
  /** Whether writes that do not say it are durable; `undefined` for what the store does. */
  readonly durable: boolean | undefined;
  /** Removes the records of all clients. */
  readonly dropRecords: () => Promise<void>;
  /** Called when the store has failed, before the client is told. */
  readonly failed: () => void;
}

/** The session of one client. */
export class Session {
  readonly #store: OwnedStore;
  readonly #link: Link;
  readonly #requests: Requests;
  readonly #durable: boolean | undefined;
  readonly #dropRecords: () => Promise<void>;
  readonly #failed: () => void;
  readonly #open: Map<number, Open> = new Map();
  /** Whether the client must read answers before it may ask more. */
  #isPaused = false;

  constructor({ store, link, requests, durable, dropRecords, failed }: SessionParts) {
    this.#store = store;
    this.#link = link;
    this.#requests = requests;
    this.#durable = durable;
    this.#dropRecords = dropRecords;
    this.#failed = failed;
  }

  /** Takes a message of the client. Throws {@linkcode ProtocolError}. */
  received(message: Message): void {
    const { kind, id } = message;
    if (kind === Kind.CALL) {
      this.#begin(id, callOf(message.body));
      return;
    }
    const open = this.#open.get(id);
    if (kind === Kind.CANCEL) open?.abort.abort(new Error("the client cancelled the call"));
    else if (kind === Kind.CREDIT || kind === Kind.ITEMS || kind === Kind.END) open?.take?.(message);
    else throw new ProtocolError(`a client sent a message of the kind ${kind}`);
  }

  /** Gives everything back that the client has open. */
  end(): void {
    for (const { abort } of this.#open.values()) abort.abort(new Error("the client is gone"));
    this.#open.clear();
  }

  #begin(id: number, call: Call): void {
    if (call.holder !== undefined && TRANSACTION_WRITES.has(call.method)) {
      this.#writeInTransaction(call);
      return;
    }
    if (this.#open.has(id)) throw new ProtocolError(`a client used the id ${id} twice at once`);
    if (this.#open.size >= MOST_CALLS) {
      this.#fail(id, new StoreError("STORE_BUSY", `Cannot ${call.method}: the client has ${MOST_CALLS} open calls`));
      return;
    }
    const open: Open = { abort: new AbortController() };
    this.#open.set(id, open);
    // Runs up to its first wait now, so calls begin in their order.
    this.#run(id, call, open)
      .finally(() => this.#store.written())
      .then((result) => this.#send(Kind.ANSWER, id, [this.#store.version, result]))
      // Also if the answer cannot be sent, for example because it is too large.
      .catch((error: unknown) => this.#fail(id, error))
      .finally(() => this.#open.delete(id));
  }

  async #run(id: number, call: Call, open: Open): Promise<unknown> {
    const { method, args, holder } = call;
    const { signal } = open.abort;
    if (holder !== undefined) {
      const target = this.#held(holder, method);
      if (method === "walk") return await sendWalk(this.#outlet(id, open), target, call);
      return await callOn(target, READS, call, signal);
    }
    const store = this.#store;
    switch (method) {
      case "walk": {
        using snapshot = store.snapshot({ version: call.from?.version });
        return await sendWalk(this.#outlet(id, open), snapshot, call);
      }
      case "snapshot":
        return await this.#hold(id, call, open);
      case "transaction":
        return await this.#transaction(id, call, open);
      case "watch":
        return await sendChanges(this.#outlet(id, open), store, call);
      case "backup":
        return await sendBackup(this.#outlet(id, open), store, call);
      case "restore":
        return await this.#restore(id, open);
    }
    if (method === "version") return store.version;
    if (method === "deleteRange") return await this.#deleteRange(call, signal);
    if (method !== "commit" && !Object.hasOwn(WRITES, method)) return await callOn(store, STORE_CALLS, call, signal);
    checkVisible(args[0]);
    return await this.#write(call);
  }

  /** Does a write once. */
  async #write({ method, args, sequence }: Call): Promise<unknown> {
    const known = sequence === undefined ? undefined : this.#requests.resultOf(sequence);
    if (known) {
      await this.#store.flush();
      return known[0];
    }
    const record = (result: unknown) => (sequence === undefined ? [] : [this.#requests.record(sequence, result)]);
    if (method === "commit") {
      const { isTrue, operations, durable = this.#durable } = prepareCommit(this.#store, args as never);
      if (!isTrue) return undefined;
      if (operations.length === 0) return this.#store.version;
      return await this.#store.commit([...operations, ...record(OWN_VERSION)], { durable });
    }
    const prepare = WRITES[method] as NonNullable<(typeof WRITES)[string]>;
    const { operations, result, durable = this.#durable } = prepare(this.#store, args as never);
    if (operations.length > 0) await this.#store.batch([...operations, ...record(result)], { durable });
    return result;
  }

  async #deleteRange({ args, from }: Call, signal: AbortSignal): Promise<number> {
    const [range, holder] = args as [SentRange, number | undefined];
    const until = from?.version ?? this.#store.version;
    const held = holder === undefined ? undefined : (this.#held(holder, "delete a range") as Snapshot);
    const deletion = { range, until, durable: this.#durable, signal };
    if (held) return await deleteOld(this.#store, held, deletion);
    using snapshot = this.#store.snapshot();
    return await deleteOld(this.#store, snapshot, deletion);
  }

  /** Keeps a snapshot until the client cancels the call. */
  async #hold(id: number, { args }: Call, open: Open): Promise<void> {
    using snapshot = this.#store.snapshot(...(args as []));
    open.snapshot = snapshot;
    this.#send(Kind.ITEMS, id, [this.#store.version, snapshot.version]);
    await aborted(open.abort.signal);
  }

  /**
   * Runs a transaction, whose function is at the client: each run begins with a message to the client. The client then
   * calls what it likes, and ends the run with END, or gives up with CANCEL.
   */
  async #transaction(id: number, { args, sequence }: Call, open: Open): Promise<void> {
    const known = sequence === undefined ? undefined : this.#requests.resultOf(sequence);
    if (known) {
      await this.#store.flush();
      return;
    }
    const options = (args[0] ?? {}) as TransactionOptions;
    const requests = sequence === undefined ? undefined : this.#requests;
    const run = async (transaction: Transaction) => {
      open.transaction = transaction;
      const ended = new Promise<void>((resolve, reject) => {
        open.take = ({ kind, body }) => {
          if (kind !== Kind.END) return;
          if (requests && body === true) {
            const { key, value } = requests.record(sequence as number, undefined);
            transaction.put(key, value);
          }
          resolve();
        };
        open.abort.signal.addEventListener("abort", () => reject(open.abort.signal.reason), { once: true });
      });
      this.#send(Kind.ITEMS, id, [this.#store.version, transaction.version]);
      await ended;
      open.transaction = undefined as never;
    };
    await this.#store.transaction(run, {
      ...options,
      durable: options.durable ?? this.#durable,
      signal: open.abort.signal,
    });
  }

  #writeInTransaction({ method, args, holder }: Call): void {
    const open = this.#open.get(holder as number);
    // The transaction may have ended meanwhile, so the client will hear of that.
    if (!open?.transaction) return;
    try {
      checkVisible(args[0]);
      const write = open.transaction[method as "put"] as (...args: readonly unknown[]) => void;
      write.apply(open.transaction, args as never);
    } catch (error) {
      // The client has checked the arguments. What is left is the size of all writes together.
      open.abort.abort(error);
    }
  }

  async #restore(id: number, open: Open): Promise<unknown> {
    const { stream, take } = sentStream(() => this.#send(Kind.CREDIT, id, 1));
    open.take = take;
    // A full backup needs a store without entries, an increment one at a version. So nothing else may change.
    const first = this.#store.keys({ ...visibleRange({}), limit: 1 }).toArraySync();
    if (first.length === 0) await this.#dropRecords();
    return await this.#store.restore(stream, { signal: open.abort.signal });
  }

  #held(holder: number, method: string): Snapshot | Transaction {
    const open = this.#open.get(holder);
    const target = open?.snapshot ?? open?.transaction;
    if (target) return target;
    throw new StoreError("STORE_CLOSED", `Cannot ${method}: the snapshot or the transaction has ended`);
  }

  #outlet(id: number, open: Open): Outlet {
    return {
      link: this.#link,
      signal: open.abort.signal,
      send: async (items) => {
        await this.#store.written();
        this.#send(Kind.ITEMS, id, items);
      },
      onCredit: (take) => {
        open.take = ({ kind, body }) => {
          if (kind === Kind.CREDIT) take(body as number);
        };
      },
    };
  }

  #send(kind: Kind, id: number, body: unknown): void {
    const link = this.#link;
    link.send(encodeFrame({ kind, id, body }));
    if (this.#isPaused || link.queuedBytes < MOST_QUEUED_BYTES) return;
    this.#isPaused = true;
    link.pause(true);
    link.drained().then(() => {
      this.#isPaused = false;
      link.pause(false);
    });
  }

  #fail(id: number, error: unknown): void {
    const hasFailed = error instanceof StoreError && FAILURES.has(error.code);
    // First: if another process has the store, the client shall ask that one.
    if (hasFailed) this.#failed();
    this.#send(Kind.FAILURE, id, [hasFailed ? 0 : this.#store.version, toSent(error)]);
  }
}

/** Settles once the signal is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
