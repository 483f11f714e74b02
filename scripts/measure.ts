/**
 * Measures one thing at a time. `scripts/bench.ts` compares luge with its peers.
 *
 * ```sh
 * node scripts/measure.ts --help
 * node scripts/measure.ts queue --jobs 100000
 * ```
 *
 * @module
 */

import { startProgram } from "./lib/program.ts";

await startProgram({
  name: "scripts/measure.ts",
  does: "Measures one thing at a time.",
  standard: "operations",
  parts: {
    operations: {
      does: "puts, gets, scanned entries and durable puts per second on each runtime",
      start: () => import("./measure/operations.ts"),
    },
    "cold-start": {
      does: "cold starts of two builds of the package, in pairs, with the noise: BEFORE and AFTER have a mod.js",
      start: () => import("./measure/cold_start.ts"),
    },
    "host-calls": {
      does: "nanoseconds per call of the host",
      start: () => import("./measure/host_calls.ts"),
    },
    "slow-disk": {
      does: "durable puts on a disk whose every sync takes long: the delay of the event loop",
      start: () => import("./measure/slow_disk.ts"),
    },
    "full-disk": {
      does: "needs root; fills a tmpfs and empties it: the free space and the size of the reserve after each step",
      start: () => import("./measure/full_disk.ts"),
    },
    "files-against-live": {
      does: "the size of the files beside their live data, while values of all sizes are overwritten and deleted",
      start: () => import("./measure/files_against_live.ts"),
    },
    "stopped-watch": {
      does: "memory before and after a million puts past a watch that is not read",
      start: () => import("./measure/stopped_watch.ts"),
    },
    watch: {
      does: "how long watches and increments block the event loop, and how much memory a watch takes",
      start: () => import("./measure/watch.ts"),
    },
    watchers: {
      does: "puts per second with 0 to 1,000 watches of other ranges",
      start: () => import("./measure/watchers.ts"),
    },
    "event-loop": {
      does: "how long single calls on millions of entries block the event loop",
      start: () => import("./measure/event_loop.ts"),
    },
    processes: {
      does: "1, 4 and 8 processes on one store, beside lmdb-js and SQLite with as many",
      start: () => import("./measure/processes.ts"),
    },
    failover: {
      does: "how long calls take when the owner of a shared store is killed",
      start: () => import("./measure/failover.ts"),
    },
    queue: {
      does: "a queue beside classic-level and lmdb-js, after a million jobs",
      start: () => import("./measure/queue.ts"),
    },
    level: {
      does: "the adapter of Level beside classic-level, through the interface of abstract-level",
      start: () => import("./measure/level.ts"),
    },
    engine: {
      does: "the engine beside a raw file, lmdb-js and classic-level: loads, millions with a kill, reads, large values",
      start: () => import("./measure/engine.ts"),
    },
    postgres: {
      does: "the store over PostgreSQL beside its client doing the same by hand: operations per second",
      start: () => import("./measure/postgres.ts"),
    },
    backup: {
      does: "backup and restore of 1 GB beside cp, lmdb-js and better-sqlite3",
      start: () => import("./measure/backup.ts"),
    },
    studio: {
      does: "needs chromium; the time of each frame while the studio's list of a million keys scrolls",
      start: () => import("./measure/studio.ts"),
    },
    etcd: {
      does: "a store over etcd beside plain fetch that does the same by hand",
      start: () => import("./measure/etcd.ts"),
    },
  },
});
