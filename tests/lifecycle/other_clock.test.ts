/**
 * Stores after the clock was ahead, as in a simulation, and is the runtime's again.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../mod.ts";
import { clock } from "../../src/clock.ts";

/** More reads than luge does between two looks at the clock. */
const MANY_READS = 1000;

test("reads that are awaited one after the other let timers run, also after the clock was set back", async () => {
  await using store = new MemoryStore();
  await store.put("key", "value");
  const { monotonic } = clock;
  clock.monotonic = () => monotonic() + 2 ** 40;
  try {
    for (let i = 0; i < MANY_READS; i++) await store.get("key");
  } finally {
    clock.monotonic = monotonic;
  }
  let hasTurned = false;
  setImmediate(() => {
    hasTurned = true;
  });
  for (let i = 0; i < 1_000_000 && !hasTurned; i++) await store.get("key");
  assert.ok(hasTurned);
});
