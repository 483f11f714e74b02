/**
 * Simulates the histories of seeds until its parent ends it, or until it has become large. Prints a line of JSON at the
 * begin and at the end of each.
 *
 * @module
 */

import process from "node:process";
import { EnginePool } from "../simulate/engine_pool.ts";
import { type HistoryResult, runHistory } from "./history.ts";

/** A process that is larger at the end of a seed ends. Its parent starts another one for the next seed. */
const LARGEST_BYTES = 2 ** 30;

/** The report of a worker. */
export interface HistoryReport {
  readonly seed: number;
  /** Present when the seed is done. */
  readonly done?: HistoryResult;
}

const [first = 1, step = 1] = process.argv.slice(2, 4).map(Number);
const pool = new EnginePool();

function tell(report: HistoryReport): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(report)}\n`, () => resolve());
  });
}

for (let seed = first; process.memoryUsage.rss() < LARGEST_BYTES; seed += step) {
  await tell({ seed });
  await tell({ seed, done: await runHistory(seed, pool) });
}
