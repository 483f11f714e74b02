/**
 * Percentiles of latencies that came as JSON.
 *
 * @module
 */

import type { LatencyHistogram } from "../../api/latencies.ts";
import { quantile } from "../../prometheus/latencies.ts";

/** As {@linkcode quantile}; 0 without operations. The last bucket has no end, which JSON says as null. */
export function quantileOf(histogram: LatencyHistogram, part: number): number {
  const buckets = histogram.buckets.map(({ belowMs, count }) => ({ belowMs: belowMs ?? histogram.maxMs, count }));
  return buckets.length === 0 ? 0 : quantile({ ...histogram, buckets }, part);
}
