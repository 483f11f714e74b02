/**
 * Damages the files of small stores in many ways, and checks that what is read is right or refused.
 *
 * ```sh
 * node scripts/damage.ts [--cases 100000] [--seed 1] [--minutes 60] [--threads 1]
 * ```
 *
 * Case `n` of a seed is the same whenever it runs; `--from n --cases 1` repeats it, and prints what came of it.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { DamageReport, DamageTask } from "./faults/damage_worker.ts";
import { FAILURES, type Outcome } from "./faults/examine.ts";
import { Progress } from "./lib/progress.ts";

const WORKER = new URL("./faults/damage_worker.ts", import.meta.url);
/** A thread that says nothing for so long hangs; it has longer to build the stores. */
const SILENCE_MS = 120_000;
const START_MS = 900_000;
const MINUTE_MS = 60_000;
const OUTCOMES: readonly Outcome[] = ["data", "noticed", "refused", "tail", "wrong", "unclear", "undetected", "hung"];

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    minutes: { type: "string", default: "60" },
    threads: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
  },
});
const [cases, seed, minutes, threads, from] = [
  Number(values.cases),
  Number(values.seed),
  Number(values.minutes),
  Number(values.threads),
  Number(values.from),
];
if (!(cases > 0 && minutes > 0 && threads > 0 && from >= 0 && seed >= 0)) {
  throw new RangeError("Expected --cases, --minutes and --threads above 0, and --from and --seed of at least 0");
}

const table = new Map<string, Record<Outcome, number>>();
let done = 0;
const deadline = performance.now() + minutes * MINUTE_MS;

console.log(`${cases} damaged files, seed ${seed}`);
const progress = new Progress("damaging", cases);
await Promise.all(
  Array.from({ length: threads }, (_, thread) => runThread({ seed, from: from + thread, step: threads })),
);
progress.stop();
print();

/** Runs a thread until everything is done; one that hangs is ended, and another goes on behind its case. */
async function runThread(task: DamageTask): Promise<void> {
  let next: number | undefined = task.from;
  while (next !== undefined) next = await runWorker({ ...task, from: next });
}

/** Returns where to go on after a hang, `undefined` when there is nothing left. */
function runWorker(task: DamageTask): Promise<number | undefined> {
  const worker = new Worker(WORKER, { workerData: task });
  let expected = task.from;
  return new Promise((resolve) => {
    const end = (next: number | undefined) => {
      clearTimeout(silence);
      resolve(next);
      void worker.terminate();
    };
    const fail = (outcome: Outcome, detail: string) => {
      note({ number: expected, kind: outcome, where: "", outcome, detail });
      end(done >= cases ? undefined : expected + task.step);
    };
    const hung = () => fail("hung", `nothing for ${SILENCE_MS} ms`);
    let silence = setTimeout(hung, START_MS);
    worker.on("message", (report: DamageReport) => {
      clearTimeout(silence);
      if (done >= cases || performance.now() > deadline) return end(undefined);
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
  progress.update(done);
  const row = table.get(kind) ?? (Object.fromEntries(OUTCOMES.map((each) => [each, 0])) as Record<Outcome, number>);
  table.set(kind, row);
  row[outcome] += 1;
  if (!FAILURES.has(outcome) && cases > 1) return;
  const repeat = `npm run damage -- --seed ${seed} --from ${number} --cases 1`;
  console.error(`case ${number}: ${kind}, ${where}: ${outcome}: ${detail}\n  ${repeat}`);
}

function print(): void {
  const total = Object.fromEntries(
    OUTCOMES.map((outcome) => [outcome, [...table.values()].reduce((sum, row) => sum + row[outcome], 0)]),
  );
  console.table({ ...Object.fromEntries([...table].sort()), total: { ...total, files: done } });
  const failures = [...FAILURES].reduce((sum, outcome) => sum + (total[outcome] ?? 0), 0);
  console.log(`seed ${seed}: ${done} damaged files, ${failures} failures`);
  if (failures > 0) process.exitCode = 1;
}
