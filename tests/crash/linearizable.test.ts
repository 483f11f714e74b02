/**
 * The check of histories that the campaigns of shared stores use. A check that accepts all would find nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isLinearizable, type RegisterOperation } from "../../scripts/campaigns/shared/linearizable.ts";

const write = (startMs: number, endMs: number, value: string): RegisterOperation => ({
  ...{ startMs, endMs, value },
  isWrite: true,
});
const read = (startMs: number, endMs: number, value: string | undefined): RegisterOperation => ({
  ...{ startMs, endMs, value },
  isWrite: false,
});
const NEVER = Number.POSITIVE_INFINITY;

const HISTORIES: Readonly<Record<string, readonly [isRight: boolean, history: readonly RegisterOperation[]]>> = {
  "a read before any write": [true, [read(0, 1, undefined), write(2, 3, "a"), read(4, 5, "a")]],
  "a read of nothing after a write": [false, [write(0, 1, "a"), read(2, 3, undefined)]],
  "an old value": [false, [write(0, 1, "a"), write(2, 3, "b"), read(4, 5, "a")]],
  "a value of the future": [false, [read(0, 1, "a"), write(2, 3, "a")]],
  "two values in turns": [
    false,
    [write(0, 9, "a"), write(0, 9, "b"), read(10, 11, "a"), read(12, 13, "b"), read(14, 15, "a")],
  ],
  "a read of a write that is not over, and one that no longer finds it": [
    false,
    [write(0, 1, "a"), write(2, 20, "b"), read(3, 4, "b"), read(5, 6, "a")],
  ],
  "a write without an answer that was done late": [
    true,
    [write(0, NEVER, "a"), write(1, 2, "b"), read(3, 4, "b"), read(5, 6, "a")],
  ],
  "a write without an answer that was never done": [true, [write(0, NEVER, "a"), write(1, 2, "b"), read(3, 4, "b")]],
  "a value that nobody wrote": [false, [write(0, 1, "a"), read(2, 3, "b")]],
};

for (const [name, [isRight, history]] of Object.entries(HISTORIES)) {
  test(`${isRight ? "accepts" : "refuses"} ${name}`, () => assert.equal(isLinearizable(history), isRight));
}

/** Eight clients write and read for a while. One write takes all of it, and counts near its end. */
function withLongWrite(lastRead: string): RegisterOperation[] {
  const history = [write(0, 4000, "long")];
  for (let i = 1; i <= 400; i++) {
    for (let client = 0; client < 8; client++) {
      const at = 10 * i + client / 10;
      history.push(client % 2 === 0 ? write(at, at + 5, `${i}/${client}`) : read(at + 6, at + 8, `${i}/6`));
    }
  }
  return [...history, read(4020, 4021, lastRead)];
}

test("a write that takes as long as thousands of others is found in a moment", () => {
  assert.equal(isLinearizable(withLongWrite("400/6")), true);
  const late = withLongWrite("long").with(0, write(0, 4019, "long"));
  assert.equal(isLinearizable(late), true);
  assert.equal(isLinearizable([...late, read(4022, 4023, "400/6")]), false);
});
