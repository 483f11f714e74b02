/**
 * Runs a plan in rounds, for as long as there is time.
 *
 * @module
 */

import { Progress } from "./progress.ts";
import { Trials } from "./run_trial.ts";
import { isCompared } from "./targets.ts";
import type { Result, Trial } from "./workload.ts";
import { workloadOf } from "./workloads/index.ts";

/** The number of rounds and the time limit. */
export interface RoundsOptions {
  readonly rounds: number;
  /** No trial starts after this many minutes. The trials of the targets run first. Trials that are left out are reported. */
  readonly minutes: number;
}

/** Runs a plan. Returns for each trial one result per round. */
export async function runRounds(plan: readonly Trial[], { rounds, minutes }: RoundsOptions): Promise<Result[][]> {
  const end = performance.now() + minutes * 60_000;
  const results = plan.map((): Result[] => []);
  const took = plan.map(() => 0);
  using trials = new Trials();
  let leftOut = 0;
  const runAll = async (title: string, chosen: readonly number[]) => {
    using progress = new Progress(title, chosen.length);
    for (const i of chosen) {
      const trial = plan[i] as Trial;
      const started = performance.now();
      if (started + (took[i] ?? 0) > end) {
        if (results[i]?.length === 0) leftOut += 1;
        continue;
      }
      const name = `${trial.workload} ${trial.entries} ${trial.peer} ${trial.runtime}`;
      results[i]?.push(await progress.during(name, () => trials.run(trial)));
      took[i] = performance.now() - started;
    }
  };
  const all = plan.map((_, i) => i);
  const workloads = new Set(plan.filter(isCompared).map(({ workload }) => workload));
  await runAll(
    "round 1, targets",
    all.filter((i) => workloads.has((plan[i] as Trial).workload)),
  );
  await runAll(
    "round 1, others",
    all.filter((i) => !workloads.has((plan[i] as Trial).workload)),
  );
  // Do not repeat trials that failed or that the store does not support.
  const measured = all.filter((i) => isOutcome(results[i]?.[0]) && !workloadOf((plan[i] as Trial).workload).isLong);
  const compared = measured.filter((i) => isCompared(plan[i] as Trial));
  const others = measured.filter((i) => !isCompared(plan[i] as Trial));
  for (let round = 2; round <= rounds; round++) await runAll(`round ${round}, targets`, compared);
  for (let round = 2; round <= rounds; round++) await runAll(`round ${round}, others`, others);
  if (leftOut > 0) console.warn(`${leftOut} of ${plan.length} trials were LEFT OUT: ${minutes} minutes were over`);
  return results;
}

function isOutcome(result: Result): boolean {
  return result !== undefined && !(result instanceof Error);
}
