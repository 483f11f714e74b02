/**
 * Histograms of latencies.
 *
 * @module
 */

import type { LatencyHistogram, StoreLatencies } from "../api/latencies.ts";

/** What each histogram of `latencies()` has, by its name. */
export const LATENCIES: Readonly<Record<keyof StoreLatencies, string>> = {
  get: "Time of a read of one key. One of 509 calls of get is timed.",
  commit: "Time of a group of writes, from the start of the commit to its end.",
  sync: "Time of a sync of the log.",
  step: "Time of a step of the background work.",
  transaction: "Time of a transaction that committed, with its repetitions.",
};

const MS_PER_SECOND = 1000;
/** Upper bounds of the buckets: powers of two from 1 µs to 64 s. Each is a bound of the buckets of a store, too. */
const BOUNDS_MS: readonly number[] = Array.from({ length: 27 }, (_, i) => 2 ** (i - 10));

/**
 * The time that a part of the operations did not exceed, in milliseconds: the upper end of its bucket, and the longest
 * time at most. So it is up to a quarter too high. `NaN` if none was timed.
 *
 * Throws a `RangeError` unless `part` is from 0 to 1.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { quantile } from "@luge/luge/prometheus";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * for (let i = 0; i < 10_000; i++) await store.get("key");
 * const { get } = store.latencies();
 * assert.ok(quantile(get, 0.5) <= quantile(get, 0.99) && quantile(get, 1) === get.maxMs);
 * ```
 */
export function quantile({ count, maxMs, buckets }: LatencyHistogram, part: number): number {
  if (typeof part !== "number" || !(part >= 0 && part <= 1))
    throw new RangeError(`Wrong part '${part}': expected a number from 0 to 1`);
  let below = 0;
  for (const bucket of buckets) {
    below += bucket.count;
    if (below >= part * count) return Math.min(bucket.belowMs, maxMs);
  }
  return Number.NaN;
}

/** One histogram in Prometheus' text format. `labels` are `name="value"`, without braces. */
export function histogramText(
  name: string,
  help: string,
  histogram: LatencyHistogram,
  labels: readonly string[],
): string {
  const { count, sumMs, buckets } = histogram;
  const withLabels = (...more: string[]) => {
    const all = [...labels, ...more];
    return all.length === 0 ? "" : `{${all.join(",")}}`;
  };
  let text = `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`;
  for (const bound of BOUNDS_MS) {
    const below = buckets.reduce((sum, bucket) => sum + (bucket.belowMs <= bound ? bucket.count : 0), 0);
    text += `${name}_bucket${withLabels(`le="${bound / MS_PER_SECOND}"`)} ${below}\n`;
  }
  text += `${name}_bucket${withLabels('le="+Inf"')} ${count}\n`;
  return `${text}${name}_sum${withLabels()} ${sumMs / MS_PER_SECOND}\n${name}_count${withLabels()} ${count}\n`;
}
