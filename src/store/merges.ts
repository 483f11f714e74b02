/**
 * Changes of values by what they are when they are written: those of batches and transactions.
 *
 * @module
 */

import type { Value } from "../api/keys.ts";
import type { StoredOperation } from "../backend.ts";
import { encodeValue } from "../encoding.ts";
import { appended, type Combine, type Counted, combined, larger, type Merging, smaller, sum } from "./counters.ts";
import { expiryAfter } from "./write_options.ts";

/** The kinds of merges. */
export type MergeKind = "increment" | "min" | "max" | "append";

/** How the kinds that count combine numbers. */
const COMBINE: Readonly<Record<MergeKind, Combine | undefined>> = {
  increment: sum,
  min: smaller,
  max: larger,
  append: undefined,
};

/** An entry, or an operation on one. */
export type Found = Omit<StoredOperation, "key"> | undefined;

/** Whether this is the name of a kind. */
export function isMerge(kind: unknown): kind is MergeKind {
  return typeof kind === "string" && Object.hasOwn(COMBINE, kind);
}

/** A change of the value of a key by what it is. */
export interface Merge {
  readonly merging: Merging;
  /** Milliseconds since 1970, or 0 for never; `undefined` keeps the expiry. */
  readonly expiresMs: number | undefined;
}

/** The change of one kind by an operand. Throws `TypeError` or `RangeError` for a wrong one. */
export function toMerge(kind: MergeKind, given: unknown, ttl: number | undefined): Merge {
  const combine = COMBINE[kind];
  const merging = combine ? combined(combine, given as Counted).update : appended(given as Value);
  return { merging, expiresMs: ttl === undefined ? undefined : expiryAfter(ttl) };
}

/** What a merge makes of an entry. Throws `TypeError` or `RangeError` if it cannot. */
export function merged(key: Uint8Array, found: Found, { merging, expiresMs }: Merge): StoredOperation {
  const value = encodeValue(merging(found?.value));
  return { key, value, expiresMs: expiresMs ?? (found?.value ? found.expiresMs : 0) };
}
