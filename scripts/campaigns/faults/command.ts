/**
 * Runs a store on a disk whose calls fail, and checks that errors are reported and nothing acknowledged is lost.
 *
 * ```sh
 * node scripts/campaign.ts faults [--cases 2000] [--seed 1] [--from 0]
 * ```
 *
 * First every call of the workload fails once, then random calls fail in random ways. `--from n --cases 1` repeats
 * fault `n`.
 *
 * @module
 */

import { count, natural, readOptions } from "../../lib/options.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { FaultCampaign, type FaultReport, shown } from "./fault_campaign.ts";

const { cases, from, ...values } = readOptions({
  cases: count("how many faults", 2000),
  from: natural("the number of the first fault", 0),
  ...COMMON_OPTIONS,
});

interface Row {
  "not reached": number;
  tolerated: number;
  reported: number;
  problems: number;
}

const table: Record<string, Row> = {};
let [done, struck] = [0, 0];

const faults = await FaultCampaign.of(values.seed);
const every = faults.every();
const campaign = new Campaign({ ...values, verb: "failing", total: cases, what: "faults" });
console.log(`the workload makes ${faults.calls} calls of the disk`);
for (; done < cases && !campaign.isOver; done++) {
  const number = from + done;
  const fault = every[number] ?? faults.random(number);
  const thrown = (error: unknown): FaultReport => {
    const problems = [`the run threw ${(error as Error).stack ?? error}`];
    return { number, fault, outcome: "reported", counts: new Map(), problems };
  };
  note(await faults.run(number, fault).catch(thrown));
  await campaign.update(done + 1);
}
console.table(table);
campaign.finish(`${done} faults, ${struck} struck`);

function note({ number, fault, outcome, problems }: FaultReport): void {
  table[fault.kind] ??= { "not reached": 0, tolerated: 0, reported: 0, problems: 0 };
  const row = table[fault.kind] as Row;
  row[outcome] += 1;
  if (outcome !== "not reached") struck += 1;
  if (problems.length === 0) return;
  row.problems += 1;
  const repeat = `npm run faults -- --seed ${values.seed} --from ${number} --cases 1`;
  campaign.fail(`fault ${number}, ${shown(fault)}: ${problems.join("; ")}`, repeat);
}
