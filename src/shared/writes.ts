/**
 * The writes that clients may send, each as operations of one commit and a result.
 *
 * @module
 */

import type { Value } from "../api/keys.ts";
import type { Store } from "../api/store.ts";
import type { BatchOperation, CommitOptions, PutOptions, WriteOptions } from "../api/writes.ts";
import { clock } from "../clock.ts";
import { type Counted, combined, larger, smaller, sum } from "../memory/counters.ts";
import { checkArray, checkExpectedVersion, wrongType } from "../options.ts";
import { checkWriteOptions, expiryAfter, putExpiry, readCommitOptions } from "../store/write_options.ts";
import { checkVisible } from "./reserved.ts";

/** What a write does. Nothing, if there are no operations. */
export interface Prepared {
  readonly operations: readonly BatchOperation[];
  readonly result: unknown;
  readonly durable: boolean | undefined;
}

/** Looks at the store, and says what a write does now. Throws `TypeError` or `RangeError` for wrong arguments. */
type Prepare = (store: Store, args: never) => Prepared;

/** By the names of the methods of a {@linkcode Store}. */
export const WRITES: Readonly<Record<string, Prepare>> = {
  put: (_, [key, value, options]: [Uint8Array, Value, PutOptions?]) => {
    putExpiry(options);
    return put(key, value, options);
  },
  delete: (store, [key, options]: [Uint8Array, WriteOptions?]) => {
    checkWriteOptions(options);
    return { operations: [{ type: "delete", key }], result: store.hasSync(key), durable: options?.durable };
  },
  batch: (_, [operations, options]: [BatchOperation[], WriteOptions?]) => {
    checkWriteOptions(options);
    return { operations: visible(operations), result: undefined, durable: options?.durable };
  },
  compareAndSet: (store, [key, expected, value, options]: [Uint8Array, number | undefined, Value, PutOptions?]) => {
    checkExpectedVersion(expected);
    putExpiry(options);
    return versionOf(store, key) === expected ? put(key, value, options, true) : nothing(false);
  },
  compareAndDelete: (store, [key, expected, options]: [Uint8Array, number, WriteOptions?]) => {
    checkExpectedVersion(expected);
    checkWriteOptions(options);
    if (versionOf(store, key) !== expected) return nothing(false);
    return { operations: [{ type: "delete", key }], result: true, durable: options?.durable };
  },
  touch: (store, [key, ttl, options]: [Uint8Array, number, WriteOptions?]) => {
    if (ttl === undefined) wrongType("ttl", ttl, "a number");
    checkWriteOptions(options);
    expiryAfter(ttl);
    const value = store.getSync(key);
    return value ? put(key, value, { ...options, ttl }, true) : nothing(false);
  },
  /** A step of `update`: as `compareAndSet`, but keeps the expiry, unless the options have another one. */
  replace: (store, [key, expected, value, options]: [Uint8Array, number | undefined, Value, PutOptions?]) => {
    putExpiry(options);
    const found = store.getEntrySync(key);
    if (found?.version !== expected) return nothing(false);
    const left = found?.expiresAt === undefined ? undefined : found.expiresAt - clock.now();
    return put(key, value, { ...options, ttl: options?.ttl ?? left }, true);
  },
  increment: (store, [key, by = 1, options]: [Uint8Array, Counted?, PutOptions?]) =>
    count(store, "increment", [key, by, options]),
  min: (store, args: [Uint8Array, Counted, PutOptions?]) => count(store, "min", args),
  max: (store, args: [Uint8Array, Counted, PutOptions?]) => count(store, "max", args),
  append: (_, [key, value, options]: [Uint8Array, Value, PutOptions?]) => {
    putExpiry(options);
    const operations = [{ type: "append", key, value, ...ttlOf(options) } as const];
    return { operations, result: undefined, durable: options?.durable };
  },
};

/** What a commit does; nothing if a check is not true. Its result is its version, which only the commit knows. */
export function prepareCommit(
  store: Store,
  [operations, options]: [BatchOperation[], CommitOptions?],
): { readonly isTrue: boolean; readonly operations: readonly BatchOperation[]; readonly durable: boolean | undefined } {
  const { checks = [], durable } = readCommitOptions(options);
  const isTrue = checks.every(({ key, version }) => versionOf(store, key as Uint8Array) === version);
  return { isTrue, operations: visible(operations), durable };
}

const COMBINE = { increment: sum, min: smaller, max: larger } as const;

function count(
  store: Store,
  type: keyof typeof COMBINE,
  [key, given, options]: [Uint8Array, Counted, (PutOptions | undefined)?],
): Prepared {
  putExpiry(options);
  const { update, made } = combined(COMBINE[type], given);
  update(store.getSync(key));
  const operand = type === "increment" ? { by: given } : { value: given };
  const operation = { type, key, ...operand, ...ttlOf(options) } as BatchOperation;
  return { operations: [operation], result: made(), durable: options?.durable };
}

function put(key: Uint8Array, value: Value, options: PutOptions | undefined, result?: true): Prepared {
  return { operations: [{ type: "put", key, value, ...ttlOf(options) }], result, durable: options?.durable };
}

function nothing(result: unknown): Prepared {
  return { operations: [], result, durable: undefined };
}

function ttlOf(options: PutOptions | undefined): { ttl?: number } {
  return options?.ttl === undefined ? {} : { ttl: options.ttl };
}

function versionOf(store: Store, key: Uint8Array): number | undefined {
  return store.getEntrySync(key)?.version;
}

function visible(operations: readonly BatchOperation[]): readonly BatchOperation[] {
  checkArray(operations, "a batch", "operations");
  for (const operation of operations) checkVisible(operation?.key);
  return operations;
}
