/**
 * Writes what was measured: `figures.json` and the charts into `scripts/bench/results`, the tables into `BENCHMARKS.md`, and
 * a few of them into the README.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../lib/runtimes.ts";
import { overviewChart, scaleChart, svgOf } from "./charts.ts";
import type { Environment } from "./environment.ts";
import { benchmarksText, readmeText } from "./markdown.ts";
import type { Measurement } from "./measurement.ts";
import { LAST_FIGURES, RESULTS } from "./places.ts";

const BEGIN = "<!-- Written by npm run bench: begin -->";
const END = "<!-- Written by npm run bench: end -->";

/** How the run went. */
export interface RunSummary {
  readonly trials: number;
  readonly minutes: number;
}

/** All that a run found out. */
export interface Figures {
  readonly environment: Environment;
  readonly run: RunSummary;
  readonly measurements: readonly Measurement[];
}

function jsonOf(figures: Figures): string {
  return `${JSON.stringify(figures, undefined, 1)}\n`;
}

/** Keeps the figures of a run for {@linkcode readFigures}. */
export function saveFigures(figures: Figures): void {
  mkdirSync(dirname(LAST_FIGURES), { recursive: true });
  writeFileSync(LAST_FIGURES, jsonOf(figures));
}

/** The figures of the last run. */
export function readFigures(): Figures {
  return JSON.parse(readFileSync(LAST_FIGURES, "utf8")) as Figures;
}

/** Writes all of it. */
export async function writeReport(figures: Figures): Promise<void> {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, "figures.json"), jsonOf(figures));
  writeFileSync(join(RESULTS, "overview.svg"), await svgOf(overviewChart(figures.measurements)));
  writeFileSync(join(RESULTS, "scale.svg"), await svgOf(scaleChart(figures.measurements)));
  writeFileSync(join(ROOT, "BENCHMARKS.md"), benchmarksText(figures));
  const readme = join(ROOT, "README.md");
  writeFileSync(readme, between(readFileSync(readme, "utf8"), readmeText(figures)));
}

/** Puts a text between the two marks of a document. */
function between(document: string, text: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`Expected '${BEGIN}' and '${END}' in README.md`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${document.slice(end)}`;
}
