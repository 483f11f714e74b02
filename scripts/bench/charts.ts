/**
 * The charts, drawn by Vega-Lite.
 *
 * @module
 */

import type { Measurement } from "./measurement.ts";
import { installedModule } from "./places.ts";
import { SCALE, scaleMeasurements } from "./workloads/scale.ts";

/** The workloads of the overview, with their labels. */
const OVERVIEW: Readonly<Record<string, string>> = {
  "load-random-1-1000000": "put, random order",
  "get-hot-sync-1000000": "get, hot",
  "get-sync-1000000": "get, all keys",
  "scan-1000000": "scan",
  "durable-1-sync": "durable put, one at a time",
  "durable-64": "durable puts, 64 in flight",
};
const OVERVIEW_PEERS = ["luge", "lmdb-js", "classic-level", "better-sqlite3"];
const COLORS = ["#d1495b", "#30638e", "#00798c", "#8d96a3"];

/** A chart as a Vega-Lite specification. */
type Chart = Readonly<Record<string, unknown>>;

/** Operations a second of luge and three peers on Node. */
export function overviewChart(measurements: readonly Measurement[]): Chart {
  const values = measurements
    .filter(
      ({ runtime, workload, peer }) => runtime === "node" && workload in OVERVIEW && OVERVIEW_PEERS.includes(peer),
    )
    .map(({ workload, peer, rate }) => ({ workload: OVERVIEW[workload], peer, rate }));
  return {
    data: { values },
    facet: { field: "workload", sort: Object.values(OVERVIEW), title: null, type: "nominal" },
    columns: 3,
    title: "Operations a second on Node; more is better",
    spec: {
      width: 190,
      mark: { type: "bar", tooltip: true },
      encoding: {
        x: { field: "rate", type: "quantitative", title: null, axis: { format: "~s", tickCount: 4 } },
        y: { field: "peer", type: "nominal", sort: OVERVIEW_PEERS, title: null },
        color: {
          field: "peer",
          type: "nominal",
          legend: null,
          scale: { domain: OVERVIEW_PEERS, range: COLORS },
        },
      },
    },
    resolve: { scale: { x: "independent" } },
  };
}

/** Microseconds per put, by the size of the load. */
export function scaleChart(measurements: readonly Measurement[]): Chart {
  const values = scaleMeasurements(measurements).map(({ entries, peer, rate }) => ({
    entries,
    peer,
    micros: 1e6 / rate,
  }));
  return {
    data: { values },
    title: "Load in random order, batches of 1,000: microseconds an entry over entries",
    width: 560,
    height: 280,
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "entries", type: "quantitative", scale: { type: "log" }, title: "entries", axis: { format: "~s" } },
      y: { field: "micros", type: "quantitative", title: "µs an entry", scale: { zero: true } },
      color: {
        field: "peer",
        type: "nominal",
        title: null,
        scale: { domain: SCALE.peers, range: COLORS.slice(0, SCALE.peers.length) },
      },
    },
  };
}

interface Vega {
  parse(spec: unknown): unknown;
  View: new (runtime: unknown, options: { renderer: "none" }) => { toSVG(): Promise<string> };
}

interface VegaLite {
  compile(spec: Chart): { spec: unknown };
}

/** Draws a chart. */
export async function svgOf(chart: Chart): Promise<string> {
  const vega = await installedModule<Vega>("vega");
  const { compile } = await installedModule<VegaLite>("vega-lite");
  const view = new vega.View(vega.parse(compile({ background: "white", ...chart }).spec), { renderer: "none" });
  return `${await view.toSVG()}\n`;
}
