/**
 * The merges of a batch.
 *
 * @module
 */

import type { Key } from "../api/keys.ts";
import type { StoredOperation } from "../backend.ts";
import { nameOf, sizeOf } from "../bytes.ts";
import { checkBatchSize, type EncodedBatch } from "../encoded_batch.ts";
import type { KeySpace } from "../key_space.ts";
import type { StoreCore } from "./core.ts";
import { type Merge, merged } from "./merges.ts";

/** Collects the merges of a batch. */
export interface BatchMerges {
  /** Throws `TypeError` or `RangeError` if the key or the value is wrong. */
  add(key: Key, merge: Merge): void;
  /** Adds what the merges made to the batch. */
  finish(): void;
}

/**
 * Collects the merges of a batch. The batch gets what they make at its end: each key once, however many merges it has.
 * Otherwise many small appends to a large value would make a huge batch. They find values in `core`, if there is one.
 */
export function batchMerges(batch: EncodedBatch, space: KeySpace, core: StoreCore | undefined): BatchMerges {
  /** The last operation of each key. Its size is 0 if the batch has it already. */
  const latest = new Map<string, StoredOperation & { readonly size: number }>();
  let [end, bytes] = [0, 0];
  const set = (name: string, operation: StoredOperation, size: number) => {
    bytes += size - (latest.get(name)?.size ?? 0);
    latest.set(name, { ...operation, size });
  };
  /** Looks at the operations that the batch got meanwhile. They replace what merges made before. */
  const look = () => {
    for (const operation of batch.from(end)) set(nameOf(operation.key), operation, 0);
    end = batch.end;
  };
  return {
    add(key, merge) {
      look();
      const full = space.encode(key);
      const name = nameOf(full);
      const found = latest.get(name) ?? core?.newest(full);
      const made = merged(full.slice(space.prefix.length), found, merge);
      set(name, made, sizeOf(made));
      checkBatchSize(batch.sizeBytes + bytes);
    },
    finish() {
      look();
      for (const { key, value, expiresMs, size } of latest.values())
        if (size > 0) batch.put(key, value as Uint8Array, () => expiresMs);
    },
  };
}
