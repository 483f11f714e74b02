/**
 * How many of its own writes a transaction looks at during reads.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WriteSet } from "../../src/store/write_set.ts";

const FORMAT = { encoding: "utf8", strip: 0 } as const;
const EMPTY = { keys: [], values: [], last: undefined };
const keyOf = (i: number) => new TextEncoder().encode(`k${String(i).padStart(6, "0")}`);

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
