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
import { Answers } from "./answers.ts";
import { callOf, callOn } from "./call_on.ts";
import { type Call, READS, type SentRange, STORE_CALLS, TRANSACTION_WRITES } from "./calls.ts";
import { deleteOnce } from "./delete_old.ts";
import { toSent } from "./errors.ts";
import type { Replicas } from "./feed.ts";
import { encodeFrame, Kind, type Message } from "./frame.ts";
import type { Link } from "./link.ts";
import { Opened } from "./opened.ts";
import type { OwnedStore } from "./owned_store.ts";
import { ProtocolError } from "./protocol_error.ts";
import type { Requests } from "./requests.ts";
import { checkVisible, visibleRange } from "./reserved.ts";
import { sentStream } from "./sent_stream.ts";
import { type Outlet, sendBackup, sendChanges, sendWalk } from "./streams.ts";
import { Together } from "./together.ts";
import { writeOnce } from "./write_once.ts";
import { WRITES } from "./writes.ts";

/** How many calls, snapshots, transactions and streams a client may have at once. */
const MOST_CALLS = 4096;

/** If more bytes wait for a client, the owner reads nothing from it until it has taken all of them. */
const MOST_QUEUED_BYTES = 8 * 1024 * 1024;

/** After these errors a store does nothing any more. */
const FAILURES: ReadonlySet<string> = new Set(["STORE_FAILED", "LOCK_LOST"]);

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
  /** What a follower needs. */
  readonly replicas?: Replicas | undefined;
}

/** The session of one client. */
export class Session {
  readonly #store: OwnedStore;
  readonly #link: Link;
  readonly #requests: Requests;
  readonly #durable: boolean | undefined;
  readonly #dropRecords: () => Promise<void>;
  readonly #failed: () => void;
  readonly #replicas: Replicas | undefined;
  readonly #open: Map<number, Opened> = new Map();
  readonly #answers: Answers;
  readonly #together: Together;
  /** Whether the client must read answers before it may ask more. */
  #isPaused = false;

