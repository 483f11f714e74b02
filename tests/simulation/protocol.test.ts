/**
 * The protocol of shared stores in a simulation. `node scripts/campaign.ts protocol` runs many more histories. A
 * simulation that does not find what it must find proves nothing: so rules are switched off, too.
 */

import assert from "node:assert/strict";
import { CONTROLS } from "../../scripts/campaigns/protocol/controls.ts";
import { runHistory } from "../../scripts/campaigns/protocol/history.ts";
import { EnginePool } from "../../scripts/campaigns/simulate/engine_pool.ts";
import { nodeTest } from "../support/node_only.ts";

/** Histories of the short form, and the first seed of each test. */
const HISTORIES = 40;
const SEED = 1;
/** A control must be found in so many. */
const HISTORIES_OF_CONTROL = 200;

const pool = new EnginePool();

nodeTest("whatever dies when, no write is lost or done twice, and no call hangs", async () => {
  let [calls, takeovers] = [0, 0];
  for (let seed = SEED; seed < SEED + HISTORIES; seed++) {
    const result = await runHistory(seed, pool);
    assert.deepEqual(result.faults, [], `seed ${seed}`);
    calls += result.calls;
    takeovers += result.counts.takeovers;
  }
  assert.ok(calls > HISTORIES && takeovers > HISTORIES, `${calls} calls, ${takeovers} takeovers`);
});

nodeTest("a seed gives the same history each time", async () => {
  const first = await runHistory(7, pool);
  await runHistory(8, pool);
  assert.deepEqual(await runHistory(7, new EnginePool({ reuse: false })), first);
});

for (const control of CONTROLS) {
  nodeTest(`a fault is found when ${control.name}`, async () => {
    const other = new Set<string>();
    for (let seed = SEED; seed < SEED + HISTORIES_OF_CONTROL; seed++) {
      const { faults } = await runHistory(seed, pool, control);
      if (faults.some((fault) => control.finds?.test(fault))) return;
      for (const fault of faults) other.add(fault);
    }
    assert.fail(`none in ${HISTORIES_OF_CONTROL} histories, but ${[...other].join("; ")}`);
  });
}
