/**
 * Simulates seeds until its parent ends it, or until it has become large. Prints a line of JSON for each seed, and after
 * each hundred states.
 *
 * @module
 */

import process from "node:process";
import { EnginePool } from "./engine_pool.ts";
import { type FoundFault, type LifeTime, type SimulationResult, simulate } from "./simulation.ts";

/** A process that is larger at the end of a seed ends. Its parent starts another one for the next seed. */
const LARGEST_BYTES = 2 * 2 ** 30;

/** The report of a worker. */
export interface WorkerReport {
  readonly seed: number;
  /** The number of states of this seed so far. */
  readonly states: number;
  readonly memoryBytes: number;
  /** A fault, reported at once: the seed may never finish. */
  readonly fault?: FoundFault;
  /** Present when the seed is done. */
  readonly done?: { readonly result: SimulationResult; readonly lives: readonly LifeTime[] };
}

const [first = 1, step = 1, states = 1] = process.argv.slice(2, 5).map(Number);
const profile = process.argv[5];
const pool = new EnginePool();

function tell(report: Omit<WorkerReport, "memoryBytes">): Promise<void> {
  const line = JSON.stringify({ ...report, memoryBytes: process.memoryUsage.rss() });
  return new Promise((resolve) => {
    process.stdout.write(`${line}\n`, () => resolve());
  });
}

for (let seed = first; process.memoryUsage.rss() < LARGEST_BYTES; seed += step) {
  const lives: LifeTime[] = [];
  const onStates = (done: number) => void tell({ seed, states: done });
  const onFault = (fault: FoundFault, done: number) => void tell({ seed, states: done, fault });
  const onLife = (life: LifeTime) => lives.push(life);
  void tell({ seed, states: 0 });
  const result = await simulate({ seed, states, pool, profile, onStates, onFault, onLife });
  await tell({ seed, states: result.states, done: { result, lives } });
}
