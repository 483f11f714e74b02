/**
 * Random tuples, the same in each run.
 *
 * @module
 */

import fc from "fast-check";
import type { Tuple, TuplePart } from "../../src/keys/mod.ts";

/** How properties are tried: no run differs from another. */
export const RUNS: fc.Parameters<unknown> = { seed: 21, numRuns: 600 };

/** Integers around the ends of their lengths in bytes. */
export const bigints: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -300n, max: 300n }),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc
    .tuple(fc.nat(300), fc.integer({ min: -1, max: 1 }), fc.boolean())
    .map(([bytes, off, isNegative]) => (256n ** BigInt(bytes) + BigInt(off)) * (isNegative ? -1n : 1n)),
);

const texts = fc.oneof(
  fc.string({ maxLength: 12, unit: "binary" }),
  fc.string({ maxLength: 80, unit: "grapheme-ascii" }),
  fc
    .array(fc.constantFrom("", "a", "\0", "\u00ff", "\uffff", "\u{10000}", "ab"), { maxLength: 4 })
    .map((texts) => texts.join("")),
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 4 }).map((values) => Uint8Array.from(values)),
);
/** -0 comes back as 0. */
const numbers = fc.oneof(fc.double(), fc.integer({ min: -3, max: 3 })).map((value) => (value === 0 ? 0 : value));
const dates = fc.date({ noInvalidDate: true });
const leaves = [fc.constant(null), bytes, texts, bigints, numbers, fc.boolean(), dates];

const { tuple } = fc.letrec<{ part: TuplePart; tuple: Tuple }>((tie) => ({
  part: fc.oneof({ depthSize: "small" }, ...leaves, tie("tuple")),
  tuple: fc.array(tie("part"), { maxLength: 4 }),
}));

/** Tuples of all types. */
export const tuples: fc.Arbitrary<Tuple> = tuple;

/** Parts, by type. */
export const parts: readonly fc.Arbitrary<TuplePart>[] = [...leaves, tuple];
