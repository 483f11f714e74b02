/**
 * Crashes stores on simulated disks, and checks that nothing is lost, comes back, or cannot be opened any more.
 *
 * ```sh
 * node scripts/simulate.ts [--states 100000] [--seed 1] [--minutes 10] [--workers 2] [--states-a-seed 2000] \
 *   [--profile "long keys"]
 * ```
 *
 * A seed gives the same crashes each time. Ends after so many states, or minutes, whichever comes first.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Presets, SingleBar } from "cli-progress";
import { launcher } from "./lib/runtimes.ts";
import { addResult, noTotals, rowsOf, summaryLine } from "./simulate/table.ts";

/** A worker that says nothing for so long hangs. */
const SILENT_MS = 10 * 60 * 1000;

const { values } = parseArgs({
  options: {
    states: { type: "string", default: "100000" },
    seed: { type: "string", default: `${Date.now() % 1_000_000_000}` },
    minutes: { type: "string", default: "1000" },
    workers: { type: "string", default: "1" },
    "states-a-seed": { type: "string", default: "2000" },
    profile: { type: "string" },
  },
});
const [states, seed, minutes, workers] = [values.states, values.seed, values.minutes, values.workers].map(Number);
if (!(states && states > 0 && seed && seed > 0 && minutes && minutes > 0 && workers && workers > 0)) {
  throw new RangeError("Expected --states, --seed, --minutes and --workers above 0");
}

console.log(`${states} crash states from seed ${seed} on, ${workers} workers`);
const totals = noTotals();
const started = performance.now();
const bar = new SingleBar(
  { format: "crashing {bar} {value}/{total} states, {faults} faults, {eta_formatted} left", etaBuffer: 200 },
  Presets.shades_classic,
);
bar.start(states, 0, { faults: 0 });
const children: ChildProcess[] = [];
const end = () => {
  for (const child of children) child.kill("SIGKILL");
};
const timer = setTimeout(end, minutes * 60_000);
const problems: string[] = [];
await Promise.all(Array.from({ length: workers }, (_, index) => work(index)));
clearTimeout(timer);
bar.stop();
console.table(rowsOf(totals, (performance.now() - started) / 1000));
for (const { message, where } of totals.faults) console.error(`${message} (${where})`);
for (const problem of problems) console.error(problem);
if (totals.faults.length + problems.length > 0) process.exitCode = 1;
console.log(summaryLine(totals));

/** Runs one worker until there is enough of all. */
async function work(index: number): Promise<void> {
  const [command, flags] = launcher("node");
  const file = join(import.meta.dirname, "simulate", "worker.ts");
  const args = [
    `${(seed ?? 1) + index}`,
    `${workers}`,
    values["states-a-seed"],
    ...(values.profile ? [values.profile] : []),
  ];
  const child = spawn(command, [...flags, file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let done = 0;
  const hang = () => {
    problems.push(`worker ${index} hangs after ${done} seeds from ${args[0]} on, every ${workers}th`);
    child.kill("SIGKILL");
  };
  let silence = setTimeout(hang, SILENT_MS);
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(silence);
    silence = setTimeout(hang, SILENT_MS);
    addResult(totals, JSON.parse(line));
    done += 1;
    bar.update(Math.min(totals.states, states ?? 0), { faults: totals.faults.length });
    if (totals.states >= (states ?? 0)) end();
  }
  clearTimeout(silence);
  if (child.exitCode !== null && child.exitCode !== 0) problems.push(`worker ${index} ended with ${child.exitCode}`);
}
