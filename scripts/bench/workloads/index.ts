/**
 * All workloads, in the order of the table.
 *
 * @module
 */

import type { Workload } from "../workload.ts";
import { awaitedLoad } from "./awaited_load.ts";
import { backups } from "./backup.ts";
import { churn, hugeLoad } from "./churn.ts";
import { documents } from "./documents.ts";
import { durableAwaited, durableMany, durableSync } from "./durable.ts";
import { firstEntry } from "./first.ts";
import { load, valuesOfSize } from "./load.ts";
import { coldStarts } from "./open.ts";
import { reads } from "./read.ts";
import { SCALE } from "./scale.ts";
import { YCSB } from "./ycsb.ts";

const SMALL = [100_000, 20_000] as const;
const LARGE = [1_000_000, 100_000] as const;

function loads(entries: readonly [number, number]): Workload[] {
  return [
    load("random", 1, entries),
    load("random", 1000, entries),
    load("sorted", 1, entries),
    load("sorted", 1000, entries),
  ];
}

/** Measures the workloads of a target on every runtime, and the others only on Node. */
function everywhere(workloads: readonly Workload[], ...names: string[]): Workload[] {
  return workloads.map((workload) =>
    names.some((name) => workload.name.startsWith(name)) ? workload : { ...workload, runtimes: ["node"] },
  );
}

function onNode(workloads: readonly Workload[]): Workload[] {
  return workloads.map((workload) => ({ ...workload, runtimes: ["node"] }));
}

/** All workloads. */
export const WORKLOADS: readonly Workload[] = [
  ...onNode(loads(SMALL)),
  ...everywhere(loads(LARGE), "load-random"),
  ...onNode(reads(SMALL)),
  ...everywhere(reads(LARGE), "get-hot", "get-sync", "scan-1"),
  firstEntry(LARGE),
  durableSync,
  ...onNode([durableAwaited]),
  durableMany,
  ...onNode(YCSB),
  ...onNode([churn]),
  ...onNode([...valuesOfSize(1024, 50_000), ...valuesOfSize(65_536, 2000), ...valuesOfSize(2 ** 20, 200)]),
  ...everywhere(coldStarts, "open-small", "open-full"),
  ...documents,
  awaitedLoad,
  ...backups(LARGE),
  hugeLoad,
];

/** The workload of a name. */
export function workloadOf(name: string): Workload {
  const workload = [...WORKLOADS, SCALE.workload].find((each) => each.name === name);
  if (!workload) throw new RangeError(`Unknown workload '${name}'`);
  return workload;
}
