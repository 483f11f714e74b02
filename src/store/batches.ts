/**
 * Checks and encodes the batches that callers pass.
 *
 * @module
 */

import type { BatchOperation } from "../api/writes.ts";
import { EncodedBatch } from "../encoded_batch.ts";
import { describe } from "../encoding.ts";
import { MAX_BATCH_BYTES } from "../limits.ts";
import { OptionNames } from "../options.ts";
import { expiryAfter } from "./expiry.ts";

const EXAMPLE = '{ type: "delete", key }';
/** The names of all kinds of operations together. */
const OPERATION = new OptionNames<Extract<BatchOperation, { type: "put" }>>(
  { type: true, key: true, value: true, ttl: true },
  { property: "property of an operation", object: "an operation of a batch", example: EXAMPLE },
);

/**
 * Checks and encodes the operations. The caller releases the batch. Throws `TypeError` or `RangeError` if an operation
 * is wrong.
 */
export function toBatch(operations: readonly BatchOperation[]): EncodedBatch {
  if (!Array.isArray(operations)) {
    throw new TypeError(`Cannot use ${describe(operations)} as a batch: expected an array of operations`);
  }
  const batch = new EncodedBatch();
  try {
    // Unlike `forEach`, this loop also visits holes.
    for (const operation of operations) add(batch, operation);
    checkBatchSize(batch.sizeBytes);
    return batch;
  } catch (error) {
    batch.release();
    throw error;
  }
}

/** Throws `RangeError` if a commit has too many bytes of keys and values. */
export function checkBatchSize(bytes: number): void {
  if (bytes <= MAX_BATCH_BYTES) return;
  throw new RangeError(`Cannot commit ${bytes} bytes at once: the limit is ${MAX_BATCH_BYTES}`);
}

function never(): number {
  return 0;
}

function add(batch: EncodedBatch, operation: BatchOperation): void {
  if (operation === undefined) throw new TypeError("Wrong operation of a batch: expected an object, got undefined");
  const { type, key, value, ttl } = OPERATION.read(operation as Extract<BatchOperation, { type: "put" }>);
  if (type === "put") {
    batch.put(key, value, ttl === undefined ? never : () => expiryAfter(ttl));
    return;
  }
  if (type !== "delete") {
    throw new TypeError(`Wrong operation of a batch: expected the type "put" or "delete", got ${describe(type)}`);
  }
  if (value !== undefined || ttl !== undefined) {
    const name = value === undefined ? "ttl" : "value";
    throw new TypeError(`Wrong operation of a batch: one of the type "delete" has no '${name}'`);
  }
  batch.delete(key);
}
