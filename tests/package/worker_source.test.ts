/**
 * The code of the worker thread travels as text: it must be that of its sources.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import { WORKER_MODULE, workerModule } from "../../scripts/lib/worker_source.ts";
import { WORKER_SOURCE } from "../../src/fs/worker/source.ts";
import { nodeTest } from "../support/node_only.ts";

const LARGEST_BYTES = 10_000;

nodeTest("the text of the worker is what its sources make, and is short", async () => {
  const expected = await workerModule();
  assert.equal(readFileSync(join(ROOT, WORKER_MODULE), "utf8"), expected, "run 'node scripts/build_worker.ts'");
  assert.ok(WORKER_SOURCE.length < LARGEST_BYTES, `${WORKER_SOURCE.length} characters`);
});
