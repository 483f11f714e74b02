/**
 * Changes of values by what they are now: sums, smallest and largest numbers, and bytes at the end.
 *
 * @module
 */

import type { Value } from "../api/keys.ts";
import type { Codec } from "../api/view.ts";
import { concat } from "../bytes.ts";
import { float64Codec, uint64Codec } from "../codecs/number.ts";
import { describe, encodeValue } from "../encoding.ts";

/** A number, or an unsigned integer of 64 bits. */
export type Counted = number | bigint;

/** Makes the bytes of a value of those that it has. */
export type Merging = (value: Uint8Array | undefined) => Uint8Array;

/** Makes a number of a present one and the one that the caller passes. Both are of one type. */
export type Combine = (present: Counted, given: Counted) => Counted;

export const sum: Combine = (present, given) =>
  typeof present === "bigint" && typeof given === "bigint"
    ? BigInt.asUintN(64, present + given)
    : Number(present) + Number(given);
// biome-ignore lint/complexity/useMathMinMax: it takes no bigint.
export const smaller: Combine = (present, given) => (present < given ? present : given);
// biome-ignore lint/complexity/useMathMinMax: it takes no bigint.
export const larger: Combine = (present, given) => (present > given ? present : given);

/**
 * An update that combines the present number with `given`, and what it made. Without a value, `given` itself counts.
 * Throws `TypeError` for anything but a number or a bigint, and `RangeError` for NaN and for a bigint that no counter can
 * have.
 */
export function combined(combine: Combine, given: Counted): { update: Merging; made(): Counted } {
  if (Number.isNaN(given)) throw new RangeError("Cannot count with NaN");
  const codec = codecOf(given);
  // What is subtracted from an integer is negative, and wraps around as the sum does.
  const operand = combine === sum && typeof given === "bigint" ? BigInt.asUintN(64, given) : given;
  let made = operand;
  codec.encode(operand);
  const update = (value: Uint8Array | undefined) => {
    if (value) made = combine(codec.decode(value), operand);
    return codec.encode(made) as Uint8Array;
  };
  return { update, made: () => made };
}

/** An update that adds bytes at the end. Throws `TypeError` or `RangeError` for a wrong value. */
export function appended(end: Value): Merging {
  const bytes = encodeValue(end).slice();
  return (value) => (value ? concat(value, bytes) : bytes);
}

function codecOf(given: Counted): Codec<Counted> {
  if (typeof given === "number") return float64Codec as Codec<Counted>;
  if (typeof given === "bigint") return uint64Codec as Codec<Counted>;
  throw new TypeError(`Cannot count with ${describe(given)}: expected a number or a bigint`);
}
