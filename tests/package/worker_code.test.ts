/**
 * The text of the worker thread must match its sources.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import { WORKER_MODULE, workerModule } from "../../scripts/lib/worker_code.ts";
import { WORKER_CODE } from "../../src/fs/worker/worker_code.ts";
import { nodeTest } from "../support/node_only.ts";

const LARGEST_BYTES = 10_000;

nodeTest("the text of the worker matches its sources, and is short", async () => {
  const expected = await workerModule();
  assert.equal(readFileSync(join(ROOT, WORKER_MODULE), "utf8"), expected, "run 'node scripts/build.ts worker'");
  assert.ok(WORKER_CODE.length < LARGEST_BYTES, `${WORKER_CODE.length} characters`);
});
