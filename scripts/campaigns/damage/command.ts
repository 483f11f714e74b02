/**
 * Damages the files of small stores in many ways, and checks that every read is correct or refused.
 *
 * ```sh
 * node scripts/campaign.ts damage [--cases 100000] [--seed 1] [--workers 2] [--from 0]
 * ```
 *
 * Case `n` of a seed is always the same. `--from n --cases 1` repeats it, and prints the result.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { count, natural, readOptions } from "../../lib/options.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import type { DamageReport, DamageTask } from "./damage_worker.ts";
import { FAILURES, type Outcome } from "./examine.ts";

const WORKER = new URL("./damage_worker.ts", import.meta.url);
/** A thread without a message for this long hangs. It gets longer to build the stores. */
const SILENCE_MS = 120_000;
const START_MS = 900_000;
const OUTCOMES: readonly Outcome[] = ["data", "noticed", "refused", "tail", "wrong", "unclear", "undetected", "hung"];

const { cases, from, workers, ...values } = readOptions({
  cases: count("how many damaged files", 100_000),
  from: natural("the number of the first case", 0),
  workers: count("how many threads work", 1),
  ...COMMON_OPTIONS,
});
const { seed } = values;

const table = new Map<string, Record<Outcome, number>>();
let done = 0;
const ends = new Set<() => void>();
const campaign = new Campaign({
  ...values,
  verb: "damaging",
  total: cases,
  what: "damaged files",
  onEnd: () => {
    for (const end of ends) end();
  },
});
await Promise.all(
  Array.from({ length: workers }, (_, thread) => runThread({ seed, from: from + thread, step: workers })),
);
const total = Object.fromEntries(
  OUTCOMES.map((outcome) => [outcome, [...table.values()].reduce((sum, row) => sum + row[outcome], 0)]),
);
console.table({ ...Object.fromEntries([...table].sort()), total: { ...total, files: done } });
campaign.finish(`${done} damaged files`);

/**
 * Runs a thread until everything is done. If it hangs, it is ended, and another thread continues after the hanging
 * case.
 */
async function runThread(task: DamageTask): Promise<void> {
  let next: number | undefined = task.from;
  while (next !== undefined && !campaign.isOver) next = await runWorker({ ...task, from: next });
}

/** Returns the case to continue with after a hang; `undefined` if no case is left. */
function runWorker(task: DamageTask): Promise<number | undefined> {
  const worker = new Worker(WORKER, { workerData: task });
  let expected = task.from;
  return new Promise((resolve) => {
    const end = (next?: number) => {
      clearTimeout(silence);
      ends.delete(end);
      resolve(next);
      void worker.terminate();
    };
    ends.add(end);
    const fail = (outcome: Outcome, detail: string) => {
      note({ number: expected, kind: outcome, where: "", outcome, detail });
      end(done >= cases ? undefined : expected + task.step);
    };
    const hung = () => fail("hung", `nothing for ${SILENCE_MS} ms`);
    let silence = setTimeout(hung, START_MS);
    worker.on("message", (report: DamageReport) => {
      clearTimeout(silence);
      if (done >= cases || campaign.isOver) return end();
      expected = report.number + task.step;
      note(report);
      silence = setTimeout(hung, SILENCE_MS);
    });
    worker.on("error", (error) => fail("unclear", `the thread ended: ${(error as Error).stack ?? error}`));
  });
}

function note({ number, kind, where, outcome, detail }: DamageReport): void {
  if (outcome === undefined) return;
  done += 1;
  void campaign.update(done);
  const row = table.get(kind) ?? (Object.fromEntries(OUTCOMES.map((each) => [each, 0])) as Record<Outcome, number>);
  table.set(kind, row);
  row[outcome] += 1;
  const said = `case ${number}: ${kind}, ${where}: ${outcome}: ${detail}`;
  if (FAILURES.has(outcome)) campaign.fail(said, `npm run damage -- --seed ${seed} --from ${number} --cases 1`);
  else if (cases === 1) console.log(said);
}
