/**
 * How many of its own writes a transaction looks at during reads.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SortedKeys } from "../../src/memory/sorted_keys.ts";
import { toOperand } from "../../src/store/merges.ts";
import { WriteSet } from "../../src/store/write_set.ts";

const FORMAT = { encoding: "utf8", strip: 0 } as const;
const EMPTY = { keys: [], values: [], last: undefined };
const keyOf = (i: number) => new TextEncoder().encode(`k${String(i).padStart(6, "0")}`);

test("a read of a range looks at no counters outside of it", () => {
  const writes = new WriteSet();
  for (let i = 0; i < 4000; i++)
    writes.merge({ key: keyOf((i * 1999) % 4000), ...toOperand("increment", i, undefined) });
  let looked = 0;
  const { from, backFrom } = SortedKeys.prototype;
  const counting = (walk: typeof backFrom) =>
    function* (this: SortedKeys, start: string | undefined) {
      for (const name of walk.call(this, start)) {
        looked += 1;
        yield name;
      }
    };
  Object.assign(SortedKeys.prototype, { from: counting(from as typeof backFrom), backFrom: counting(backFrom) });
  try {
    for (const reverse of [false, true]) {
      looked = 0;
      const range = { lower: keyOf(100), upper: keyOf(110), upperIncluded: true, reverse };
      assert.equal(writes.mergedIn({ ...range, lowerIncluded: false }).length, 10);
      // The ends, and the first behind the range.
      assert.equal(looked, 12);
    }
  } finally {
    Object.assign(SortedKeys.prototype, { from, backFrom });
  }
  for (let i = 0; i < 4000; i += 2) writes.settle(keyOf(i), () => undefined);
  assert.deepEqual(writes.mergedIn({ lower: keyOf(2), upper: keyOf(6) }), [keyOf(3), keyOf(5)]);
  writes.merge({ key: keyOf(4), ...toOperand("increment", 1, undefined) });
  writes.merge({ key: keyOf(4), ...toOperand("increment", 1, undefined) });
  assert.deepEqual(writes.mergedIn({ lower: keyOf(3), upper: keyOf(5) }), [keyOf(3), keyOf(4)]);
});

test("a read of a range copies the values that it returns, however many were written", () => {
  let copies = 0;
  const writes = new WriteSet();
  for (let i = 0; i < 4000; i++) {
    const value = new Uint8Array(10);
    value.slice = () => {
      copies += 1;
      return new Uint8Array(10);
    };
    writes.add({ key: keyOf((i * 1999) % 4000), value, expiresMs: 0 });
    const { keys } = writes.over(EMPTY, { limit: 1 }, FORMAT, 1);
    assert.deepEqual(keys, ["k000000"]);
  }
  assert.equal(copies, 4000);
  copies = 0;
  const page = writes.over(EMPTY, { lower: keyOf(100), reverse: true, pageBytes: 2048 }, FORMAT, 1);
  assert.equal(page.keys[0], "k003999");
  assert.equal(page.keys.length, 32);
  assert.equal(copies, 32);
  assert.deepEqual(page.last, keyOf(3968));
});
