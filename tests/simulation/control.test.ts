/**
 * Tests the simulation itself: it must find faults if a rule that keeps a store durable is switched off.
 */

import assert from "node:assert/strict";
import { CONTROLS } from "../../scripts/campaigns/simulate/control.ts";
import { EnginePool } from "../../scripts/campaigns/simulate/engine_pool.ts";
import { simulate } from "../../scripts/campaigns/simulate/simulation.ts";
import { nodeTest } from "../support/node_only.ts";

const SEEDS = 12;
const STATES_A_SEED = 500;
// Data that is never synced stays in the lists of the simulated disk. With floods each state would have hundreds of
// megabytes.
const FLOODS = false;

const pool = new EnginePool();

for (const control of CONTROLS) {
  nodeTest(`a fault is found when ${control.name}`, async () => {
    let found = 0;
    for (let seed = 1; seed <= SEEDS && found === 0; seed++) {
      found = (await simulate({ seed, states: STATES_A_SEED, pool, floods: FLOODS, ...control })).faults.length;
    }
    assert.ok(found > 0, `none in ${SEEDS} seeds`);
  });
}
