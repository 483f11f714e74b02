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
import { type AnyOperation, toBatch, toChecks } from "../store/batches.ts";
import { isMerge, type Merge, merged, toMerge } from "../store/merges.ts";
import { expiryAfter } from "../store/write_options.ts";
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
  // Checks everything, as if no key had a value.
  const batch = toBatch(operations, space, undefined);
  try {
    if (operations.some((each) => isMerge(each.type))) return mergedOperations(operations, space, toExpiry);
    const last = new Map<string, StoredOperation>();
    for (const { key, value, expiresMs } of batch) {
      const own = space.encode(key.subarray(space.prefix.length)).slice();
      last.set(nameOf(own), { key: own, value: value?.slice(), expiresMs: toExpiry(expiresMs) });
    }
    return [...last.values()];
  } finally {
    batch.release();
  }
}

/** The checks of a commit. Throws `TypeError` or `RangeError` if one is wrong. */
export function toKeyChecks(checks: readonly Check[], space: KeySpace): KeyCheck[] {
  return toChecks(checks, space).map(({ key, version = 0 }) => ({ key, version }));
}

/** The change of a value by merges. Its result is the same each time, also if a backend calls it again. */
export function mergesOf(key: Uint8Array, merges: readonly Merge[]): ChangeOperation {
  return {
    key,
    change: (found) => {
      let made: StoredOperation | undefined;
      for (const merge of merges) made = merged(key, made ?? found, merge);
      return made;
    },
  };
}

/** As {@linkcode toMerge}, with an expiry by the clock of the backend. */
export function toServerMerge(
  kind: Parameters<typeof toMerge>[0],
  given: unknown,
  ttl: number | undefined,
  toExpiry: ToExpiry,
): Merge {
  const { merging, expiresMs } = toMerge(kind, given, ttl);
  return { merging, expiresMs: expiresMs === undefined ? undefined : toExpiry(expiresMs) };
}

/** What a batch does to a key: a put or a deletion, and merges after it. */
interface Steps {
  base: StoredOperation | undefined;
  readonly merges: Merge[];
}

function mergedOperations(
  operations: readonly BatchOperation[],
  space: KeySpace,
  toExpiry: ToExpiry,
): AsyncOperation[] {
  const steps = new Map<string, Steps & { readonly key: Uint8Array }>();
  for (const { type, key: given, value, by, ttl } of operations as readonly AnyOperation[]) {
    const key = space.encode(given).slice();
    const name = nameOf(key);
    if (isMerge(type)) {
      const before = steps.get(name) ?? { key, base: undefined, merges: [] };
      steps.set(name, before);
      before.merges.push(toServerMerge(type, type === "increment" ? (by ?? 1) : value, ttl, toExpiry));
      continue;
    }
    const own = type === "put" ? ownValue(value as Value) : undefined;
    const expiresMs = ttl === undefined ? 0 : toExpiry(expiryAfter(ttl));
    steps.set(name, { key, base: { key, value: own, expiresMs }, merges: [] });
  }
  return Array.from(steps.values(), ({ key, base, merges }) => {
    if (merges.length === 0 && base) return base;
    const operation = mergesOf(key, merges);
    if (!base) return operation;
    const made = operation.change(base.value ? { ...base, value: base.value.slice(), version: 0 } : undefined);
    return { ...(made as StoredOperation), key };
  });
}
