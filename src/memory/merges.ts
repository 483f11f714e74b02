/**
 * Operations that change a value by what it is, and what they make of it.
 *
 * @module
 */

import type { StoredOperation } from "../backend.ts";
import { float64Codec, uint64Codec } from "../codecs/number.ts";
import { encodeValue } from "../encoding.ts";
import { appended, type Combine, combined, larger, smaller, sum } from "./counters.ts";

/** The number of the operation that appends, for the engine. */
export const APPEND = 7;
/** The operations that count, in the order of their numbers: 1 to 3 for numbers, 4 to 6 for bigints. */
export const COMBINE: readonly (Combine | undefined)[] = [sum, smaller, larger];

/** An entry, or an operation on one. */
export type Found = Omit<StoredOperation, "key"> | undefined;

/**
 * What an operation makes of an entry. Throws {@linkcode WrongBytesError} or {@linkcode TooLongError} if it cannot change
 * its value.
 */
export function merged(operation: StoredOperation, found: Found): StoredOperation {
  const { key, value: given, expiresMs, merge } = operation;
  if (!merge || !given) return operation;
  const present = found?.value;
  const codec = merge > COMBINE.length ? uint64Codec : float64Codec;
  const combine = merge < APPEND && COMBINE[(merge - 1) % COMBINE.length];
  const update = combine ? combined(combine, codec.decode(given)).update : appended(given);
  return {
    key,
    value: encodeValue(update(present)),
    expiresMs: expiresMs < 0 ? (present && found.expiresMs) || 0 : expiresMs,
  };
}
