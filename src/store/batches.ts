/**
 * Checks and encodes the batches that callers pass.
 *
 * @module
 */

import type { BatchOperation, Check } from "../api/writes.ts";
import { NEWEST } from "../backend.ts";
import { EncodedBatch } from "../encoded_batch.ts";
import { describe } from "../encoding.ts";
import type { KeySpace } from "../key_space.ts";
import { MAX_BATCH_BYTES } from "../limits.ts";
import { checkArray, checkExpectedVersion, OptionNames, wrongType } from "../options.ts";
import type { StoreCore } from "./core.ts";
import { expiryAfter } from "./write_options.ts";

const EXAMPLE = '{ type: "delete", key }';
/** The names of all kinds of operations together. */
const OPERATION = new OptionNames<Extract<BatchOperation, { type: "put" }>>(
  { type: true, key: true, value: true, ttl: true },
  { property: "property of an operation", object: "an operation of a batch", example: EXAMPLE },
);

const CHECK = new OptionNames<Check>(
  { key: true, version: true },
  { property: "property of a check", object: "a check of a commit", example: "{ key, version: 3 }" },
);

/**
 * Checks and encodes the operations, whose keys are in `space`. The caller releases the batch. Throws `TypeError` or
 * `RangeError` if an operation is wrong.
 */
export function toBatch(operations: readonly BatchOperation[], space: KeySpace): EncodedBatch {
  checkArray(operations, "a batch", "operations");
  const batch = new EncodedBatch(space);
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

/**
 * Whether all checks of a commit are true now. Throws `TypeError` or `RangeError` if one is wrong, even if another one
 * is not true.
 */
export function areTrue(checks: readonly Check[], space: KeySpace, core: StoreCore): boolean {
  if (!Array.isArray(checks)) wrongType("checks", checks, "an array of checks");
  const wanted = checks.map((each: Check) => {
    const { key, version } = CHECK.read(each);
    if (!("version" in (each ?? {})))
      throw new TypeError("Wrong check of a commit: expected a version, or undefined for no value");
    checkExpectedVersion(version);
    return { key: space.encode(key).slice(), version };
  });
  return wanted.every(({ key, version }) => core.run((backend) => backend.versionOf(key, NEWEST)) === version);
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
