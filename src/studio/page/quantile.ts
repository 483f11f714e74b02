/**
 * Percentiles of latencies.
 *
 * @module
 */

import type { LatencyHistogram } from "../../api/latencies.ts";

/** The time that a part of the operations did not take longer than: the end of the bucket that it falls into. */
export function quantileOf({ count, maxMs, buckets }: LatencyHistogram, part: number): number {
  let seen = 0;
  for (const { belowMs, count: inBucket } of buckets) {
    seen += inBucket;
    // The last bucket has no end, which JSON says as null.
    if (seen >= part * count) return Math.min(belowMs ?? maxMs, maxMs);
  }
  return maxMs;
}
