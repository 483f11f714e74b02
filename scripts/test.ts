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
import { add, type Counts, NONE, summary } from "./lib/counts.ts";
import { describeProgram, readOptions, runtimes, text } from "./lib/options.ts";
import { step } from "./lib/run.ts";
import { testFiles, testOn } from "./lib/test_runtime.ts";

describeProgram("scripts/test.ts", "Runs all tests on the three runtimes, one after another.");
const values = readOptions({
  runtime: runtimes(),
  filter: text("only test files whose paths contain this", ""),
});
const files = testFiles(values.filter);
if (files.length === 0) throw new RangeError(`No test file's path holds --filter '${values.filter}'`);

let total: Counts = NONE;
let ok = true;
const table: Record<string, Counts & { seconds: number }> = {};
for (const runtime of values.runtime) {
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
