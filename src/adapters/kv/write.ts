/**
 * Atomic writes: checks, mutations and messages, as one commit of a store.
 *
 * @module
 */

import type { Store } from "../../api/store.ts";
import type { BatchOperation, Check } from "../../api/writes.ts";
import { entryKey } from "./keys.ts";
import { type Message, messageOperation } from "./message.ts";
import { isArithmetic, type Mutation, operationsOf } from "./mutations.ts";
import { Queue } from "./queue.ts";
import { NO_VERSION } from "./versionstamp.ts";

/** What an atomic write checks and writes. */
export interface AtomicWrite {
  readonly checks: readonly VersionCheck[];
  readonly mutations: readonly Mutation[];
  readonly messages: readonly Message[];
}

/** The version that a key must have; `undefined` for no value. */
export interface VersionCheck {
  readonly key: Uint8Array;
  readonly version: number | undefined;
}

/**
 * Does an atomic write. Everything is decided and visible before this returns. The promise settles once it is durable,
 * with the version of the commit, or with `undefined` if a check is not true. Throws `TypeError` for a mutation that
 * does not fit the present value.
 */
export async function write(store: Store, { checks, mutations, messages }: AtomicWrite): Promise<number | undefined> {
  if (checks.some(({ version }) => version === NO_VERSION)) return undefined;
  const conditions = checks.map(({ key, version }) => ({ key: entryKey(key), version }));
  if (mutations.some(isArithmetic) && !areTrue(store, conditions)) return undefined;
  const enqueued = messages.map(messageOperation);
  const operationsAt = (version: number) => [...operationsOf(store, mutations, version), ...enqueued];
  const version = await commit(store, operationsAt, conditions, mutations.some(isSuffixed));
  if (version !== undefined && messages.length > 0) Queue.of(store).wake();
  return version;
}

function isSuffixed(mutation: Mutation): boolean {
  return mutation.type === "set" && mutation.isSuffixed;
}

function areTrue(store: Store, checks: readonly Check[]): boolean {
  const entries = store.getEntriesSync(checks.map(({ key }) => key));
  return checks.every(({ version }, i) => entries[i]?.version === version);
}

/**
 * Commits operations. If they depend on the version of the commit, the next version is assumed. A store may leave out
 * versions: then the same operations are committed again, at the next version, in the same turn of the event loop. So
 * nobody sees the first commit.
 */
async function commit(
  store: Store,
  operationsAt: (version: number) => BatchOperation[],
  checks: readonly Check[],
  isVersioned: boolean,
): Promise<number | undefined> {
  const before = store.version;
  let operations = operationsAt(before + 1);
  let done = store.commit(operations, { checks });
  if (!isVersioned || store.version === before) return await done;
  let assumed = before + 1;
  while (store.version !== assumed) {
    const last = store.version;
    assumed = last + 1;
    done.catch(() => {});
    const wrong = operations.map(({ key }): BatchOperation => ({ type: "delete", key }));
    operations = operationsAt(assumed);
    done = store.commit([...wrong, ...operations]);
    // The commit failed.
    if (store.version === last) break;
  }
  return await done;
}
