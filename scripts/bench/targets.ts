/**
 * The targets of luge: ratios of two medians of one run, and limits of its own figures.
 *
 * @module
 */

import { RUNTIMES, type Runtime } from "../lib/runtimes.ts";
import type { Measurement } from "./measurement.ts";

/** A ratio that luge should reach. */
interface Target {
  readonly title: string;
  /** The workload of luge. */
  readonly workload: string;
  /** The name of luge with other settings than the default ones. */
  readonly ours?: string;
  readonly peer: string;
  /** The workload of the peer, if it differs. */
  readonly peerWorkload?: string;
  /** The compared figure, for which less is better. Default: the rate. */
  readonly figure?: string;
  /** luge's rate divided by the peer's must be at least this. For a figure, luge's divided by the peer's must be at most this. */
  readonly ratio: number;
}

/** A target and what was measured. */
export interface TargetRow {
  readonly runtime: Runtime;
  readonly title: string;
  readonly peer: string;
  readonly target: string;
  /** The measured ratio, or for a limit the figure itself. */
  readonly ratio: number;
  readonly met: boolean;
}

const MILLION = 1_000_000;
const LUGE = "luge";
const SQLITE = ["better-sqlite3", "bun:sqlite"] as const;

const TARGETS: readonly Target[] = [
  { title: "load, random order, one by one", workload: `load-random-1-${MILLION}`, peer: "lmdb-js", ratio: 1.5 },
  {
    title: "load, random order, one by one, against batches",
    workload: `load-random-1-${MILLION}`,
    peer: "classic-level",
    peerWorkload: `load-random-1000-${MILLION}`,
    ratio: 1.5,
  },
  {
    title: "load, random order, batches of 1,000",
    workload: `load-random-1000-${MILLION}`,
    peer: "classic-level",
    ratio: 2,
  },
  { title: "getSync, hot", workload: `get-hot-sync-${MILLION}`, peer: "lmdb-js", ratio: 2.5 },
  { title: "getSync from the table", workload: `get-sync-${MILLION}`, peer: "lmdb-js", ratio: 1 },
  { title: "getSync from the table", workload: `get-sync-${MILLION}`, peer: "classic-level", ratio: 1.5 },
  ...[
    { peer: "lmdb-js", ratio: 1 },
    { peer: "classic-level", ratio: 1.5 },
  ].map((against) => ({
    title: "the same with cacheSize 256 MiB",
    ours: "luge, 256 MiB",
    workload: `get-sync-${MILLION}`,
    ...against,
  })),
  { title: "scan of everything", workload: `scan-${MILLION}`, peer: "lmdb-js", ratio: 2 },
  { title: "scan of everything", workload: `scan-${MILLION}`, peer: "bun:sqlite", ratio: 1 },
  ...["lmdb-js", "classic-level"].map((peer) => ({
    title: "first entry of a walk",
    workload: `first-${MILLION}`,
    peer,
    ratio: 1,
  })),
  { title: "durable put, one at a time", workload: "durable-1-sync", peer: "raw file", ratio: 0.9 },
  ...SQLITE.map((peer) => ({ title: "durable put, one at a time", workload: "durable-1-sync", peer, ratio: 1.3 })),
  ...SQLITE.map((peer) => ({
    title: "durable puts, 64 in flight, against one at a time",
    workload: "durable-64",
    peer,
    peerWorkload: "durable-1-sync",
    ratio: 20,
  })),
  { title: "durable puts, 64 in flight", workload: "durable-64", peer: "lmdb-js", ratio: 2 },
  ...SQLITE.map((peer) => ({
    title: "delay of the event loop under that load, p99",
    workload: "durable-64",
    peer,
    figure: "loopP99Ms",
    ratio: 0.1,
  })),
  ...["node-sqlite3-wasm", "Deno KV"].map((peer) => ({
    title: "cold start to the first get, small store",
    workload: "open-small",
    peer,
    ratio: 1,
  })),
  ...SQLITE.flatMap((peer) => [
    { title: "backup to a directory", workload: `backup-${MILLION}`, peer, ratio: 5 },
    { title: "restore from it, to the first get", workload: `restore-${MILLION}`, peer, ratio: 3 },
  ]),
  {
    title: "load of 10 million, random order, batches of 1,000",
    workload: "load-huge",
    peer: "classic-level",
    ratio: 1.5,
  },
  {
    title: "load of 10 million, random order, batches of 1,000",
    workload: "load-huge",
    peer: "classic-level, 104 MiB",
    ratio: 1,
  },
  {
    title: "bytes on disk after that load and compaction",
    workload: "load-huge",
    peer: "classic-level",
    figure: "compactedMiB",
    ratio: 1,
  },
];

/** A limit for a figure of luge, independent of the peers. */
interface Limit extends Pick<Target, "title" | "workload"> {
  readonly figure: string;
  readonly most: number;
  readonly unit: string;
}

const LIMITS: readonly Limit[] = [
  { title: "delay of the event loop in a load, p99", figure: "loopP99Ms", most: 5 },
  { title: "delay of the event loop in a load, longest", figure: "loopMaxMs", most: 20 },
].map((limit) => ({ ...limit, workload: "load-awaited", unit: "ms" }));

/** Whether a target compares the result of a trial. */
export function isCompared(trial: { readonly workload: string; readonly peer: string }): boolean {
  if (trial.peer === LUGE && LIMITS.some(({ workload }) => workload === trial.workload)) return true;
  return TARGETS.some(
    ({ workload, ours = LUGE, peer, peerWorkload = workload }) =>
      (ours === trial.peer && workload === trial.workload) || (peer === trial.peer && peerWorkload === trial.workload),
  );
}

/** The targets with measurements of both sides. */
export function targetRows(measurements: readonly Measurement[]): TargetRow[] {
  return [...ratioRows(measurements), ...limitRows(measurements)];
}

function limitRows(measurements: readonly Measurement[]): TargetRow[] {
  return measurements.flatMap(({ runtime, peer, workload, error, figures }) =>
    LIMITS.filter((limit) => peer === LUGE && limit.workload === workload && error === undefined).map(
      ({ title, figure, most, unit }): TargetRow => {
        const ratio = figures[figure] ?? Number.NaN;
        return { runtime, title, peer: "a limit", target: `at most ${most} ${unit}`, ratio, met: ratio <= most };
      },
    ),
  );
}

function ratioRows(measurements: readonly Measurement[]): TargetRow[] {
  const find = (runtime: Runtime, peer: string, workload: string) =>
    measurements.find(
      (each) =>
        each.runtime === runtime && each.peer === peer && each.workload === workload && each.error === undefined,
    );
  return RUNTIMES.flatMap((runtime) =>
    TARGETS.flatMap(
      ({ title, workload, peer, peerWorkload = workload, figure, ratio: wanted, ...names }): TargetRow[] => {
        const [ours, theirs] = [find(runtime, names.ours ?? LUGE, workload), find(runtime, peer, peerWorkload)];
        if (!ours || !theirs) return [];
        if (figure === undefined) {
          const ratio = ours.rate / theirs.rate;
          return [{ runtime, title, peer, target: `at least ${wanted}`, ratio, met: ratio >= wanted }];
        }
        const ratio = (ours.figures[figure] ?? Number.NaN) / (theirs.figures[figure] ?? Number.NaN);
        return [{ runtime, title, peer, target: `at most ${wanted}`, ratio, met: ratio <= wanted }];
      },
    ),
  );
}
