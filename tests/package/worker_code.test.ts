/**
 * The text of the worker thread must match its sources, and bundlers must not look for its file.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
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

nodeTest("no module has an expression that Turbopack takes for a worker in a file", () => {
  // With `new Worker(…)`, a build of Next with luge in `serverExternalPackages` read every file of the package as a
  // module, and failed.
  const found = globSync("src/**/*.ts", { cwd: ROOT }).filter((file) =>
    /\bnew\s+(?:\w+\.)*Worker\(/.test(readFileSync(join(ROOT, file), "utf8").replace(/^\s*(?:\/?\*|\/\/).*$/gm, "")),
  );
  assert.deepEqual(found, []);
});