  constructor({ store, link, requests, durable, dropRecords, failed, replicas }: SessionParts) {
    this.#store = store;
    this.#link = link;
    this.#requests = requests;
    this.#durable = durable;
    this.#dropRecords = dropRecords;
    this.#failed = failed;
    this.#replicas = replicas;
    this.#answers = new Answers(store);
    const [answer, fail] = [this.#tell.bind(this), this.#fail.bind(this)];
    this.#together = new Together({ store, requests, durable, answers: this.#answers, answer, fail });
  }

  /** Takes a message of the client. Throws {@linkcode ProtocolError}. */
  received(message: Message): void {
    const { kind, id } = message;
    if (kind === Kind.CALL) {
      this.#begin(id, callOf(message.body));
      return;
    }
    this.#together.commit();
    const open = this.#open.get(id);
    if (kind === Kind.CANCEL) open?.abort(new Error("the client cancelled the call"));
    else if (kind === Kind.CREDIT || kind === Kind.ITEMS || kind === Kind.END) open?.take?.(message);
    else throw new ProtocolError(`a client sent a message of the kind ${kind}`);
  }

  /** Gives everything back that the client has open. */
  end(): void {
    for (const open of this.#open.values()) open.abort(new Error("the client is gone"));
    this.#open.clear();
  }

  #begin(id: number, call: Call): void {
    if (call.holder !== undefined && TRANSACTION_WRITES.has(call.method)) {
      this.#writeInTransaction(call);
      return;
    }
    if (this.#open.has(id)) throw new ProtocolError(`a client used the id ${id} twice at once`);
    if (this.#open.size + this.#together.waiting >= MOST_CALLS) {
      this.#fail(id, new StoreError("STORE_BUSY", `Cannot ${call.method}: the client has ${MOST_CALLS} open calls`));
      return;
    }
    if (this.#together.take(id, call)) return;
    const open = new Opened();
    this.#open.set(id, open);
    void this.#answer(id, call, open);
  }

  /** Runs up to its first wait at once, so calls begin in their order. */
  async #answer(id: number, call: Call, open: Opened): Promise<void> {
    try {
      this.#tell(id, await this.#run(id, call, open).finally(() => this.#answers.ready()));
    } catch (error) {
      this.#fail(id, error);
    } finally {
      this.#open.delete(id);
    }
  }

  async #run(id: number, call: Call, open: Opened): Promise<unknown> {
    const { method, args, holder } = call;
    if (holder !== undefined) {
      const target = this.#held(holder, method);
      if (method === "walk") return await sendWalk(this.#outlet(id, open), target, call);
      return await callOn(target, READS, call, open);
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
      case "fork":
      case "follow":
        return await this.#replicas?.[method](this.#outlet(id, open), call);
    }
    if (method === "version") return store.version;
    if (method === "deleteRange") return await this.#deleteRange(call, open.signal);
    if (method !== "commit" && !Object.hasOwn(WRITES, method)) return await callOn(store, STORE_CALLS, call, open);
    checkVisible(args[0]);
    return await writeOnce({ store, requests: this.#requests, durable: this.#durable }, call);
  }

  async #deleteRange({ args, sequence }: Call, signal: AbortSignal): Promise<number> {
    const [range, holder] = args as [SentRange, number | undefined];
    const held = holder === undefined ? undefined : (this.#held(holder, "delete a range") as Snapshot);
    const deletion = { range, held, sequence, durable: this.#durable, signal };
    return await deleteOnce(this.#store, this.#requests, deletion);
  }

  /** Keeps a snapshot until the client cancels the call. */
  async #hold(id: number, { args }: Call, open: Opened): Promise<void> {
    try {
      open.snapshot = this.#store.snapshot(...(args as []));
    } catch (error) {
      open.failure = error;
      throw error;
    }
    using snapshot = open.snapshot;
    this.#send(Kind.ITEMS, id, [this.#store.version, snapshot.version]);
    await open.aborted();
  }

  /**
   * Runs a transaction, whose function is at the client: each run begins with a message to the client. The client then
   * calls what it likes, and ends the run with END, or gives up with CANCEL.
   */
  async #transaction(id: number, { args, sequence }: Call, open: Opened): Promise<void> {
    const options = (args[0] ?? {}) as TransactionOptions;
    const requests = this.#requests;
    let isDone = false;
    const run = async (transaction: Transaction) => {
      if (sequence !== undefined) {
        // Another connection of the client may commit it meanwhile. The read makes that a conflict.
        isDone = requests.isRecordOf(sequence, await transaction.get(requests.keyOf(sequence)));
        if (isDone) return;
      }
      open.transaction = transaction;
      const ended = new Promise<void>((resolve, reject) => {
        open.take = ({ kind, body }) => {
          if (kind !== Kind.END) return;
          if (sequence !== undefined && body === true) {
            const { key, value } = requests.record(sequence, [undefined]);
            transaction.put(key, value);
          }
          resolve();
        };
        open.signal.addEventListener("abort", () => reject(open.signal.reason), { once: true });
      });
      this.#send(Kind.ITEMS, id, [this.#store.version, transaction.version]);
      await ended;
      open.transaction = undefined;
    };
    await this.#store.transaction(run, {
      ...options,
      durable: options.durable ?? this.#durable,
      signal: open.signal,
    });
    if (isDone) await this.#store.flush();
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
      open.abort(error);
    }
  }

  async #restore(id: number, open: Opened): Promise<unknown> {
    const { stream, take } = sentStream(() => this.#send(Kind.CREDIT, id, 1));
    open.take = take;
    // A full backup needs a store without entries, an increment one at a version. So nothing else may change.
    const first = this.#store.keys({ ...visibleRange({}), limit: 1 }).toArraySync();
    if (first.length === 0) await this.#dropRecords();
    return await this.#store.restore(stream, { signal: open.signal });
  }

  #held(holder: number, method: string): Snapshot | Transaction {
    const open = this.#open.get(holder);
    const target = open?.snapshot ?? open?.transaction;
    if (target) return target;
    if (open?.failure) throw open.failure;
    throw new StoreError("STORE_CLOSED", `Cannot ${method}: the snapshot or the transaction has ended`);
  }

  #outlet(id: number, open: Opened): Outlet {
    return {
      link: this.#link,
      signal: open.signal,
      send: async (items) => {
        await this.#answers.ready();
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

  #tell(id: number, result: unknown): void {
    try {
      this.#send(Kind.ANSWER, id, [this.#store.version, result]);
    } catch (error) {
      // It is too large, for example.
      this.#fail(id, error);
    }
  }

  #fail(id: number, error: unknown): void {
    const hasFailed = error instanceof StoreError && FAILURES.has(error.code);
    // First: if another process has the store, the client shall ask that one.
    if (hasFailed) this.#failed();
    this.#send(Kind.FAILURE, id, [hasFailed ? 0 : this.#store.version, toSent(error)]);
  }
}
