/**
 * A watch keeps its process alive while a caller waits for a change, and no longer.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ended, start } from "../support/child.ts";
import { RUNTIME } from "../support/runtime.ts";

test("a process ends when no caller waits for a change any more, and not before", async () => {
  const child = start(RUNTIME, join(import.meta.dirname, "watching.ts"), []);
  const { code, output } = await ended(child);
  assert.match(output, /^changed key$/m);
  assert.equal(code, 0, output);
});
