/**
 * Changes of values by what they are when they are written.
 *
 * @module
 */

import type { Value } from "../api/keys.ts";
import type { StoredOperation } from "../backend.ts";
import { appended, type Counted, combined } from "../memory/counters.ts";
import { APPEND, COMBINE } from "../memory/merges.ts";
import { expiryAfter } from "./write_options.ts";

/** The kinds of merges. */
export type MergeKind = "increment" | "min" | "max" | "append";

/** In the order of {@linkcode COMBINE}. */
const KINDS: readonly unknown[] = ["increment", "min", "max", "append"];

/** Whether this is the name of a kind. */
export function isMerge(kind: unknown): kind is MergeKind {
  return KINDS.includes(kind);
}

/** An operation that merges, without its key. */
export type Operand = Omit<StoredOperation, "key">;

/** The operation of one kind. Throws `TypeError` or `RangeError` for a wrong operand. */
export function toOperand(kind: MergeKind, given: unknown, ttl: number | undefined): Operand {
  const number = KINDS.indexOf(kind);
  const combine = COMBINE[number];
  const update = combine ? combined(combine, given as Counted).update : appended(given as Value);
  const merge = combine ? number + (typeof given === "bigint" ? COMBINE.length + 1 : 1) : APPEND;
  return { value: update(undefined), expiresMs: ttl === undefined ? -1 : expiryAfter(ttl), merge };
}
