/**
 * Runs all tests on the three runtimes, one after another.
 *
 * ```sh
 * node scripts/test.ts [--runtime node,bun,deno] [--filter part-of-a-path]
 * ```
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { add, type Counts, NONE, summary } from "./lib/counts.ts";
import { step } from "./lib/run.ts";
import { isRuntime, RUNTIMES } from "./lib/runtimes.ts";
import { testFiles, testOn } from "./lib/test_runtime.ts";

const { values } = parseArgs({
  options: {
    runtime: { type: "string", default: RUNTIMES.join(",") },
    filter: { type: "string", default: "" },
  },
});

const names = values.runtime.split(",");
const runtimes = names.filter(isRuntime);
if (runtimes.length < names.length) {
  throw new RangeError(`Wrong --runtime '${values.runtime}': expected some of ${RUNTIMES.join(",")}`);
}
const files = testFiles(values.filter);
if (files.length === 0) throw new RangeError(`No test file's path holds --filter '${values.filter}'`);

let total: Counts = NONE;
let ok = true;
const table: Record<string, Counts & { seconds: number }> = {};
for (const runtime of runtimes) {
  let counts: Counts = NONE;
  const result = await step(`tests on ${runtime}`, async () => {
    counts = await testOn(runtime, files);
    return counts.failed === 0;
  });
  table[runtime] = { ...counts, seconds: Math.round(result.seconds) };
  total = add(total, counts);
  ok &&= result.ok;
}
console.table(table);
if (!ok) process.exitCode = 1;
console.log(summary(total));
