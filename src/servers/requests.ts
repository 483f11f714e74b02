/**
 * Checks and encodes what callers pass to writes, as parts of requests.
 *
 * @module
 */

import type { Value } from "../api/keys.ts";
import type { BatchOperation, Check } from "../api/writes.ts";
import type { StoredOperation } from "../backend.ts";
import { nameOf } from "../bytes.ts";
import { encodeValue } from "../encoding.ts";
import type { KeySpace } from "../key_space.ts";
import { type Found, merged } from "../memory/merges.ts";
import { toBatch, toChecks } from "../store/batches.ts";
import { type MergeKind, toOperand } from "../store/merges.ts";
import type { AsyncOperation, ChangeOperation, KeyCheck } from "./backend.ts";

/** Makes an expiry by the clock of this machine one by that of the backend. */
export type ToExpiry = (expiresMs: number) => number;

/** The bytes of a value, which the caller may change. */
export function ownValue(value: Value): Uint8Array {
  const bytes = encodeValue(value);
  return typeof value === "string" ? bytes : bytes.slice();
}

/** The operations of a batch, each key once. Throws `TypeError` or `RangeError` if one is wrong. */
export function toOperations(
  operations: readonly BatchOperation[],
  space: KeySpace,
  toExpiry: ToExpiry,
): AsyncOperation[] {
  const batch = toBatch(operations, space);
  try {
    const steps = new Map<string, Steps>();
    for (const { key, value, expiresMs, merge } of batch) {
      const own = space.encode(key.subarray(space.prefix.length)).slice();
      const operation = { key: own, value: value?.slice(), expiresMs: keptOr(expiresMs, toExpiry), merge };
      const name = nameOf(own);
      const before = steps.get(name);
      if (!merge) steps.set(name, { base: operation, merges: [] });
      else if (before) before.merges.push(operation);
      else steps.set(name, { base: undefined, merges: [operation] });
    }
    return Array.from(steps.values(), toOperation);
  } finally {
    batch.release();
  }
}

/** The checks of a commit. Throws `TypeError` or `RangeError` if one is wrong. */
export function toKeyChecks(checks: readonly Check[], space: KeySpace): KeyCheck[] {
  return toChecks(checks, space).map(({ key, version = 0 }) => ({ key, version }));
}

/** The change of a value by merges of its key. Its result is the same each time, also if a backend calls it again. */
export function mergesOf(key: Uint8Array, merges: readonly StoredOperation[]): ChangeOperation {
  return { key, change: (found) => afterMerges(found, merges) };
}

/** What merges of one key make of its value. */
export function afterMerges<Value extends Found>(
  found: Value,
  merges: readonly StoredOperation[],
): Value | StoredOperation {
  return merges.reduce<Value | StoredOperation>((value, merge) => merged(merge, value), found);
}

/** As {@linkcode toOperand}, with an expiry by the clock of the backend. */
export function toServerMerge(
  kind: MergeKind,
  key: Uint8Array,
  given: unknown,
  ttl: number | undefined,
  toExpiry: ToExpiry,
): StoredOperation {
  const operand = toOperand(kind, given, ttl);
  return { ...operand, key, expiresMs: keptOr(operand.expiresMs, toExpiry) };
}

/** What a batch does to a key: a put or a deletion, and merges after it. */
interface Steps {
  readonly base: StoredOperation | undefined;
  readonly merges: StoredOperation[];
}

function toOperation({ base, merges }: Steps): AsyncOperation {
  if (base) return afterMerges(base, merges);
  return mergesOf((merges[0] as StoredOperation).key, merges);
}

/** The expiry by the clock of the backend. Below 0 it is that of the present value. */
function keptOr(expiresMs: number, toExpiry: ToExpiry): number {
  return expiresMs < 0 ? expiresMs : toExpiry(expiresMs);
}
