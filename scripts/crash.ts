/**
 * Kills writing processes (`kill -9`) on each runtime in turn and checks that no acknowledged write is lost.
 *
 * ```sh
 * node scripts/crash.ts [--runs 200] [--runtime node,bun,deno] [--seed 1]
 * ```
 *
 * A crash is decided by its seed but for the moment at which the operating system delivers the kill.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { Presets, SingleBar } from "cli-progress";
import { campaign, isClean } from "./crash/campaign.ts";
import { isRuntime, RUNTIMES } from "./lib/runtimes.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    runtime: { type: "string", default: RUNTIMES.join(",") },
    seed: { type: "string", default: `${Date.now() % 1_000_000_000}` },
  },
});
const runs = Number(values.runs);
const runtimes = values.runtime.split(",").filter(isRuntime);
if (!(runs > 0) || runtimes.length === 0) throw new RangeError("Expected --runs above 0 and a known --runtime");

console.log(`${runs} crashes, seed ${values.seed}`);
const bar = new SingleBar({ format: "crashing {bar} {value}/{total}, {eta} s left" }, Presets.shades_classic);
bar.start(runs, 0);
const problems: string[] = [];
const table = await campaign(runs, runtimes, Number(values.seed), (done, problem) => {
  bar.update(done);
  if (problem) problems.push(problem);
});
bar.stop();
console.table(table);
for (const problem of problems) console.error(problem);
if (!isClean(table)) process.exitCode = 1;
