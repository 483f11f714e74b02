/**
 * Batches, as callers pass them.
 *
 * @module
 */

import type { BatchOperation } from "../api/writes.ts";
import type { StoredOperation } from "../backend.ts";
import { sizeOfAll } from "../bytes.ts";
import { describe, encodeKey, encodeValue } from "../encoding.ts";
import { MAX_BATCH_BYTES } from "../limits.ts";
import { OptionNames } from "../options.ts";
import { expiryAfter } from "./expiry.ts";

const EXAMPLE = '{ type: "delete", key }';
/** The names of all kinds of operations together. */
const OPERATION = new OptionNames<Extract<BatchOperation, { type: "put" }>>(
  { type: true, key: true, value: true, ttl: true },
  { property: "property of an operation", object: "an operation of a batch", example: EXAMPLE },
);

/** The operations, checked and in bytes. Throws `TypeError` or `RangeError` if one of them is wrong. */
export function toOperations(operations: readonly BatchOperation[]): StoredOperation[] {
  if (!Array.isArray(operations)) {
    throw new TypeError(`Cannot use ${describe(operations)} as a batch: expected an array of operations`);
  }
  // Unlike `map`, it also visits holes of the array.
  const stored = Array.from(operations, toOperation);
  checkBatchSize(sizeOfAll(stored));
  return stored;
}

/** Throws `RangeError` if a commit has too many bytes of keys and values. */
export function checkBatchSize(bytes: number): void {
  if (bytes <= MAX_BATCH_BYTES) return;
  throw new RangeError(`Cannot commit ${bytes} bytes at once: the limit is ${MAX_BATCH_BYTES}`);
}

function toOperation(operation: BatchOperation): StoredOperation {
  if (operation === undefined) throw new TypeError("Wrong operation of a batch: expected an object, got undefined");
  const { type, key, value, ttl } = OPERATION.read(operation as Extract<BatchOperation, { type: "put" }>);
  if (type === "put") return { key: encodeKey(key), value: encodeValue(value), expiresMs: expiryAfter(ttl) };
  if (type !== "delete") {
    throw new TypeError(`Wrong operation of a batch: expected the type "put" or "delete", got ${describe(type)}`);
  }
  if (value !== undefined || ttl !== undefined) {
    const name = value === undefined ? "ttl" : "value";
    throw new TypeError(`Wrong operation of a batch: one of the type "delete" has no '${name}'`);
  }
  return { key: encodeKey(key), value: undefined, expiresMs: 0 };
}
