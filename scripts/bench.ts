/**
 * Measures luge and its peers in turn, each trial in a process of its own, several rounds, and prints medians.
 *
 * ```sh
 * node scripts/bench.ts [--quick] [--runtime node,bun,deno] [--workload part-of-a-name] [--peer part] [--rounds 3] [--write]
 * ```
 *
 * `--write` puts the figures and charts into `scripts/bench/results` and `BENCHMARKS.md`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { prepare } from "./bench/install.ts";
import { type Measurement, measurementOf } from "./bench/measurement.ts";
import { planOf } from "./bench/plan.ts";
import { printTables } from "./bench/print.ts";
import { Progress } from "./bench/progress.ts";
import { writeReport } from "./bench/report.ts";
import { type Result, type Trial, Trials } from "./bench/run_trial.ts";
import { targetRows } from "./bench/targets.ts";
import { isRuntime, RUNTIMES } from "./lib/runtimes.ts";

/** What takes longer is measured once: the time goes to what varies more. */
const LONG_MS = 3000;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runtime: { type: "string", default: RUNTIMES.join(",") },
    workload: { type: "string", default: "" },
    peer: { type: "string", default: "" },
    rounds: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const runtimes = values.runtime.split(",").filter(isRuntime);
const plan = planOf(runtimes, values.quick, { workload: values.workload, peer: values.peer });
if (!(rounds > 0) || plan.length === 0)
  throw new RangeError("Expected --rounds above 0, and a known runtime, workload and peer");

await prepare();
const started = performance.now();
const results = plan.map((): Result[] => []);
let repeated = plan.map((_, i) => i);
{
  using trials = new Trials();
  for (let round = 0; round < rounds; round++) {
    using progress = new Progress(`round ${round + 1} of ${rounds}`, repeated.length);
    const short: number[] = [];
    for (const i of repeated) {
      const trial = plan[i] as Trial;
      const began = performance.now();
      results[i]?.push(
        await progress.during(`${trial.workload} ${trial.peer} ${trial.runtime}`, () => trials.run(trial)),
      );
      if (performance.now() - began < LONG_MS) short.push(i);
    }
    repeated = short;
  }
}
const measurements = plan
  .map((trial, i) => measurementOf(trial, results[i] ?? []))
  .filter((each): each is Measurement => each !== undefined);
printTables(measurements, targetRows(measurements));
const minutes = (performance.now() - started) / 60_000;
const total = results.reduce((sum, each) => sum + each.length, 0);
console.log(`${total} trials in ${minutes.toFixed(1)} min`);
if (values.write) await writeReport(measurements, { rounds, trials: total, minutes });
