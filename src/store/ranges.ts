/**
 * What callers say of a range, checked and in bytes.
 *
 * @module
 */

import type { KeyRange } from "../api/range.ts";
import type { ReadRange, SnapshotRange } from "../api/reader.ts";
import { type ByteRange, compareBytes, successor } from "../byte_range.ts";
import { describe, encodeKey, encodePrefix, type Key } from "../encoding.ts";
import type { KeyEncoding, KeyFormat } from "../key_format.ts";

/** More entries than a store can hold; what the engine takes for no limit. */
export const MOST_ENTRIES = 0xffffffff;

const NOTHING = new Uint8Array(0);
const OPTIONS: ReadonlySet<string> = new Set([
  "prefix",
  "gt",
  "gte",
  "lt",
  "lte",
  "reverse",
  "limit",
  "keyEncoding",
] satisfies (keyof Omit<ReadRange<KeyEncoding>, "snapshot">)[]);

/** One end of a range. */
interface End {
  readonly key: Uint8Array;
  readonly included: boolean;
}

/** The range in bytes, of keys that stand behind `base`; throws `TypeError` or `RangeError` when it is wrong. */
export function toByteRange(range: KeyRange | undefined = {}, base: Uint8Array = NOTHING): ByteRange {
  if (typeof range !== "object" || range === null) {
    throw new TypeError(`Cannot use ${describe(range)} as a range: expected an object such as { prefix: "a" }`);
  }
  for (const [name, value] of Object.entries(range)) {
    if (name === "snapshot" && value === undefined) continue;
    if (!OPTIONS.has(name)) {
      throw new TypeError(`Unknown range option '${name}': expected one of ${[...OPTIONS].join(", ")}`);
    }
  }
  // Not used here, but wrong all the same: a range that is deleted must be as meant.
  formatOf(range as ReadRange<KeyEncoding>);
  const given = encodePrefix(range.prefix ?? NOTHING);
  const prefix = base.length === 0 ? given : concat(base, given);
  const lower = laterOf({ key: prefix, included: true }, endOf(range.gt, range.gte, ["gt", "gte"], base), 1);
  const end = successor(prefix);
  const upper = laterOf(end && { key: end, included: false }, endOf(range.lt, range.lte, ["lt", "lte"], base), -1);
  return {
    ...(lower && lower.key.length > 0 ? { lower: lower.key, lowerIncluded: lower.included } : {}),
    ...(upper ? { upper: upper.key, upperIncluded: upper.included } : {}),
    ...(isReverse(range.reverse) ? { reverse: true } : {}),
    ...(range.limit === undefined ? {} : { limit: checkLimit(range.limit) }),
  };
}

/** As {@linkcode toByteRange}, of a range that says which snapshot it is of. */
export function toSnapshotRange(range: SnapshotRange = {}): ByteRange {
  if (range?.snapshot === undefined) return toByteRange(range);
  const { snapshot: _snapshot, ...rest } = range;
  return toByteRange(rest);
}

/** The keys to delete: leaving the range out by mistake must not delete all. */
export function toDeletedRange(range: KeyRange, base?: Uint8Array): ByteRange {
  if (range !== undefined) return toByteRange(range, base);
  throw new TypeError('Cannot delete without a range: expected an object such as { prefix: "a" }, or {} for all keys');
}

/** How the keys of a range come. */
export function formatOf<E extends KeyEncoding>(range: ReadRange<E> | undefined): KeyFormat<E> {
  const encoding: unknown = range?.keyEncoding ?? "utf8";
  if (encoding === "utf8" || encoding === "bytes") return { encoding: encoding as E, strip: 0 };
  throw new TypeError(`Wrong range option 'keyEncoding': expected "utf8" or "bytes", got ${describe(encoding)}`);
}

/** `first` and behind it `second`. */
export function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

function endOf(
  excluded: Key | undefined,
  included: Key | undefined,
  names: readonly [string, string],
  base: Uint8Array,
): End | undefined {
  if (excluded !== undefined && included !== undefined) {
    throw new TypeError(`Wrong range: expected '${names[0]}' or '${names[1]}', got both`);
  }
  const key = excluded ?? included;
  if (key === undefined) return undefined;
  return { key: concat(base, encodeKey(key)), included: included !== undefined };
}

/** Of two ends the one that leaves less: the higher one for a sign of 1, the lower for -1. */
function laterOf(a: End | undefined, b: End | undefined, sign: 1 | -1): End | undefined {
  if (!a || !b) return a ?? b;
  const order = compareBytes(a.key, b.key) * sign;
  if (order === 0) return a.included ? b : a;
  return order > 0 ? a : b;
}

function isReverse(reverse: unknown): boolean {
  if (reverse === undefined || typeof reverse === "boolean") return reverse === true;
  throw new TypeError(`Wrong range option 'reverse': expected a boolean, got ${describe(reverse)}`);
}

function checkLimit(limit: unknown): number {
  if (typeof limit !== "number") {
    throw new TypeError(`Wrong range option 'limit': expected a number, got ${describe(limit)}`);
  }
  if (limit === Number.POSITIVE_INFINITY) return MOST_ENTRIES;
  if (Number.isInteger(limit) && limit >= 0) return Math.min(limit, MOST_ENTRIES);
  throw new RangeError(`Wrong range option 'limit': expected an integer of at least 0, got ${limit}`);
}
