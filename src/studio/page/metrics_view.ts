/**
 * The view of figures: a chart for each, latencies, and slow operations.
 *
 * @module
 */

import type { LatencyHistogram } from "../../api/latencies.ts";
import type { WireMetrics, WirePlace, WireSlow } from "../wire.ts";
import { ask, isAbort, textOfError } from "./api.ts";
import { Chart } from "./chart.ts";
import { html, Problem, useEffect, useLoaded, useState, type VNode } from "./dom.ts";
import { quantileOf } from "./quantile.ts";
import { countText, sizeText, timeText } from "./text.ts";

/** How often figures are read, in milliseconds, and how many stay on the page. */
const [EVERY_MS, KEPT] = [2000, 300];

interface Description {
  readonly type: "counter" | "gauge";
  readonly unit?: "bytes" | "milliseconds";
  readonly help: string;
}

interface Described extends WireMetrics {
  readonly descriptions?: Readonly<Record<string, Description>>;
}

/** The view. */
export function Metrics({ place }: { readonly place: WirePlace }): VNode {
  const [samples, setSamples] = useState<readonly Described[]>([]);
  const [descriptions, setDescriptions] = useState<Readonly<Record<string, Description>>>({});
  const [problem, setProblem] = useState<string>();
  const [filter, setFilter] = useState("");
  useEffect(() => {
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (describe: boolean) => {
      try {
        const sample = await ask<Described>("metrics", { describe }, leaving.signal);
        setProblem(undefined);
        if (sample.descriptions) setDescriptions(sample.descriptions);
        setSamples((before) => [...before, sample].slice(-KEPT));
      } catch (error) {
        if (isAbort(error)) return;
        setProblem(textOfError(error));
      }
      timer = setTimeout(() => void read(false), EVERY_MS);
    };
    void read(true);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, []);
  const wanted = Object.entries(descriptions).filter(([name, { help }]) =>
    `${name} ${help}`.toLowerCase().includes(filter.toLowerCase()),
  );
  const latest = samples.at(-1);
  return html`<section class="metrics" aria-label="Figures">
    <div class="toolbar" role="group" aria-label="Choose figures">
      <label class="search-field" for="metric-filter"><span>Find a figure</span>
        <input id="metric-filter" type="search" value=${filter} onInput=${(event: Event) => setFilter((event.currentTarget as HTMLInputElement).value)} />
      </label>
      <p class="note">Read every 2 seconds. Counters are shown per second.</p>
    </div>
    <${Problem} text=${problem} />
    <div class="charts">
      ${wanted.map(([name, description]) => html`<${Figure} key=${name} name=${name} description=${description} samples=${samples} />`)}
    </div>
    ${latest?.latencies && html`<${Latencies} latencies=${latest.latencies} />`}
    ${place.can.slow && html`<${Slow} reload=${samples.length} />`}
  </section>`;
}

interface FigureProps {
  readonly name: string;
  readonly description: Description;
  readonly samples: readonly WireMetrics[];
}

function Figure({ name, description: { type, unit, help }, samples }: FigureProps): VNode {
  const valueOfSample = (sample: WireMetrics | undefined) =>
    (sample?.metrics as Readonly<Record<string, number>> | undefined)?.[name];
  const raw = samples.map((sample) => valueOfSample(sample) ?? 0);
  const perSecond = raw.map((value, i) => {
    const [before, sample, earlier] = [raw[i - 1], samples[i], samples[i - 1]];
    if (before === undefined || !sample || !earlier || sample.time <= earlier.time) return null;
    return Math.max(0, ((value - before) * 1000) / (sample.time - earlier.time));
  });
  const isCounter = type === "counter";
  const values = isCounter ? perSecond : raw;
  const text = (value: number) =>
    unit === "bytes" ? sizeText(Math.round(value)) : unit === "milliseconds" ? msText(value) : numberText(value);
  const format = (value: number) => `${text(value)}${isCounter ? "/s" : ""}`;
  return html`<article class="figure">
    <h2>${name}</h2>
    <p class="latest">${text(raw.at(-1) ?? 0)}${isCounter ? " in all" : ""}</p>
    <p class="note">${help}</p>
    <${Chart} label=${name} times=${samples.map(({ time }) => time / 1000)} values=${values} format=${format} />
  </article>`;
}

function numberText(value: number): string {
  return value !== 0 && Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(2) : countText(value);
}

function msText(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(0)} s`;
  return value >= 1 || value === 0 ? `${Number(value.toFixed(1))} ms` : `${Math.round(value * 1000)} µs`;
}

function Latencies({ latencies }: { readonly latencies: Readonly<Record<string, LatencyHistogram>> }): VNode {
  return html`<div class="card">
    <h2>Latencies</h2>
    <table><thead><tr>${["Operation", "Timed", "Median", "99 %", "Longest"].map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
    <tbody>${Object.entries(latencies).map(
      ([name, histogram]) => html`<tr><th scope="row">${name}</th><td class="number">${countText(histogram.count)}</td>
      ${
        histogram.count > 0
          ? html`<td class="number">${msText(quantileOf(histogram, 0.5))}</td><td class="number">${msText(quantileOf(histogram, 0.99))}</td>
        <td class="number">${msText(histogram.maxMs)}</td>`
          : html`<td colspan="3" class="note">none yet</td>`
      }</tr>`,
    )}</tbody></table>
  </div>`;
}

function Slow({ reload }: { readonly reload: number }): VNode {
  const { value, error } = useLoaded((signal) => ask<{ slow: WireSlow[] }>("slow", {}, signal), [reload]);
  const all = value?.slow.toReversed() ?? [];
  return html`<div class="card">
    <h2>Slow operations</h2>
    <${Problem} text=${error} />
    ${all.length === 0 && html`<p class="note">None since the studio started. --slow sets from when on an operation is slow.</p>`}
    <ul class="slow">${all.map(({ time, message }) => html`<li><time>${timeText(time)}</time> ${message}</li>`)}</ul>
  </div>`;
}
