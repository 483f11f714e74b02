/**
 * Batches of increments and appends, and what they make of the values that a model has.
 *
 * @module
 */

import type { BatchOperation } from "../../../mod.ts";
import type { Random } from "../../lib/random.ts";
import type { Model, ModelChange } from "./history.ts";

/** A batch, and what each of its keys has afterwards. */
export interface Merges {
  readonly operations: readonly BatchOperation[];
  readonly changes: readonly ModelChange[];
}

/** What decides about a batch. */
export interface MergesContext {
  readonly model: Model;
  readonly random: Random;
  readonly nowMs: number;
  /** How many operations the batch has. */
  readonly count: number;
  /** The length of an append, in bytes. */
  readonly sizeOf: () => number;
  /** A key of a list. */
  readonly key: () => string;
}

/** How many counters there are. Nothing else writes their keys. */
const COUNTERS = 20;

/** A batch of increments and appends. */
export function mergesOf({ model, random, nowMs, count, sizeOf, key }: MergesContext): Merges {
  const operations: BatchOperation[] = [];
  const changes = new Map<string, ModelChange>();
  for (let i = 0; i < count; i++) {
    const isCount = random.below(2) === 0;
    const name = isCount ? `n${random.below(COUNTERS)}` : key();
    const present = changes.get(name) ?? model.get(name)?.[0];
    const isThere = present?.value !== undefined && (present.expiresMs === 0 || present.expiresMs > nowMs);
    const before = isThere ? (present.value as Uint8Array) : new Uint8Array(isCount ? 8 : 0);
    const ttl = random.below(10) === 0 ? random.pick([10, 500, 5000]) : undefined;
    const kept = isThere ? present.expiresMs : 0;
    const option = ttl === undefined ? {} : { ttl };
    let value: Uint8Array;
    if (isCount) {
      const by = BigInt(random.below(1000));
      value = before.slice();
      const view = new DataView(value.buffer);
      view.setBigUint64(0, view.getBigUint64(0, true) + by, true);
      operations.push({ type: "increment", key: name, by, ...option });
    } else {
      const end = new Uint8Array(sizeOf()).fill(random.below(256));
      value = new Uint8Array(before.length + end.length);
      value.set(before);
      value.set(end, before.length);
      operations.push({ type: "append", key: name, value: end, ...option });
    }
    changes.set(name, { key: name, value, expiresMs: ttl === undefined ? kept : nowMs + ttl });
  }
  return { operations, changes: [...changes.values()] };
}
