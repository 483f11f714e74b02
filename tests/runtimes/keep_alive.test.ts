/**
 * A watch keeps its process alive while a caller waits for a change, and no longer. A worker thread keeps none alive.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { open } from "../../mod.ts";
import { ended, start } from "../support/child.ts";
import { RUNTIME } from "../support/runtime.ts";
import { withDirectory } from "../support/temporary.ts";

test("a process ends when no caller waits for a change any more, and not before", async () => {
  const child = start(RUNTIME, join(import.meta.dirname, "watching.ts"), []);
  const { code, output } = await ended(child);
  assert.match(output, /^changed key$/m);
  assert.equal(code, 0, output);
});

test("a process whose store was not closed ends though a worker thread merges, and the store has all", async () => {
  await withDirectory(async (path) => {
    const child = start(RUNTIME, join(import.meta.dirname, "unclosed.ts"), [path]);
    const { code, output } = await ended(child);
    assert.match(output, /^written$/m);
    assert.equal(code, 0, output);
    await using store = await open(path);
    assert.equal(await store.count(), 40_000);
  });
});
