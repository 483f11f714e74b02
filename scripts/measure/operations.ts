/**
 * Measures puts, gets, scanned entries and durable puts per second on each runtime in turn, in several rounds.
 *
 * ```sh
 * node scripts/measure.ts operations [--rounds 5] [--entries 200000] [--durable 2000]
 * ```
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { count, readOptions } from "../lib/options.ts";
import { launcher, RUNTIMES, type Runtime } from "../lib/runtimes.ts";
import { median } from "../lib/statistics.ts";

const WORKLOAD = join(import.meta.dirname, "workload.ts");

const values = readOptions({
  rounds: count("how often each runtime is measured", 5),
  entries: count("how many entries are put, read and scanned", 200_000),
  durable: count("how many durable puts", 2000),
});

type Rates = Record<string, number>;

function measure(runtime: Runtime): Rates {
  const [command, args] = launcher(runtime);
  const output = execFileSync(command, [...args, WORKLOAD, String(values.entries), String(values.durable)], {
    encoding: "utf8",
  });
  return JSON.parse(output) as Rates;
}

const rounds = Array.from({ length: values.rounds }, () =>
  Object.fromEntries(RUNTIMES.map((runtime) => [runtime, measure(runtime)])),
);
const table = RUNTIMES.map((runtime) => {
  const names = Object.keys(rounds[0]?.[runtime] ?? {});
  const medians = names.map((name) => [name, median(rounds.map((round) => round[runtime]?.[name] ?? Number.NaN))]);
  return [runtime, Object.fromEntries(medians)];
});
console.log(`Operations per second, medians of ${values.rounds} rounds, ${values.entries} entries of 12 + 100 bytes`);
console.table(Object.fromEntries(table));
