/**
 * Finds the ranges that include a key, and compares with a list that checks each range.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../scripts/lib/random.ts";
import { type ByteRange, isInRange } from "../../src/byte_range.ts";
import { Interval, Intervals } from "../../src/store/intervals.ts";

test("a tree finds the same ranges of a key as a list, while ranges are added and removed", () => {
  const random = new Random(7);
  const key = () => Uint8Array.from({ length: 1 + random.below(3) }, () => random.below(4));
  const end = (name: "lower" | "upper"): ByteRange =>
    random.below(5) === 0 ? {} : { [name]: key(), [`${name}Included`]: random.below(2) === 0 };
  const intervals = new Intervals<ByteRange>();
  const all: Interval<ByteRange>[] = [];
  let found = 0;
  for (let round = 0; round < 4000; round++) {
    if (all.length > 0 && (all.length > 60 || random.below(3) === 0)) {
      const [gone] = all.splice(random.below(all.length), 1);
      intervals.delete(gone as Interval<ByteRange>);
    } else {
      const range = { ...end("lower"), ...end("upper") };
      const interval = new Interval(range, range);
      all.push(interval);
      intervals.add(interval);
    }
    const asked = key();
    const expected = all.map(({ holder }) => holder).filter((range) => isInRange(range, asked));
    const actual = intervals.found(asked).map(({ holder }) => holder);
    assert.deepEqual(new Set(actual), new Set(expected));
    assert.equal(actual.length, expected.length);
    assert.equal(intervals.found(undefined).length, all.length);
    found += actual.length;
  }
  assert.ok(found > 10_000, `${found} found`);
});

test("a key is compared with few of many ranges, added in any order", () => {
  const COUNT = 4096;
  for (const step of [1, COUNT - 1, 1999]) {
    const intervals = new Intervals<number>();
    for (let i = 0; i < COUNT; i++) {
      const at = (i * step) % COUNT;
      const lower = Uint8Array.of(at >> 8, at & 255);
      intervals.add(new Interval({ lower, upper: Uint8Array.of(at >> 8, at & 255, 255) }, at));
    }
    let looks = 0;
    const counted = new Proxy(Uint8Array.of(7, 7, 1), {
      get: (target, name) => {
        // Each comparison of two keys reads both lengths first.
        if (name === "length") looks += 1;
        return Reflect.get(target, name, target);
      },
    });
    assert.deepEqual(
      intervals.found(counted).map(({ holder }) => holder),
      [7 * 257],
    );
    assert.ok(looks < 300, `${looks} looks, step ${step}`);
  }
});
