/**
 * Runs a store on a disk whose calls fail, and checks that errors are reported and nothing acknowledged is lost.
 *
 * ```sh
 * node scripts/faults.ts [--cases 2000] [--seed 1] [--minutes 60] [--from 0]
 * ```
 *
 * First every call of the workload fails in some way, then random ones fail in random ways. `--from n --cases 1` repeats fault `n`.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { FaultCampaign, type FaultReport, shown } from "./faults/fault_campaign.ts";
import { Progress } from "./lib/progress.ts";

const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "2000" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    minutes: { type: "string", default: "60" },
    from: { type: "string", default: "0" },
  },
});
const [cases, seed, minutes] = [Number(values.cases), Number(values.seed), Number(values.minutes)];
const from = Number(values.from);
if (!(cases > 0 && minutes > 0 && seed >= 0 && from >= 0)) {
  throw new RangeError("Expected --cases and --minutes above 0, and --seed and --from of at least 0");
}

interface Row {
  "not reached": number;
  tolerated: number;
  reported: number;
  problems: number;
}

const table: Record<string, Row> = {};
let [done, struck, problems] = [0, 0, 0];

function note({ number, fault, outcome, problems: found }: FaultReport): void {
  table[fault.kind] ??= { "not reached": 0, tolerated: 0, reported: 0, problems: 0 };
  const row = table[fault.kind] as Row;
  row[outcome] += 1;
  if (outcome !== "not reached") struck += 1;
  if (found.length === 0) return;
  row.problems += 1;
  problems += 1;
  const repeat = `npm run faults -- --seed ${seed} --from ${number} --cases 1`;
  console.error(`fault ${number}, ${shown(fault)}: ${found.join("; ")}\n  ${repeat}`);
}

const campaign = await FaultCampaign.of(seed);
const every = campaign.every();
console.log(`${cases} faults, seed ${seed}: the workload makes ${campaign.calls} calls of the disk`);
const progress = new Progress("failing", cases);
const deadline = performance.now() + minutes * MINUTE_MS;
for (; done < cases && performance.now() < deadline; done++) {
  const number = from + done;
  const fault = every[number] ?? campaign.random(number);
  const thrown = (error: unknown): FaultReport => {
    return {
      number,
      fault,
      outcome: "reported",
      counts: new Map(),
      problems: [`the run threw ${(error as Error).stack ?? error}`],
    };
  };
  note(await campaign.run(number, fault).catch(thrown));
  progress.update(done + 1);
}
progress.stop();
console.table(table);
console.log(`seed ${seed}: ${done} faults, of which ${struck} struck; ${problems} problems`);
if (problems > 0) process.exitCode = 1;
