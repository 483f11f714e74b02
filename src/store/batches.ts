/**
 * Checks and encodes the batches that callers pass.
 *
 * @module
 */

import type { Key, Value } from "../api/keys.ts";
import type { BatchOperation, Check } from "../api/writes.ts";
import { NEWEST, type StoredOperation } from "../backend.ts";
import { NOTHING, nameOf } from "../bytes.ts";
import { EncodedBatch } from "../encoded_batch.ts";
import { describe } from "../encoding.ts";
import type { KeySpace } from "../key_space.ts";
import { MAX_BATCH_BYTES } from "../limits.ts";
import { checkArray, checkExpectedVersion, OptionNames, wrongType } from "../options.ts";
import type { StoreCore } from "./core.ts";
import { type Found, isMerge, merged, toMerge } from "./merges.ts";
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
 * Checks and encodes the operations, whose keys are in `space`. Those that change a value find it in `core`. The caller
 * releases the batch. Throws `TypeError` or `RangeError` if an operation is wrong.
 */
export function toBatch(operations: readonly BatchOperation[], space: KeySpace, core: StoreCore): EncodedBatch {
  checkArray(operations, "a batch", "operations");
  const batch = new EncodedBatch(space);
  const find = finder(batch, space, core);
  try {
    // Unlike `forEach`, this loop also visits holes.
    for (const operation of operations) add(batch, operation, find);
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

/** The entry of a key, or an earlier operation of the batch. */
type Find = (key: Key) => Found;

/** Finds entries. It looks at the operations of the batch once, and only if something is to be found. */
function finder(batch: EncodedBatch, space: KeySpace, core: StoreCore): Find {
  const earlier = new Map<string, StoredOperation>();
  let end = 0;
  return (key) => {
    for (const operation of batch.from(end)) earlier.set(nameOf(operation.key), operation);
    end = batch.end;
    const bytes = space.encode(key);
    return earlier.get(nameOf(bytes)) ?? core.newest(bytes);
  };
}

function add(batch: EncodedBatch, operation: BatchOperation, find: Find): void {
  if (operation === undefined) wrong("expected an object, got undefined");
  const { type, key, value, by, ttl } = OPERATION.read(operation as AnyOperation);
  const isIncrement = type === "increment";
  if ((isIncrement ? value : by) !== undefined) refuse(type, isIncrement ? "value" : "by");
  if (type === "put") {
    batch.put(key, value as Value, ttl === undefined ? never : () => expiryAfter(ttl));
    return;
  }
  if (isMerge(type)) {
    const { value: bytes, expiresMs } = merged(NOTHING, find(key), toMerge(type, isIncrement ? (by ?? 1) : value, ttl));
    batch.put(key, bytes as Uint8Array, () => expiresMs);
    return;
  }
  if (type !== "delete") wrong(`expected a type such as "put", got ${describe(type)}`);
  if (value !== undefined || ttl !== undefined) refuse(type, value === undefined ? "ttl" : "value");
  batch.delete(key);
}

function refuse(type: unknown, name: string): never {
  wrong(`one of the type "${type}" has no '${name}'`);
}

function wrong(message: string): never {
  throw new TypeError(`Wrong operation of a batch: ${message}`);
}
