/**
 * Simulates seeds until its parent ends it; a line of JSON for each.
 *
 * @module
 */

import process from "node:process";
import { EnginePool } from "../../tests/simulation/engine_pool.ts";
import { simulate } from "../../tests/simulation/simulation.ts";

const [first = 1, step = 1, states = 1] = process.argv.slice(2, 5).map(Number);
const profile = process.argv[5];
const pool = new EnginePool();
for (let seed = first; ; seed += step) {
  const result = await simulate({ seed, states, pool, profile });
  await new Promise((resolve) => process.stdout.write(`${JSON.stringify(result)}\n`, resolve));
}
