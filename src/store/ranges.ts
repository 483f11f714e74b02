/**
 * Checks the ranges that callers pass, and converts them to bytes.
 *
 * @module
 */

import type { WatchedRanges } from "../api/changes.ts";
import type { Key, KeyEncoding } from "../api/keys.ts";
import type { KeyRange } from "../api/range.ts";
import type { ReadRange, SnapshotRange } from "../api/reader.ts";
import type { KeyCodec } from "../api/view.ts";
import { type ByteRange, successor } from "../byte_range.ts";
import { compareBytes, concat } from "../bytes.ts";
import { encodeBound, encodePrefix } from "../encoding.ts";
import type { KeyFormat } from "../key_format.ts";
import type { KeySpace } from "../key_space.ts";
import { OptionNames, wrongType } from "../options.ts";

/** More entries than a store can have. The engine treats it as no limit. */
const MOST_ENTRIES = 0xffffffff;

const PROPERTY = "range option";
const RANGE = new OptionNames<ReadRange<KeyEncoding>>(
  {
    prefix: true,
    gt: true,
    gte: true,
    lt: true,
    lte: true,
    reverse: true,
    limit: true,
    keyEncoding: true,
    snapshot: true,
  },
  { property: PROPERTY, object: "a range", example: '{ prefix: "a" }' },
);
const RANGES = new OptionNames<WatchedRanges<KeyEncoding>>(
  { ranges: true, keyEncoding: true },
  { example: "{ ranges: [{ prefix }] }" },
);
/** The options whose value is a key, or the start of a key. */
const KEYS = ["prefix", "gt", "gte", "lt", "lte"] as const satisfies (keyof KeyRange)[];
/** The options that make a range smaller. */
const BOUNDS = [...KEYS, "limit"] as const;

/** The codec of bounds: the key codec of a view. */
type BoundCodec = Pick<KeyCodec<unknown>, "encode" | "end">;

/** One end of a range. */
interface End {
  readonly key: Uint8Array;
  readonly included: boolean;
}

/** The range in bytes; its keys are in `space`. Throws `TypeError` or `RangeError` if the range is wrong. */
export function toByteRange(given: KeyRange | undefined, space: KeySpace, codec?: BoundCodec): ByteRange {
  const range = RANGE.read(given as ReadRange<KeyEncoding> | undefined);
  if (range.snapshot !== undefined) {
    throw new TypeError("Wrong range option 'snapshot': only reads of a store take one");
  }
  return toBytes(range, space, codec);
}

function toBytes(given: ReadRange<KeyEncoding>, space: KeySpace, codec?: BoundCodec): ByteRange {
  // The format is not used here, but checked: a range to delete must be exactly the range that the caller means.
  formatOf(given, space);
  const base = space.prefix;
  const range = codec ? encodeBounds(given, codec) : given;
  // Copies the bytes, because the caller may change its arrays during the iteration.
  const prefix = range.prefix === undefined ? base : concat(base, encodePrefix(range.prefix));
  const lower = laterOf({ key: prefix, included: true }, endOf(range.gt, range.gte, ["gt", "gte"], base), 1);
  const end = codec?.end ? concat(prefix, codec.end) : successor(prefix);
  const upper = laterOf(end && { key: end, included: false }, endOf(range.lt, range.lte, ["lt", "lte"], base), -1);
  return {
    ...(lower && lower.key.length > 0 ? { lower: lower.key, lowerIncluded: lower.included } : {}),
    ...(upper ? { upper: upper.key, upperIncluded: upper.included } : {}),
    ...(isReverse(range.reverse) ? { reverse: true } : {}),
    ...(range.limit === undefined ? {} : { limit: checkLimit(range.limit) }),
  };
}

