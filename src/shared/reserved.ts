/**
 * Keeps the records of requests out of the callers' sight.
 *
 * @module
 */

import type { KeyRange } from "../api/range.ts";
import type { ByteRange } from "../byte_range.ts";
import { compareBytes } from "../bytes.ts";
import { isUint8Array } from "../realm.ts";
import type { SentRange } from "./calls.ts";
import { RESERVED } from "./requests.ts";

/** The range without the reserved keys. */
export function visibleOf<R extends Pick<ByteRange, "upper" | "upperIncluded">>(range: R): R {
  const { upper } = range;
  return upper && compareBytes(upper, RESERVED) < 0 ? range : { ...range, upper: RESERVED, upperIncluded: false };
}

/** The same as a store takes it. */
export function visibleRange(range: SentRange | ByteRange): KeyRange {
  const { lower, lowerIncluded, upper, upperIncluded, reverse, limit } = visibleOf(range);
  const start = lower === undefined ? {} : lowerIncluded === false ? { gt: lower } : { gte: lower };
  const end = upperIncluded ? { lte: upper } : { lt: upper };
  return { ...start, ...end, reverse: reverse === true, ...(limit === undefined ? {} : { limit }) };
}

/** Whether a key is reserved. */
export function isReserved(key: Uint8Array): boolean {
  return key.length >= RESERVED.length && compareBytes(key, RESERVED) >= 0;
}

/** Throws `RangeError` for a reserved key. */
export function checkVisible(key: unknown): void {
  if (!isUint8Array(key) || !isReserved(key)) return;
  throw new RangeError("Cannot use a key that begins with 16 bytes ff: shared stores use them");
}
