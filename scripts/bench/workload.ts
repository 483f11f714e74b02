/**
 * What a workload is, and what it finds out.
 *
 * @module
 */

import type { Runtime } from "../lib/runtimes.ts";
import type { Guarantee, Kind, Peer, Subject } from "./contract.ts";

/** What a workload works on. */
export interface Bench {
  readonly peer: Peer;
  /** Empty, and the trial's own; or for a workload that reads, with `entries` loaded. */
  readonly directory: string;
  readonly entries: number;
  /** How long to measure where operations are counted in a time. */
  readonly seconds: number;
}

/** What a trial found. `operations` over `seconds` is the rate; `figures` is anything beside it. */
export interface Outcome {
  readonly operations: number;
  readonly seconds: number;
  readonly figures?: Readonly<Record<string, number>>;
}

/** Which store does what, where, and with how many entries. */
export interface Trial {
  readonly runtime: Runtime;
  readonly peer: string;
  readonly workload: string;
  readonly entries: number;
  /** How long it measures, where it counts operations in a time. */
  readonly seconds: number;
}

/** What became of a trial: `undefined` when the store does not offer what it needs, an error when it could not be run. */
export type Result = Outcome | undefined | Error;

/** Something to measure. */
export interface Workload {
  readonly name: string;
  /** What is done, for the table. */
  readonly title: string;
  readonly guarantee: Guarantee;
  /** What it can be run on; anything unless said. */
  readonly kinds?: readonly Kind[];
  /** How many entries it takes, in the full and in the quick form. */
  readonly entries: readonly [full: number, quick: number];
  /** Whether it reads what was loaded before, by another process, and changes nothing. */
  readonly reads?: boolean;
  /** Which stores it is run on; all unless said. */
  readonly peers?: readonly string[];
  /** Where it is run; everywhere unless said. Node alone runs what would show the same thing again elsewhere. */
  readonly runtimes?: readonly Runtime[];
  /** Whether it takes minutes: then one round has to do. */
  readonly isLong?: boolean;
  /** Whether a store that commits every put on its own, and takes its time for it, is left out. */
  readonly manyCommits?: boolean;
  /** Runs; `undefined` when the store does not offer what it needs. */
  run(bench: Bench): Promise<Outcome | undefined>;
}

/** Opens the store, runs and closes it. */
export async function withSubject<T>(
  { peer, directory }: Bench,
  guarantee: Guarantee,
  run: (subject: Subject) => Promise<T> | T,
): Promise<T> {
  const subject = await peer.open(directory, guarantee);
  try {
    return await run(subject);
  } finally {
    await subject.close();
  }
}

/** How many seconds `run` takes. */
export async function secondsOf(run: () => unknown): Promise<number> {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
}
