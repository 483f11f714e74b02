/**
 * Batches as callers give them.
 *
 * @module
 */

import type { BatchOperation } from "../api/writes.ts";
import type { StoredOperation } from "../backend.ts";
import { describe, encodeKey, encodeValue } from "../encoding.ts";
import { MAX_BATCH_BYTES } from "../limits.ts";
import { expiryOf } from "./expiry.ts";

/** The operations, checked and in bytes; throws `TypeError` or `RangeError` when one of them is wrong. */
export function toOperations(operations: readonly BatchOperation[]): StoredOperation[] {
  if (!Array.isArray(operations)) {
    throw new TypeError(`Cannot use ${describe(operations)} as a batch: expected an array of operations`);
  }
  const stored = operations.map(toOperation);
  checkBatchSize(stored.reduce((bytes, { key, value }) => bytes + key.length + (value?.length ?? 0), 0));
  return stored;
}

/** Throws `RangeError` for more bytes of keys and values than one commit may have. */
export function checkBatchSize(bytes: number): void {
  if (bytes <= MAX_BATCH_BYTES) return;
  throw new RangeError(`Cannot commit ${bytes} bytes at once: the limit is ${MAX_BATCH_BYTES}`);
}

function toOperation(operation: BatchOperation): StoredOperation {
  if (operation?.type === "put") {
    const { key, value, ttl } = operation;
    return { key: encodeKey(key), value: encodeValue(value), expiresMs: expiryOf(ttl === undefined ? {} : { ttl }) };
  }
  if (operation?.type === "delete") return { key: encodeKey(operation.key), value: undefined, expiresMs: 0 };
  const given = describe((operation as { type?: unknown } | undefined)?.type);
  throw new TypeError(`Wrong operation of a batch: expected the type "put" or "delete", got ${given}`);
}
