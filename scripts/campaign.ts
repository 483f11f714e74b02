/**
 * Long searches for faults, outside the gate. Each campaign has a short form in `tests/`.
 *
 * ```sh
 * node scripts/campaign.ts --help
 * node scripts/campaign.ts crash --runs 20 --seed 1
 * ```
 *
 * All take `--seed`, `--minutes` and `--progress`. Each ends with a line that has the seed and the number of failures.
 * The exit code is 0 without failures, 1 with failures or after a signal, and 2 for wrong options. `replay` has cases
 * instead of a seed.
 *
 * @module
 */

import { startProgram } from "./lib/program.ts";

await startProgram({
  name: "scripts/campaign.ts",
  does: "Searches for faults, for as long as you like.",
  parts: {
    crash: {
      does: "kills writing processes, or cuts the power of their disk, and checks that no acknowledged write is lost",
      start: () => import("./campaigns/crash/command.ts"),
    },
    simulate: {
      does: "crashes stores on simulated disks, and checks that nothing is lost, comes back, or cannot be opened",
      start: () => import("./campaigns/simulate/command.ts"),
    },
    threads: {
      does: "loads stores with a real worker thread, and checks that every entry is there, in order",
      start: () => import("./campaigns/threads/command.ts"),
    },
    shared: {
      does: "kills processes that share a store, and checks that no write is lost or done twice, and no call hangs",
      start: () => import("./campaigns/shared/command.ts"),
    },
    postgres: {
      does: "kills a PostgreSQL server under load, and checks that no write is lost or done twice, and no change missed",
      start: () => import("./campaigns/postgres/command.ts"),
    },
    protocol: {
      does: "runs shared stores in a simulation, with deaths at any moment, and checks the histories of their clients",
      start: () => import("./campaigns/protocol/command.ts"),
    },
    faults: {
      does: "runs stores on a disk whose calls fail, and checks that errors are reported and nothing acknowledged is lost",
      start: () => import("./campaigns/faults/command.ts"),
    },
    damage: {
      does: "damages the files of small stores, and checks that every read is correct or refused",
      start: () => import("./campaigns/damage/command.ts"),
    },
    watches: {
      does: "watches random histories on both stores, and checks that every change is delivered once and in order",
      start: () => import("./campaigns/watches/command.ts"),
    },
    backups: {
      does: "damages backups, and makes backups under many writers, and checks that they are refused or exact",
      start: () => import("./campaigns/backups/command.ts"),
    },
    fuzz: {
      does: "changes backups, with matching digests, and checks that each is refused or restored exactly",
      start: () => import("./campaigns/fuzz/command.ts"),
    },
    etcd: {
      does: "kills, stops and cuts nodes of etcd, and checks that no write is lost or done twice, and no change is missed",
      start: () => import("./campaigns/etcd/command.ts"),
    },
    replay: {
      does: "replays known faults, mostly from bug reports of other stores, and prints what luge does",
      start: () => import("./campaigns/replay/command.ts"),
    },
  },
});
