/**
 * The text format of Prometheus.
 *
 * @module
 */

import type { StoreLatencies } from "../api/latencies.ts";
import type { StoreMetrics } from "../api/metrics.ts";
import type { joinPrometheusTexts } from "./join.ts";
import { histogramText, LATENCIES } from "./latencies.ts";
import { METRICS, type MetricDescription } from "./metrics.ts";

const MS_PER_SECOND = 1000;

/**
 * Options of {@linkcode prometheusText}.
 */
export interface PrometheusOptions {
  /** What the names begin with: a letter, then letters, digits and `_`. Default: `"luge"`. */
  readonly prefix?: string | undefined;
  /** Labels of each figure, such as the name of the store. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** What `latencies()` returns: the text then has a histogram of each. Default: none. */
  readonly latencies?: StoreLatencies | undefined;
}

/**
 * The figures of a store in the text format of Prometheus, version 0.0.4, which OpenMetrics scrapers read, too:
 * https://prometheus.io/docs/instrumenting/exposition_formats/. Names end in their unit, and those of counters in
 * `_total`. Times are in seconds. To serve several stores, pass different labels, and join the texts with
 * {@linkcode joinPrometheusTexts}.
 *
 * Throws a `TypeError` for an unknown option, and if the prefix or the name of a label is not one. The label `le` is
 * refused: the histograms have it.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { type PrometheusOptions, prometheusText } from "@luge/luge/prometheus";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * store.putSync("key", "value");
 * const options: PrometheusOptions = { labels: { store: "sessions" } };
 * assert.match(prometheusText(store.metrics(), options), /^luge_put_bytes_total\{store="sessions"\} 8$/m);
 * ```
 */
export function prometheusText(metrics: StoreMetrics, options: PrometheusOptions = {}): string {
  const { prefix = "luge", labels = {}, latencies, ...others } = options;
  for (const name in others) throw new TypeError(`Unknown option '${name}': expected prefix, labels or latencies`);
  checkName("prefix", prefix);
  const pairs = labelsOf(labels);
  const labelled = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  let text = "";
  for (const [name, description] of Object.entries(METRICS)) {
    const value = metrics[name as keyof StoreMetrics];
    // A store in memory has no files, and knows nothing of them.
    if (value === undefined || Number.isNaN(value)) continue;
    const full = `${prefix}_${nameOf(name, description)}`;
    const shown = description.unit === "milliseconds" ? value / MS_PER_SECOND : value;
    text += `# HELP ${full} ${description.help}\n# TYPE ${full} ${description.type}\n${full}${labelled} ${shown}\n`;
  }
  if (!latencies) return text;
  for (const [name, help] of Object.entries(LATENCIES)) {
    text += histogramText(`${prefix}_${name}_seconds`, help, latencies[name as keyof StoreLatencies], pairs);
  }
  return text;
}

/** The name of a figure by Prometheus' rules. */
function nameOf(name: string, { type, unit }: MetricDescription): string {
  const plain = name.replace(/(?:Bytes|Ms)$/, "").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const ending = unit === "milliseconds" ? "_seconds" : unit === "bytes" ? "_bytes" : "";
  return `${plain}${ending}${type === "counter" ? "_total" : ""}`;
}

function labelsOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => {
    checkName("label", name);
    if (name === "le") throw new TypeError("Wrong label 'le': expected another name, because histograms have this one");
    return `${name}="${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  });
}

function checkName(what: string, name: unknown): void {
  if (typeof name === "string" && /^[a-zA-Z][a-zA-Z0-9_]*$/.test(name)) return;
  throw new TypeError(`Wrong ${what} '${String(name)}': expected a letter, then letters, digits and underscores`);
}
