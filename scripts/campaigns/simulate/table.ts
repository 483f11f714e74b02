/**
 * Adds up the results of simulations.
 *
 * @module
 */

import { type JobStates, noJobStates } from "./jobs.ts";
import type { FoundFault, SimulationResult } from "./simulation.ts";

/** The sums of many simulations. */
export interface Totals {
  seeds: number;
  points: number;
  states: number;
  atDepth: number[];
  mostStatesOfPoint: number;
  lives: number;
  commits: number;
  largestDiskBytes: number;
  pairs: number;
  moved: number;
  shortDisks: number;
  jobs: number;
  readonly jobStates: JobStates;
  readonly faults: FoundFault[];
}

/** The totals of no simulation. */
export function noTotals(): Totals {
  return {
    seeds: 0,
    points: 0,
    states: 0,
    atDepth: [0, 0, 0],
    mostStatesOfPoint: 0,
    lives: 0,
    commits: 0,
    largestDiskBytes: 0,
    pairs: 0,
    moved: 0,
    shortDisks: 0,
    jobs: 0,
    jobStates: noJobStates(),
    faults: [],
  };
}

/** Adds the result of one simulation. */
export function addResult(totals: Totals, result: SimulationResult): void {
  totals.seeds += 1;
  totals.points += result.points;
  totals.states += result.states;
  totals.atDepth = totals.atDepth.map((sum, index) => sum + (result.statesAtDepth[index] ?? 0));
  totals.mostStatesOfPoint = Math.max(totals.mostStatesOfPoint, result.mostStatesOfPoint);
  totals.lives += result.lives;
  totals.commits += result.commits;
  totals.largestDiskBytes = Math.max(totals.largestDiskBytes, result.largestDiskBytes);
  totals.pairs += result.pairs;
  totals.moved += result.moved;
  totals.shortDisks += result.shortDisks;
  totals.jobs += result.jobs;
  for (const [name, count] of Object.entries(result.jobStates)) totals.jobStates[name as keyof JobStates] += count;
  totals.faults.push(...result.faults);
}

/** A summary in one line. */
export function summaryLine(totals: Totals): string {
  const count = (kind: FoundFault["kind"]) => totals.faults.filter((fault) => fault.kind === kind).length;
  const kinds = (["lost", "resurrected", "unopenable", "wrong"] as const).map((kind) => `${count(kind)} ${kind}`);
  return `${totals.states} crash states at ${totals.points} points, ${totals.seeds} seeds: ${kinds.join(", ")}`;
}

/** The rows for `console.table`. */
export function rowsOf(totals: Totals, seconds: number): Record<string, number> {
  return {
    seeds: totals.seeds,
    lives: totals.lives,
    "lives beside another store": totals.pairs,
    "lives whose directory was moved": totals.moved,
    "disks with short transfers": totals.shortDisks,
    "jobs of workers": totals.jobs,
    commits: totals.commits,
    "crash points": totals.points,
    "crash states": totals.states,
    "states with a job out": totals.jobStates.out,
    "states with an answer that the store does not have": totals.jobStates.answered,
    "states soon after an answer": totals.jobStates.taken,
    "states in a job for the upper level": totals.jobStates.inUpper,
    "states in a job for the bottom level": totals.jobStates.inBottom,
    "states beside a job that relocates values": totals.jobStates.relocating,
    "states per point, mean": Number((totals.states / Math.max(1, totals.points)).toFixed(1)),
    "states per point, most": totals.mostStatesOfPoint,
    "states after one crash": totals.atDepth[0] ?? 0,
    "states after a crash in the recovery": totals.atDepth[1] ?? 0,
    "states after a crash in the recovery from that": totals.atDepth[2] ?? 0,
    "largest disk, MiB": Number((totals.largestDiskBytes / 2 ** 20).toFixed(1)),
    seconds: Math.round(seconds),
    "states per second": Math.round(totals.states / Math.max(1, seconds)),
  };
}
