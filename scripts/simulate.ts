/**
 * Crashes stores on simulated disks, and checks that nothing is lost, comes back, or cannot be opened any more.
 *
 * ```sh
 * node scripts/simulate.ts [--states 100000] [--seed 1] [--minutes 10] [--workers 2] [--states-a-seed 2000] \
 *   [--profile "long keys"] [--progress 30]
 * ```
 *
 * A seed gives the same crashes each time. Ends after so many states, or minutes, whichever comes first. States of seeds that are
 * done count. Where no terminal shows a bar, a line on stderr says every `--progress` seconds how far it is. SIGINT and SIGTERM end
 * it with the totals so far. What fails is printed at once, with the command that repeats it.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { Presets, SingleBar } from "cli-progress";
import { Crew } from "./simulate/crew.ts";
import { addResult, noTotals, rowsOf, summaryLine } from "./simulate/table.ts";
import type { WorkerReport } from "./simulate/worker.ts";

const MIB = 2 ** 20;
const SLOWEST = 5;

const { values } = parseArgs({
  options: {
    states: { type: "string", default: "100000" },
    seed: { type: "string", default: `${Date.now() % 1_000_000_000}` },
    minutes: { type: "string", default: "1000" },
    workers: { type: "string", default: "1" },
    "states-a-seed": { type: "string", default: "2000" },
    profile: { type: "string" },
    progress: { type: "string", default: "30" },
  },
});
const [states, seed, minutes, workers, aSeed, progress] = [
  Number(values.states),
  Number(values.seed),
  Number(values.minutes),
  Number(values.workers),
  Number(values["states-a-seed"]),
  Number(values.progress),
];
if (!(states > 0 && seed > 0 && minutes > 0 && workers > 0 && aSeed > 0 && progress > 0)) {
  throw new RangeError("Expected --states, --seed, --minutes, --workers, --states-a-seed and --progress above 0");
}

console.log(`${states} crash states from seed ${seed} on, ${workers} workers`);
const totals = noTotals();
const started = performance.now();
const slowest: { life: string; states: number; seconds: number }[] = [];
/** Of lives of one kind: a state of some costs as much as ten of others, and their disks have fewer of them. */
const kinds: Record<string, { lives: number; states: number; seconds: number }> = {};
const latest = new Map<number, WorkerReport>();
let mostMemory = 0;
let failures = 0;

const bar = process.stderr.isTTY
  ? new SingleBar(
      { format: "crashing {bar} {value}/{total} states, {faults} faults, {eta_formatted} left", etaBuffer: 200 },
      Presets.shades_classic,
    )
  : undefined;
bar?.start(states, 0, { faults: 0 });

const crew = new Crew({
  workers,
  seed,
  rest: [`${aSeed}`, ...(values.profile ? [values.profile] : [])],
  onReport,
  onDeath: fail,
});
const deadline = setTimeout(() => crew.end(), minutes * 60_000);
const lines = bar ? undefined : setInterval(sayHowFar, progress * 1000);
let isStopped = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // More than once: `timeout` signals the process, and then its group.
  process.on(signal, () => {
    isStopped = true;
    crew.end();
  });
}
await crew.run();
clearTimeout(deadline);
clearInterval(lines);
bar?.stop();

const seconds = (performance.now() - started) / 1000;
console.table({ ...rowsOf(totals, seconds), "memory of a worker, most, MiB": Math.round(mostMemory / MIB) });
console.table(kinds);
console.log(`The slowest lives, of ${totals.lives}:`);
console.table(slowest);
if (failures > 0 || isStopped) process.exitCode = 1;
const rest = failures > totals.faults.length ? `, ${failures - totals.faults.length} workers died or hung` : "";
console.log(`${summaryLine(totals)}${rest}${isStopped ? ", stopped before its end" : ""}`);

function onReport(report: WorkerReport, worker: number): void {
  latest.set(worker, report);
  mostMemory = Math.max(mostMemory, report.memoryBytes);
  if (report.fault) {
    totals.faults.push(report.fault);
    fail(`${report.fault.message} (${report.fault.where})`, report.seed);
  }
  if (!report.done) return;
  const { result, lives } = report.done;
  // Its faults were told before.
  addResult(totals, { ...result, faults: [] });
  for (const { where, states: count, ms } of lives) {
    addKind(where.replace(/ life \d+$/, ""), count, ms / 1000);
    slowest.push({ life: `seed ${report.seed}, ${where}`, states: count, seconds: Number((ms / 1000).toFixed(1)) });
  }
  slowest.sort((a, b) => b.seconds - a.seconds).splice(SLOWEST);
  bar?.update(Math.min(totals.states, states), { faults: failures });
  if (totals.states >= states) crew.end();
}

function addKind(name: string, count: number, took: number): void {
  const { lives, states: sum, seconds: all } = kinds[name] ?? { lives: 0, states: 0, seconds: 0 };
  kinds[name] = { lives: lives + 1, states: sum + count, seconds: Number((all + took).toFixed(1)) };
}

function fail(problem: string, of: number): void {
  failures += 1;
  const profile = values.profile ? ` --profile "${values.profile}"` : "";
  console.error(`${problem}\n  npm run simulate -- --seed ${of} --states 1 --states-a-seed ${aSeed}${profile}`);
}

function sayHowFar(): void {
  const now = (performance.now() - started) / 1000;
  const each = Array.from(latest, ([worker, { seed: of, states: count, memoryBytes }]) => {
    return `worker ${worker}: seed ${of}, ${count} states, ${Math.round(memoryBytes / MIB)} MiB`;
  });
  const soFar = Array.from(latest.values()).reduce(
    (sum, report) => sum + (report.done ? 0 : report.states),
    totals.states,
  );
  const rate = Math.round(soFar / now);
  console.error(
    `${Math.round(now)} s: ${soFar} of ${states} states, ${rate} a second, ${failures} failures; ${each.join("; ")}`,
  );
}
