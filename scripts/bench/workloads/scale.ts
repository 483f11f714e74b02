/**
 * Cost by size: the same load with more and more entries.
 *
 * @module
 */

import type { Measurement } from "../measurement.ts";
import type { Workload } from "../workload.ts";
import { hugeLoad } from "./churn.ts";
import { load } from "./load.ts";

const SMALLEST = 10_000;
const DOUBLINGS = 9;
/** A store that syncs each commit takes minutes for more entries, and its curve is visible before. */
const SYNCING = { peer: "lmdb-js", most: 640_000 } as const;

/** Ten thousand entries, doubled until there are five million; {@linkcode hugeLoad} is the last point. */
export const SCALE: {
  readonly workload: Workload;
  readonly sizes: readonly number[];
  readonly peers: readonly string[];
  measures(peer: string, entries: number): boolean;
} = {
  workload: {
    ...load("random", 1000, [SMALLEST, SMALLEST]),
    name: "scale",
    title: "load in random order, batches of 1000",
  },
  sizes: Array.from({ length: DOUBLINGS + 1 }, (_, i) => SMALLEST * 2 ** i),
  peers: ["luge", "lmdb-js", "classic-level"],
  measures: (peer, entries) => peer !== SYNCING.peer || entries <= SYNCING.most,
};

/** All loads of one kind on Node, of whatever size. */
export function scaleMeasurements(measurements: readonly Measurement[]): Measurement[] {
  const names = [SCALE.workload.name, hugeLoad.name];
  return measurements.filter(
    ({ runtime, workload, error }) => runtime === "node" && names.includes(workload) && !error,
  );
}
