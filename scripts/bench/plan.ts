/**
 * Plans which trials run.
 *
 * @module
 */

import { RUNTIMES, type Runtime } from "../lib/runtimes.ts";
import type { Peer } from "./contract.ts";
import { PEERS } from "./peers/index.ts";
import { isCompared } from "./targets.ts";
import type { Trial, Workload } from "./workload.ts";
import { WORKLOADS } from "./workloads/index.ts";
import { SCALE } from "./workloads/scale.ts";

/** Parts of names, separated by commas. Empty for all. */
export interface Filter {
  readonly workload: string;
  readonly peer: string;
}

/** How long a trial counts operations, in seconds. */
const [FULL_SECONDS, QUICK_SECONDS] = [0.5, 0.12];
/** The largest load of the chart in the quick form. */
const QUICK_SCALE = 160_000;

/** The options of a plan. */
export interface PlanOptions {
  readonly runtimes: readonly Runtime[];
  readonly quick: boolean;
  readonly filter: Filter;
  /** Whether peers that are separate programs can run. */
  readonly programs: boolean;
}

/** All trials in the order in which they run: for each workload all stores. */
export function planOf({ runtimes: chosen, quick, filter, programs }: PlanOptions): Trial[] {
  const runtimes = RUNTIMES.filter((runtime) => chosen.includes(runtime));
  const seconds = quick ? QUICK_SECONDS : FULL_SECONDS;
  const trials = WORKLOADS.filter((workload) => !quick || !isSmall(workload)).flatMap((workload) =>
    runtimes.flatMap((runtime) =>
      PEERS.filter((peer) => isMeasured(peer, workload, runtime, quick) && (programs || !peer.program)).map(
        (peer): Trial => ({
          runtime,
          peer: peer.name,
          workload: workload.name,
          entries: workload.entries[quick ? 1 : 0],
          seconds,
        }),
      ),
    ),
  );
  const scale = runtimes.includes("node") ? scaleTrials(quick, seconds) : [];
  return [...trials, ...scale].filter(
    ({ workload, peer }) => hasPart(workload, filter.workload) && hasPart(peer, filter.peer),
  );
}

function hasPart(name: string, parts: string): boolean {
  return parts.split(",").some((part) => name.includes(part));
}

/** Whether a workload repeats a larger one with a tenth of its entries. */
function isSmall({ name }: Workload): boolean {
  return name.endsWith("-100000");
}

/** Stores of each size, on Node: the next one shows the same curve. */
function scaleTrials(quick: boolean, seconds: number): Trial[] {
  return SCALE.sizes
    .filter((entries) => !quick || entries <= QUICK_SCALE)
    .flatMap((entries) =>
      SCALE.peers
        .filter((peer) => SCALE.measures(peer, entries))
        .map((peer): Trial => ({ runtime: "node", peer, workload: SCALE.workload.name, entries, seconds })),
    );
}

function isMeasured(peer: Peer, workload: Workload, runtime: Runtime, quick: boolean): boolean {
  return (
    peer.runtimes.includes(runtime) &&
    (workload.kinds?.includes(peer.kind) ?? true) &&
    (workload.peers?.includes(peer.name) ?? true) &&
    (peer.only?.some((name) => workload.name.startsWith(name)) ?? true) &&
    (workload.runtimes ?? RUNTIMES).includes(runtime) &&
    peer.settings[workload.guarantee] !== undefined &&
    (isCompared({ workload: workload.name, peer: peer.name }) ||
      workload.name.startsWith("durable") ||
      workload.entries[quick ? 1 : 0] <= (peer.most ?? Infinity)) &&
    !(peer.commitsEach && workload.manyCommits)
  );
}
