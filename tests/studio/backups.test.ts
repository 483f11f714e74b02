/**
 * Which backups lead to a version.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { chainTo } from "../../src/cli/studio_backups.ts";
import type { WireBackup } from "../../src/studio/mod.ts";

/** Backups, each as its versions: one for a full backup. In the order of the versions at their ends. */
const backups = (...all: readonly (readonly number[])[]): WireBackup[] =>
  all
    .map(([first = 0, to = first], i) => ({ file: `${i}`, size: 1, from: first, to, isIncrement: first !== to }))
    .sort((a, b) => a.to - b.to || a.from - b.from);
const chain = (all: readonly WireBackup[], to: number) => chainTo(all, to).map(({ from, to }) => `${from}-${to}`);
const increment = (from: number, to: number): WireBackup => ({ file: "x", size: 1, from, to, isIncrement: true });

test("a chain is a full backup, and increments that continue each other", () => {
  assert.deepEqual(chain(backups([3], [3, 5], [5, 9]), 9), ["3-3", "3-5", "5-9"]);
  assert.deepEqual(chain(backups([3], [3, 5], [5, 9]), 5), ["3-3", "3-5"]);
});

test("a full backup is better than a chain, and a way is found past increments that lead nowhere", () => {
  assert.deepEqual(chain(backups([3], [3, 9], [9]), 9), ["9-9"]);
  assert.deepEqual(chain(backups([3], [2, 9], [3, 9]), 9), ["3-3", "3-9"]);
});

test("no increment continues itself, or one that ends later", () => {
  const lost = /Wrong version 5: expected one to which a chain of backups leads/;
  assert.throws(() => chainTo([increment(5, 5)], 5), lost);
  assert.throws(() => chainTo([increment(7, 5), increment(5, 7)], 5), lost);
  assert.throws(() => chainTo([increment(3, 5)], 5), lost);
  assert.throws(() => chainTo([{ file: "x", size: 1, problem: "no backup" }], 5), lost);
});
