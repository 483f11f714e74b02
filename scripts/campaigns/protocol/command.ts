/**
 * Runs the protocol of shared stores in a simulation: many histories, each all from its seed. Processes are killed at
 * any call of the disk and any message, also in a takeover. Connections break in the middle of messages, clients stand
 * still for longer than their records are kept, others open the store alone in between, and the machine crashes. No
 * write may be lost or done twice, no read may tell of a lost one, and no call may hang.
 *
 * ```sh
 * node scripts/campaign.ts protocol [--histories 10000] [--seed 1] [--workers 2]
 * ```
 *
 * @module
 */

import { join } from "node:path";
import { count, readOptions } from "../../lib/options.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { Crew } from "../simulate/crew.ts";
import { type Counts, noCounts } from "./history.ts";
import type { HistoryReport } from "./worker.ts";

const { histories, workers, ...values } = readOptions({
  histories: count("how many histories", 10_000),
  workers: count("how many worker processes", 1),
  ...COMMON_OPTIONS,
});

const totals = { histories: 0, calls: 0, unanswered: 0, ...noCounts() };
const crew = new Crew<HistoryReport>({
  workers,
  seed: values.seed,
  rest: [],
  file: join(import.meta.dirname, "worker.ts"),
  onReport: ({ seed, done }) => {
    if (!done) return;
    totals.histories += 1;
    totals.calls += done.calls;
    totals.unanswered += done.unanswered;
    for (const [name, number] of Object.entries(done.counts)) totals[name as keyof Counts] += number;
    for (const fault of done.faults) fail(fault, seed);
    void campaign.update(totals.histories);
    if (totals.histories >= histories) crew.end();
  },
  onDeath: fail,
});
const campaign = new Campaign({
  ...values,
  verb: "sharing",
  total: histories,
  what: "histories",
  detail: () => `${totals.calls} calls, ${totals.takeovers} takeovers`,
  onEnd: () => crew.end(),
});
await crew.run();
console.table(totals);
campaign.finish(`${totals.histories} histories, ${totals.calls} calls, ${totals.takeovers} takeovers`);

function fail(problem: string, seed: number): void {
  campaign.fail(`seed ${seed}: ${problem}`, `node scripts/campaign.ts protocol --seed ${seed} --histories 1`);
}
