/**
 * Runs a store on a disk whose calls fail, and checks that errors are reported and nothing acknowledged is lost.
 *
 * ```sh
 * node scripts/faults.ts [--cases 2000] [--seed 1] [--minutes 60]
 * ```
 *
 * First every call of the workload fails in some way, then random ones fail in random ways.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { Presets, SingleBar } from "cli-progress";
import { FaultCampaign, type FaultReport, shown } from "./faults/fault_campaign.ts";

const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "2000" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    minutes: { type: "string", default: "60" },
  },
});
const [cases, seed, minutes] = [Number(values.cases), Number(values.seed), Number(values.minutes)];
if (!(cases > 0 && minutes > 0)) throw new RangeError("Expected --cases and --minutes above 0");

interface Row {
  "not reached": number;
  tolerated: number;
  reported: number;
  problems: number;
}

const table: Record<string, Row> = {};
const problems: string[] = [];
let [done, struck] = [0, 0];

function note({ number, fault, outcome, problems: found }: FaultReport): void {
  table[fault.kind] ??= { "not reached": 0, tolerated: 0, reported: 0, problems: 0 };
  const row = table[fault.kind] as Row;
  row[outcome] += 1;
  if (outcome !== "not reached") struck += 1;
  if (found.length === 0) return;
  row.problems += 1;
  problems.push(`fault ${number}, ${shown(fault)}: ${found.join("; ")}`);
}

const campaign = await FaultCampaign.of(seed);
const every = campaign.every();
console.log(`${cases} faults, seed ${seed}: the workload makes ${campaign.calls} calls of the disk`);
const bar = new SingleBar({ format: "failing {bar} {value}/{total}, {eta} s left" }, Presets.shades_classic);
bar.start(cases, 0);
const deadline = performance.now() + minutes * MINUTE_MS;
for (; done < cases && performance.now() < deadline; done++) {
  note(await campaign.run(done, every[done] ?? campaign.random(done)));
  bar.update(done + 1);
}
bar.stop();
console.table(table);
for (const problem of problems.slice(0, 50)) console.error(problem);
console.log(`seed ${seed}: ${done} faults, of which ${struck} struck; ${problems.length} problems`);
if (problems.length > 0) process.exitCode = 1;
