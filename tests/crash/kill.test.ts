import assert from "node:assert/strict";
import { campaign, isClean } from "../../scripts/campaigns/crash/campaign.ts";
import { Oracle } from "../../scripts/campaigns/crash/oracle.ts";
import { contentOf, keyOf, Plan } from "../../scripts/campaigns/crash/plan.ts";
import { RUNTIMES } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";

const RUNS = 12;

nodeTest("kill -9 of a writer loses no acknowledged write", async () => {
  const seed = 1;
  const problems: string[] = [];
  const table = await campaign(RUNS, RUNTIMES, seed, {
    onRun: (_, problem) => {
      if (problem) problems.push(problem);
    },
  });
  assert.ok(isClean(table), `seed ${seed}: ${problems.join("; ")}`);
  const acknowledged = Object.values(table).reduce((sum, row) => sum + row.acknowledged, 0);
  assert.ok(acknowledged > RUNS, `only ${acknowledged} writes were acknowledged`);
  const workerKills = Object.values(table).reduce((sum, row) => sum + row.workerKills, 0);
  assert.ok(workerKills >= Math.floor(RUNS / 4), `only ${workerKills} workers were killed`);
});

nodeTest("the oracle finds a lost, a resurrected, an older and a torn write", () => {
  const plan = new Plan(1, 0, 1);
  const steps = Array.from({ length: 200 }, () => plan.next());
  const numbers = new Set(steps.map(({ number }) => number));
  const state = new Map<string, Uint8Array>();
  for (const step of steps) {
    if (step.kind === "put") state.set(keyOf(step.key), contentOf(step));
    else state.delete(keyOf(step.key));
  }
  const check = (change: (found: Map<string, Uint8Array>) => void) => {
    const found = new Map(state);
    change(found);
    return new Oracle().check(1, 1, numbers, numbers, found);
  };
  const [some] = state.keys();
  const gone = steps.map(({ key }) => keyOf(key)).find((key) => !state.has(key));
  const overwritten = steps.find((step) => step.kind === "put" && state.has(keyOf(step.key)));
  assert.ok(some && gone && overwritten);
  assert.deepEqual(
    check(() => {}),
    { lost: 0, resurrected: 0, wrong: 0 },
  );
  assert.deepEqual(
    check((found) => found.delete(some)),
    { lost: 1, resurrected: 0, wrong: 0 },
  );
  assert.deepEqual(
    check((found) => found.set(gone, new Uint8Array(3))),
    { lost: 0, resurrected: 1, wrong: 0 },
  );
  assert.deepEqual(
    check((found) => found.set(some, new Uint8Array(3))),
    { lost: 0, resurrected: 0, wrong: 1 },
  );
});
