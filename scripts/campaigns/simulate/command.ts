/**
 * Crashes stores on simulated disks. Checks that no data is lost or comes back, and that every store opens again.
 *
 * ```sh
 * node scripts/campaign.ts simulate [--states 100000] [--seed 1] [--minutes 10] [--workers 2] [--states-a-seed 2000] \
 *   [--profile "long keys"] [--progress 30]
 * ```
 *
 * A seed gives the same crashes each time. It ends after the given states or minutes, whichever comes first. Only
 * states of finished seeds count. SIGINT and SIGTERM end it with the totals so far. It prints a failure at once, with
 * the command that repeats it.
 *
 * @module
 */

import { count, maybe, readOptions } from "../../lib/options.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { Crew } from "./crew.ts";
import { addResult, noTotals, rowsOf, summaryLine } from "./table.ts";
import type { WorkerReport } from "./worker.ts";

const MIB = 2 ** 20;
const SLOWEST = 5;

const {
  states,
  workers,
  "states-a-seed": aSeed,
  profile,
  ...values
} = readOptions({
  states: count("how many states of disks after a crash", 100_000),
  workers: count("how many worker processes", 1),
  "states-a-seed": count("how many of these states a seed has at most", 2000),
  profile: maybe('only lives of this kind, such as "long keys"'),
  ...COMMON_OPTIONS,
});

const totals = noTotals();
const started = performance.now();
const slowest: { life: string; states: number; seconds: number }[] = [];
/** By kind of life: a state of some kinds costs as much as ten of others, and their disks get fewer states. */
const kinds: Record<string, { lives: number; states: number; seconds: number }> = {};
const latest = new Map<number, WorkerReport>();
let mostMemory = 0;
let deaths = 0;

const crew = new Crew({
  workers,
  seed: values.seed,
  rest: [`${aSeed}`, ...(profile === undefined ? [] : [profile])],
  onReport,
  onDeath: (problem, seed) => {
    deaths += 1;
    fail(problem, seed);
  },
});
const campaign = new Campaign({
  ...values,
  verb: "crashing",
  total: states,
  what: "crash states",
  detail: howFar,
  onEnd: () => crew.end(),
});
await crew.run();

const seconds = (performance.now() - started) / 1000;
console.table({ ...rowsOf(totals, seconds), "memory of a worker, most, MiB": Math.round(mostMemory / MIB) });
console.table(kinds);
console.log(`The slowest lives, of ${totals.lives}:`);
console.table(slowest);
campaign.finish(`${summaryLine(totals)}${deaths > 0 ? `, ${deaths} workers died or hung` : ""}`);

function onReport(report: WorkerReport, worker: number): void {
  latest.set(worker, report);
  mostMemory = Math.max(mostMemory, report.memoryBytes);
  if (report.fault) {
    totals.faults.push(report.fault);
    fail(`${report.fault.message} (${report.fault.where})`, report.seed);
  }
  if (!report.done) return;
  const { result, lives } = report.done;
  // Its faults were reported before.
  addResult(totals, { ...result, faults: [] });
  for (const { where, states: number, ms } of lives) {
    addKind(where.replace(/ life \d+$/, ""), number, ms / 1000);
    slowest.push({ life: `seed ${report.seed}, ${where}`, states: number, seconds: Number((ms / 1000).toFixed(1)) });
  }
  slowest.sort((a, b) => b.seconds - a.seconds).splice(SLOWEST);
  void campaign.update(totals.states);
  if (totals.states >= states) crew.end();
}

function addKind(name: string, number: number, took: number): void {
  const { lives, states: sum, seconds: all } = kinds[name] ?? { lives: 0, states: 0, seconds: 0 };
  kinds[name] = { lives: lives + 1, states: sum + number, seconds: Number((all + took).toFixed(1)) };
}

function fail(problem: string, of: number): void {
  const asked = profile === undefined ? "" : ` --profile "${profile}"`;
  campaign.fail(problem, `npm run simulate -- --seed ${of} --states 1 --states-a-seed ${aSeed}${asked}`);
}

/** The progress of each worker, and the speed of all. */
function howFar(): string {
  const all = Array.from(latest.values());
  const soFar = all.reduce((sum, report) => sum + (report.done ? 0 : report.states), totals.states);
  const rate = Math.round(soFar / ((performance.now() - started) / 1000));
  const each = Array.from(latest, ([worker, { seed: of, states: number, memoryBytes }]) => {
    return `worker ${worker}: seed ${of}, ${number} states, ${Math.round(memoryBytes / MIB)} MiB`;
  });
  const found = `${soFar} states with those of seeds that run, ${rate} a second, ${campaign.failures} failures`;
  return [found, ...each].join("; ");
}
