/**
 * Which trials are run.
 *
 * @module
 */

import { RUNTIMES, type Runtime } from "../lib/runtimes.ts";
import type { Peer } from "./contract.ts";
import { PEERS } from "./peers/index.ts";
import type { Trial } from "./run_trial.ts";
import type { Workload } from "./workload.ts";
import { WORKLOADS } from "./workloads/index.ts";
import { SCALE } from "./workloads/scale.ts";

/** Parts of names: empty for all. */
export interface Filter {
  readonly workload: string;
  readonly peer: string;
}

/** Stores of each size on Node; on the others the largest alone. */
function scaleTrials(runtimes: readonly Runtime[], quick: boolean): Trial[] {
  const sizes = SCALE.sizes.filter((entries) => !quick || entries <= 160_000);
  return runtimes.flatMap((runtime) =>
    (runtime === "node" ? sizes : sizes.slice(-1)).flatMap((entries) =>
      SCALE.peers.map((peer): Trial => ({ runtime, peer, workload: SCALE.workload.name, entries })),
    ),
  );
}

function isMeasured(peer: Peer, workload: Workload, runtime: Runtime): boolean {
  return (
    peer.runtimes.includes(runtime) &&
    (workload.kinds?.includes(peer.kind) ?? true) &&
    (workload.runtimes ?? RUNTIMES).includes(runtime) &&
    peer.settings[workload.guarantee] !== undefined &&
    !(peer.commitsEach && workload.manyCommits)
  );
}

/** All trials in the order in which they are run: the stores in turn for each workload. */
export function planOf(chosen: readonly Runtime[], quick: boolean, filter: Filter): Trial[] {
  const runtimes = RUNTIMES.filter((runtime) => chosen.includes(runtime));
  const trials = WORKLOADS.flatMap((workload) =>
    runtimes.flatMap((runtime) =>
      PEERS.filter((peer) => isMeasured(peer, workload, runtime)).map(
        (peer): Trial => ({
          runtime,
          peer: peer.name,
          workload: workload.name,
          entries: workload.entries[quick ? 1 : 0],
        }),
      ),
    ),
  );
  return [...trials, ...scaleTrials(runtimes, quick)].filter(
    ({ workload, peer }) => workload.includes(filter.workload) && peer.includes(filter.peer),
  );
}
