/**
 * Cost over size: the same load of ever more entries.
 *
 * @module
 */

import type { Workload } from "../workload.ts";
import { load } from "./load.ts";

const SMALLEST = 10_000;
const DOUBLINGS = 10;

/** Ten thousand entries, doubled until there are ten million. */
export const SCALE: { workload: Workload; sizes: readonly number[]; peers: readonly string[] } = {
  workload: {
    ...load("random", 1000, [SMALLEST, SMALLEST]),
    name: "scale",
    title: "load in random order, batches of 1000",
  },
  sizes: Array.from({ length: DOUBLINGS + 1 }, (_, i) => Math.min(SMALLEST * 2 ** i, 10_000_000)),
  peers: ["luge", "lmdb-js", "classic-level"],
};
