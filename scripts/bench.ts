/**
 * Measures luge and its peers in turn, each trial in a process of its own, in several rounds, and prints medians.
 *
 * ```sh
 * npm run bench                                   # 27 minutes, with the peers installed: also writes BENCHMARKS.md, the charts and the README's table
 * npm run bench -- --quick                        # 4 minutes, prints only
 * npm run bench -- --only get-sync --runtime node --peer luge,lmdb-js --rounds 5
 * npm run bench -- --report                       # writes the documents again, from the last figures
 * ```
 *
 * `--only` and `--peer` take parts of names, with commas between them; `--minutes` bounds the rounds after the first. The
 * figures of every run, with those of each round, are in `dist/bench/figures.json`.
 *
 * @module
 */

import { format } from "@std/fmt/duration";
import { environment } from "./bench/environment.ts";
import { readFigures, saveFigures } from "./bench/figures.ts";
import { hasSled, prepare } from "./bench/install.ts";
import { type Measurement, measurementOf } from "./bench/measurement.ts";
import { planOf } from "./bench/plan.ts";
import { printTables } from "./bench/print.ts";
import { writeReport } from "./bench/report.ts";
import { runRounds } from "./bench/rounds.ts";
import { targetRows } from "./bench/targets.ts";
import { count, describeProgram, flag, maybe, readOptions, runtimes, text } from "./lib/options.ts";
import { RUNTIMES } from "./lib/runtimes.ts";

describeProgram("scripts/bench.ts", "Measures luge beside its peers, and prints medians.");
const values = readOptions({
  quick: flag("the short form: 4 minutes, prints only"),
  runtime: runtimes(),
  only: text("parts of names of workloads, with commas between them", ""),
  peer: text("parts of names of stores, with commas between them", ""),
  rounds: count("how often everything is measured", 3),
  minutes: maybe("bounds the rounds after the first; 26 unless said, 4 with --quick", "number"),
  write: flag("write BENCHMARKS.md, the charts and the README's table, even from a part of the plan"),
  report: flag("measure nothing, write them again from the last figures"),
});

/** Measures, prints and keeps what was found; says whether all of the plan was asked for. */
async function measure(): Promise<boolean> {
  const [rounds, minutes] = [values.rounds, Number(values.minutes ?? (values.quick ? 4 : 26))];
  if (!(minutes > 0)) throw new RangeError(`Expected --minutes above 0, got '${values.minutes}'`);
  await prepare();
  const plan = planOf({
    runtimes: values.runtime,
    quick: values.quick,
    filter: { workload: values.only, peer: values.peer },
    programs: hasSled(),
  });
  if (plan.length === 0) throw new RangeError("Nothing has these names: expected a known --runtime, --only and --peer");
  const started = performance.now();
  const results = await runRounds(plan, { rounds, minutes });
  const measurements = plan
    .map((trial, i) => measurementOf(trial, results[i] ?? []))
    .filter((each): each is Measurement => each !== undefined);
  printTables(measurements, targetRows(measurements));
  const run = {
    trials: results.reduce((sum, each) => sum + each.length, 0),
    minutes: (performance.now() - started) / 60_000,
  };
  console.log(`${run.trials} trials in ${format(Math.round(run.minutes * 60) * 1000, { ignoreZero: true })}`);
  saveFigures({ environment: environment(), run, measurements });
  return !values.quick && values.only === "" && values.peer === "" && values.runtime.length === RUNTIMES.length;
}

const whole = values.report || (await measure());
if (whole || values.write) await writeReport(readFigures());
