/**
 * The interface of a workload, and its results.
 *
 * @module
 */

import type { Runtime } from "../lib/runtimes.ts";
import type { Guarantee, Kind, Peer, Subject } from "./contract.ts";

/** The input of a workload. */
export interface Bench {
  readonly peer: Peer;
  /** An empty directory for this trial alone. For a workload that reads, a directory with `entries` loaded. */
  readonly directory: string;
  readonly entries: number;
  /** How long to measure, if the workload counts operations in a given time. */
  readonly seconds: number;
}

/** The outcome of a trial. `operations` divided by `seconds` is the rate. `figures` has all other results. */
export interface Outcome {
  readonly operations: number;
  readonly seconds: number;
  readonly figures?: Readonly<Record<string, number>>;
}

/** The store, workload, runtime and number of entries of a trial. */
export interface Trial {
  readonly runtime: Runtime;
  readonly peer: string;
  readonly workload: string;
  readonly entries: number;
  /** How long the trial measures, if it counts operations in a given time. */
  readonly seconds: number;
}

/** The result of a trial: `undefined` if the store lacks a method that it needs, an error if the trial could not run. */
export type Result = Outcome | undefined | Error;

/** Something to measure. */
export interface Workload {
  readonly name: string;
  /** A description, for the table. */
  readonly title: string;
  readonly guarantee: Guarantee;
  /** The kinds of peers that can run it. Default: all. */
  readonly kinds?: readonly Kind[];
  /** How many entries it uses, in the full and in the quick form. */
  readonly entries: readonly [full: number, quick: number];
  /** Whether it only reads data that another process loaded before. */
  readonly reads?: boolean;
  /** The stores that run it. Default: all. */
  readonly peers?: readonly string[];
  /** The runtimes that run it. Default: all. Only Node runs a workload whose results are the same on all runtimes. */
  readonly runtimes?: readonly Runtime[];
  /** Whether it takes minutes. Then it runs in one round only. */
  readonly isLong?: boolean;
  /** Whether to leave out stores that slowly commit each put separately. */
  readonly manyCommits?: boolean;
  /** Runs the workload; `undefined` if the store lacks a method that it needs. */
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
