/**
 * Protocols without one of their rules. A simulation that does not find their faults proves nothing. All of them are
 * changes from outside: of what is sent, of the store, and of methods.
 *
 * @module
 */

import type { BatchOperation, Transaction } from "../../../mod.ts";
import { compareBytes } from "../../../src/bytes.ts";
import { timers } from "../../../src/clock.ts";
import type { Call } from "../../../src/shared/calls.ts";
import { encodeFrame, FrameReader, Kind, type Message } from "../../../src/shared/frame.ts";
import type { OwnedSledStore } from "../../../src/shared/owned_store.ts";
import { Owner } from "../../../src/shared/owner.ts";
import { RESERVED, Requests } from "../../../src/shared/requests.ts";

/** Changes the messages that one side of a connection sends. `write` is the number of its write, from 0 on. */
type Change = (messages: Message[], write: number) => Message[];

/** A rule that is switched off. */
export interface Control {
  readonly name: string;
  /** The fault that shows it. */
  readonly finds?: RegExp;
  readonly store?: (store: OwnedSledStore) => OwnedSledStore;
  readonly toOwner?: Change;
  readonly toClient?: Change;
  /** Changes something until the returned function is called. */
  readonly install?: () => () => void;
}

/** Nothing is switched off. */
export const WHOLE: Control = { name: "nothing" };

/** How long an owner keeps the records of a client that is gone, in milliseconds. */
const FORGET_MS = 60_000;

/** Something is done twice, or lost, or in another order. */
const WRONG = /linearizable|times|lost|order|expected|same number/;
/** A read that is of no version. */
const MIXED = /one version of the bulk/;

/** See the module. */
export const CONTROLS: readonly Control[] = [
  { name: "a write and its record are two commits", finds: WRONG, store: withLateRecords },
  {
    name: "answers do not wait until commits are written",
    finds: WRONG,
    store: (store) => changed(store, { written: () => {} }),
  },
  {
    name: "calls are sent again in another order",
    finds: WRONG,
    toOwner: (messages, write) => (write === 1 ? messages.reverse() : messages),
  },
  {
    name: "no record is found",
    finds: WRONG,
    install: () => replaced(Requests.prototype, "resultOf", () => undefined),
  },
  { name: "records are forgotten when the connection is lost", finds: /in other hands/, install: forgettingAtOnce },
  {
    name: "nothing tells that records were forgotten",
    finds: WRONG,
    install: () => replaced(Requests.prototype, "wereLost", () => false),
  },
  { name: "the epoch is ignored", finds: WRONG, toClient: withOneEpoch, install: owningWithOneEpoch },
  {
    name: "a deletion of a range that comes again knows no version",
    finds: /after a deletion before it/,
    toOwner: changing("deleteRange", ({ sequence: _, ...call }) => call),
  },
  { name: "a watch does not go on where it was", finds: /watch/, toOwner: changing("watch", withoutPlace) },
  { name: "a walk does not go on at its version", finds: MIXED, toOwner: changing("walk", atAnyVersion) },
  {
    name: "a snapshot is opened again at another version",
    finds: MIXED,
    toOwner: changing("snapshot", (call) => ({ ...call, args: [] })),
  },
];

/** What changes the bytes that one side of a connection writes, which are whole frames. */
export function changeOfBytes(change: Change): (bytes: Uint8Array) => Uint8Array {
  let writes = 0;
  return (bytes) => {
    const messages = change(Array.from(new FrameReader().read(bytes)), writes);
    writes += 1;
    return Buffer.concat(messages.map(encodeFrame));
  };
}

function changing(method: string, change: (call: Call) => Call): Change {
  return (messages) =>
    messages.map((message) => {
      if (message.kind !== Kind.CALL) return message;
      const call = message.body as Call;
      return call.method === method ? { ...message, body: change(call) } : message;
    });
}

function withoutPlace({ from: _, ...call }: Call): Call {
  return call;
}

function atAnyVersion(call: Call): Call {
  return call.from ? { ...call, from: { ...call.from, version: undefined as never } } : call;
}

function withOneEpoch(messages: Message[]): Message[] {
  return messages.map((message) => {
    if (message.kind !== Kind.WELCOME) return message;
    const [protocol, version, , ...rest] = message.body as unknown[];
    return { ...message, body: [protocol, version, "one", ...rest] };
  });
}

function owningWithOneEpoch(): () => void {
  const own = Object.getOwnPropertyDescriptor(Owner.prototype, "epoch") as PropertyDescriptor;
  Object.defineProperty(Owner.prototype, "epoch", { ...own, get: () => "one" });
  return () => Object.defineProperty(Owner.prototype, "epoch", own);
}

function forgettingAtOnce(): () => void {
  const { setTimeout } = timers;
  return replaced(timers, "setTimeout", (job, ms) => setTimeout(job, ms === FORGET_MS ? 0 : ms));
}

function replaced<T extends object, N extends keyof T>(target: T, name: N, replacement: T[N]): () => void {
  const own = target[name];
  target[name] = replacement;
  return () => {
    target[name] = own;
  };
}

const isRecord = (key: unknown) => compareBytes(key as Uint8Array, RESERVED) >= 0;

/** Commits first the writes, then their records. */
function withLateRecords(store: OwnedSledStore): OwnedSledStore {
  const parts = (operations: readonly BatchOperation[]) => {
    const records = operations.filter(({ key }) => isRecord(key));
    return { records, rest: operations.filter((operation) => !records.includes(operation)) };
  };
  return changed(store, {
    batch: async (operations: readonly BatchOperation[], options: object) => {
      const { records, rest } = parts(operations);
      await store.batch(rest, options);
      if (records.length > 0) await store.batch(records, options);
    },
    commit: async (operations: readonly BatchOperation[], options: object) => {
      const { records, rest } = parts(operations);
      const version = await store.commit(rest, options);
      if (version !== undefined) await store.batch(records);
      return version;
    },
    transaction: async (run: (transaction: Transaction) => Promise<void>, options: object) => {
      const records: BatchOperation[] = [];
      const put = (transaction: Transaction) => (key: Uint8Array, value: Uint8Array) => {
        if (isRecord(key)) records.push({ type: "put", key, value });
        else transaction.put(key, value);
      };
      await store.transaction((transaction) => run(changed(transaction, { put: put(transaction) })), options);
      await store.batch(records);
    },
  });
}

/** The same with other methods. */
function changed<T extends object>(target: T, own: object): T {
  return new Proxy(target, {
    get: (_, name) => {
      if (name in own) return Reflect.get(own, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
