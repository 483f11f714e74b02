/**
 * What the campaigns of servers compare: writes that were acknowledged, with what the store has and a watch saw.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Known, Tally } from "../../scripts/campaigns/servers/tally.ts";

const found = (counts: boolean, known: readonly Known[], seen: readonly number[], newest: number) => {
  const tally = new Tally("name", counts);
  for (const each of known) tally.note(each, each === "done" ? undefined : "why");
  for (const number of seen) tally.saw(number);
  return tally.check(newest);
};
const RIGHT = { lost: 0, doubled: 0, missed: 0 };

test("a count after one that was not done has its number", () => {
  assert.deepEqual(found(true, ["done", "undone", "done"], [1, 2], 2), RIGHT);
  assert.deepEqual(found(true, ["done", "unknown", "done"], [1, 2], 2), RIGHT);
  assert.deepEqual(found(true, ["done", "unknown", "done"], [1, 2, 3], 3), RIGHT);
});

test("counts that are lost, done against the answer, done twice, or missed by the watch are found", () => {
  assert.deepEqual(found(true, ["done", "done"], [1], 1), { ...RIGHT, lost: 1 });
  assert.deepEqual(found(true, ["done", "undone"], [1, 2], 2), { ...RIGHT, doubled: 1 });
  assert.deepEqual(found(true, ["done", "done"], [1, 2, 2], 2), { ...RIGHT, doubled: 1 });
  assert.deepEqual(found(true, ["done", "done"], [2], 2), { ...RIGHT, missed: 1 });
});

test("numbers that a writer chooses are found lost, done against the answer, or missed", () => {
  assert.deepEqual(found(false, ["done", "undone", "done"], [1, 3], 3), RIGHT);
  assert.deepEqual(found(false, ["done", "undone", "done"], [1, 2, 3], 3), { ...RIGHT, doubled: 1 });
  assert.deepEqual(found(false, ["done", "done"], [1], 1), { lost: 1, doubled: 0, missed: 1 });
  assert.deepEqual(found(false, ["done", "done"], [2], 2), { ...RIGHT, missed: 1 });
});
