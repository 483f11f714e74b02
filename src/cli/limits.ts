/**
 * The limits of a store. The command checks them before it opens a store. A test compares them with the store's.
 *
 * @module
 */

import { UsageError } from "./exit_codes.ts";

const MAX_KEY_BYTES = 65_000;
/** 64 MiB. */
export const MAX_VALUE_BYTES: number = 64 * 1024 * 1024;

/** The key. Throws if a store would refuse it. */
export function checkedKey(key: Uint8Array): Uint8Array {
  if (key.length === 0) throw new UsageError("Cannot use an empty key: a key has at least 1 byte");
  return checkedPrefix(key);
}

/** The prefix of keys. Throws if a store would refuse it. */
export function checkedPrefix(prefix: Uint8Array): Uint8Array {
  if (prefix.length <= MAX_KEY_BYTES) return prefix;
  throw new UsageError(`Cannot use a key of ${prefix.length} bytes: the limit is ${MAX_KEY_BYTES}`);
}

/** The value. Throws if a store would refuse it. */
export function checkedValue(value: Uint8Array): Uint8Array {
  if (value.length <= MAX_VALUE_BYTES) return value;
  throw new UsageError(`Cannot store a value of ${value.length} bytes: the limit is ${MAX_VALUE_BYTES}`);
}
