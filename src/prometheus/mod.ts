/**
 * The figures of a store for Prometheus, and what each of them is.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { prometheusText } from "@luge/luge/prometheus";
 * import { createServer } from "node:http";
 *
 * const store = new MemoryStore();
 * const server = createServer((_request, response) => {
 *   response.setHeader("content-type", "text/plain; version=0.0.4");
 *   response.end(prometheusText(store.metrics(), { latencies: store.latencies() }));
 * });
 * server.close();
 * ```
 *
 * @module
 */

export type { LatencyBucket, LatencyHistogram, StoreLatencies } from "../api/latencies.ts";
export type { StoreMetrics } from "../api/metrics.ts";
export { joinPrometheusTexts } from "./join.ts";
export { quantile } from "./latencies.ts";
export { METRICS, type MetricDescription } from "./metrics.ts";
export { type PrometheusOptions, prometheusText } from "./text.ts";
