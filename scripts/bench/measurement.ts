/**
 * What came out of all trials of one workload on one store.
 *
 * @module
 */

import type { Runtime } from "../lib/runtimes.ts";
import { median, spread } from "../lib/statistics.ts";
import type { Outcome, Result, Trial } from "./workload.ts";

/** The rates of a store in a workload, and all else that was found, as medians. */
export interface Measurement {
  readonly runtime: Runtime;
  readonly peer: string;
  readonly workload: string;
  readonly entries: number;
  /** Operations a second, one for each round. */
  readonly rates: readonly number[];
  readonly rate: number;
  /** How far the outermost round lies from the median, as a share of it. */
  readonly spread: number;
  readonly figures: Readonly<Record<string, number>>;
  /** Why there is no rate, if there is none. */
  readonly error?: string;
}

/** Takes the medians of the rounds; `undefined` for what the store does not offer. */
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
