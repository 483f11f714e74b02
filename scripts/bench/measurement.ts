/**
 * The results of all trials of one workload on one store.
 *
 * @module
 */

import type { Runtime } from "../lib/runtimes.ts";
import { median, spread } from "../lib/statistics.ts";
import type { Outcome, Result, Trial } from "./workload.ts";

/** The rates of a store in a workload, and the medians of all other results. */
export interface Measurement {
  readonly runtime: Runtime;
  readonly peer: string;
  readonly workload: string;
  readonly entries: number;
  /** Operations per second, one value per round. */
  readonly rates: readonly number[];
  readonly rate: number;
  /** The largest distance of a round from the median, as a share of the median. */
  readonly spread: number;
  readonly figures: Readonly<Record<string, number>>;
  /** Why there is no rate, if there is none. */
  readonly error?: string;
}

/** The medians of the rounds; `undefined` if the store does not support the workload. */
export function measurementOf(trial: Trial, outcomes: readonly Result[]): Measurement | undefined {
  const found = outcomes.filter((each): each is Outcome => each !== undefined && !(each instanceof Error));
  const failure = outcomes.find((each) => each instanceof Error);
  if (found.length === 0 && !failure) return undefined;
  const rates = found.map(({ operations, seconds }) => operations / seconds);
  const names = [...new Set(found.flatMap(({ figures = {} }) => Object.keys(figures)))];
  const figures = Object.fromEntries(
    names.map((name) => [name, median(found.map((each) => each.figures?.[name] ?? Number.NaN))]),
  );
  const { runtime, peer, workload, entries } = trial;
  const measured = { runtime, peer, workload, entries, rates, rate: median(rates), spread: spread(rates), figures };
  return failure && found.length === 0 ? { ...measured, error: failure.message } : measured;
}