/** The ranges of a watch, at least one. Throws `TypeError` or `RangeError` if they are wrong. */
export function toWatchedRanges(
  given: ReadRange<KeyEncoding> | WatchedRanges<KeyEncoding> | undefined,
  space: KeySpace,
  codec?: BoundCodec,
): ByteRange[] {
  if (typeof given !== "object" || given === null || !("ranges" in given))
    return [toByteRange(given as KeyRange | undefined, space, codec)];
  const { ranges } = RANGES.read(given);
  const isWrong = !Array.isArray(ranges) || ranges.length === 0 || ranges.includes(undefined as never);
  if (isWrong) wrongType("ranges", ranges, "one or more ranges");
  return ranges.map((range: KeyRange) => toByteRange(range, space, codec));
}

/** As {@linkcode toByteRange}, for a range that may have a snapshot. */
export function toSnapshotRange(range: SnapshotRange | undefined, space: KeySpace): ByteRange {
  return toBytes(RANGE.read(range as ReadRange<KeyEncoding> | undefined), space);
}

/** The keys to delete. A range or a bound that was left out by mistake must not delete everything. */
export function toDeletedRange(range: SnapshotRange, space: KeySpace, codec?: BoundCodec): ByteRange {
  if (range === undefined) {
    throw new TypeError(
      'Cannot delete without a range: expected an object such as { prefix: "a" }, or {} for all keys',
    );
  }
  const bytes = toBytes(RANGE.read(range as ReadRange<KeyEncoding>), space, codec);
  const missing = BOUNDS.find((name) => name in range && range[name] === undefined);
  if (missing === undefined) return bytes;
  const expected = missing === "limit" ? "a number" : "a string or a Uint8Array";
  throw new TypeError(
    `Wrong range option '${missing}': expected ${expected}, got undefined; leave the name out to delete without this bound`,
  );
}

/** The format of the keys of a range. Throws `TypeError` if `keyEncoding` is wrong. */
export function formatOf<E extends KeyEncoding>(range: ReadRange<E> | undefined, { prefix }: KeySpace): KeyFormat<E> {
  const encoding: unknown = range?.keyEncoding;
  const strip = prefix.length;
  if (encoding === undefined) return { encoding: "utf8" as E, strip };
  if (encoding === "utf8" || encoding === "bytes") return { encoding: encoding as E, strip };
  return wrongType("keyEncoding", encoding, '"utf8" or "bytes"', PROPERTY);
}

/** The same range with bounds in bytes. */
function encodeBounds(range: ReadRange<KeyEncoding>, codec: BoundCodec): ReadRange<KeyEncoding> {
  const bytes: { -readonly [Name in keyof KeyRange]: KeyRange[Name] } = Object.create(range);
  for (const name of KEYS) if (range[name] !== undefined) bytes[name] = codec.encode(range[name]);
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
  const key = excluded === undefined ? included : excluded;
  if (key === undefined) return undefined;
  const name = excluded === undefined ? names[1] : names[0];
  const bytes = encodeBound(key, name);
  if (bytes.length === 0) {
    // Every key is above an empty one.
    if (names[0] === "gt") return undefined;
    throw new RangeError(`Wrong range option '${name}': expected a key, got an empty one, which is below every key`);
  }
  return { key: concat(base, bytes), included: excluded === undefined };
}

/** The stricter one of two ends: the higher one if `sign` is 1, the lower one if it is -1. */
function laterOf(a: End | undefined, b: End | undefined, sign: 1 | -1): End | undefined {
  if (!a || !b) return a ?? b;
  const order = compareBytes(a.key, b.key) * sign;
  if (order === 0) return a.included ? b : a;
  return order > 0 ? a : b;
}

function isReverse(reverse: unknown): boolean {
  if (reverse === undefined || typeof reverse === "boolean") return reverse === true;
  return wrongType("reverse", reverse, "a boolean", PROPERTY);
}

function checkLimit(limit: unknown): number {
  if (typeof limit !== "number") {
    wrongType("limit", limit, "a number", PROPERTY);
  }
  if (limit === Number.POSITIVE_INFINITY) return MOST_ENTRIES;
  if (Number.isInteger(limit) && limit >= 0) return Math.min(limit, MOST_ENTRIES);
  throw new RangeError(`Wrong range option 'limit': expected an integer of at least 0, got ${limit}`);
}
