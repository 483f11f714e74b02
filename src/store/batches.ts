/**
 * Checks and encodes the batches that callers pass.
 *
 * @module
 */

import type { Key, Value } from "../api/keys.ts";
import type { BatchOperation, Check } from "../api/writes.ts";
import { NEWEST } from "../backend.ts";
import { checkBatchSize, EncodedBatch } from "../encoded_batch.ts";
import { describe } from "../encoding.ts";
import type { KeySpace } from "../key_space.ts";
import { checkArray, checkExpectedVersion, OptionNames, wrongType } from "../options.ts";
import type { StoreCore } from "./core.ts";
import { isMerge, toOperand } from "./merges.ts";
import { expiryAfter } from "./write_options.ts";

const EXAMPLE = '{ type: "delete", key }';
/** An operation before its type is known. */
interface AnyOperation {
  readonly type: BatchOperation["type"];
  readonly key: Key;
  readonly value?: Value | number | bigint;
  readonly by?: number | bigint | undefined;
  readonly ttl?: number | undefined;
}

/** The names of all kinds of operations together. */
const OPERATION = new OptionNames<AnyOperation>(
  { type: true, key: true, value: true, by: true, ttl: true },
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

/**
 * Whether all checks of a commit are true now. Throws `TypeError` or `RangeError` if one is wrong, even if another one
 * is not true.
 */
export function areTrue(checks: readonly Check[], space: KeySpace, core: StoreCore): boolean {
  return toChecks(checks, space).every(
    ({ key, version }) => core.run((backend) => backend.versionOf(key, NEWEST)) === version,
  );
}

/** The checks of a commit, with whole keys in bytes. Throws `TypeError` or `RangeError` if one is wrong. */
export function toChecks(checks: readonly Check[], space: KeySpace): Check<Uint8Array>[] {
  if (!Array.isArray(checks)) wrongType("checks", checks, "an array of checks");
  return checks.map((each: Check) => {
    const check = CHECK.read(each);
    if (!("version" in check))
      throw new TypeError("Wrong check of a commit: expected a version, or undefined for no value");
    checkExpectedVersion(check.version);
    return { ...check, key: space.encode(check.key).slice() };
  });
}

function never(): number {
  return 0;
}

function add(batch: EncodedBatch, operation: BatchOperation): void {
  if (operation === undefined) wrongOperation("expected an object, got undefined");
  const { type, key, value, by, ttl } = OPERATION.read(operation as AnyOperation);
  const isIncrement = type === "increment";
  if (type !== "put" && type !== "delete" && !isMerge(type))
    wrongOperation(`expected a type such as "put", got ${typeof type === "string" ? `'${type}'` : describe(type)}`);
  if ((isIncrement ? value : by) !== undefined) refuse(type, isIncrement ? "value" : "by");
  if (type === "put") {
    batch.put(key, value as Value, ttl === undefined ? never : () => expiryAfter(ttl));
    return;
  }
  if (isMerge(type)) {
    const operand = by === undefined ? 1 : by;
    batch.merge(key, toOperand(type, isIncrement ? operand : value, ttl));
    return;
  }
  if (value !== undefined || ttl !== undefined) refuse(type, value === undefined ? "ttl" : "value");
  batch.delete(key);
}

function refuse(type: unknown, name: string): never {
  wrongOperation(`one of the type "${type}" has no '${name}'`);
}

/** Throws the `TypeError` for a wrong operation of a batch. */
export function wrongOperation(message: string): never {
  throw new TypeError(`Wrong operation of a batch: ${message}`);
}
