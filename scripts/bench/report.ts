/**
 * Writes what was measured: `figures.json` and the charts into `scripts/bench/results`, the tables into `BENCHMARKS.md`.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/runtimes.ts";
import { overviewChart, scaleChart, svgOf } from "./charts.ts";
import { type Environment, environment } from "./environment.ts";
import { environmentText, settingsTable, targetTable, workloadTables } from "./markdown.ts";
import type { Measurement } from "./measurement.ts";
import { RESULTS } from "./places.ts";
import { targetRows } from "./targets.ts";

const DOCUMENT = join(ROOT, "BENCHMARKS.md");
const BEGIN = "<!-- Written by npm run bench: begin -->";
const END = "<!-- Written by npm run bench: end -->";

/** How the run went. */
export interface RunSummary {
  readonly rounds: number;
  readonly trials: number;
  readonly minutes: number;
}

/** Writes all of it. */
export async function writeReport(measurements: readonly Measurement[], run: RunSummary): Promise<void> {
  const where = environment();
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    join(RESULTS, "figures.json"),
    `${JSON.stringify({ environment: where, run, measurements }, undefined, 1)}\n`,
  );
  writeFileSync(join(RESULTS, "overview.svg"), await svgOf(overviewChart(measurements)));
  writeFileSync(join(RESULTS, "scale.svg"), await svgOf(scaleChart(measurements)));
  writeFileSync(DOCUMENT, withFigures(readFileSync(DOCUMENT, "utf8"), figuresText(measurements, where, run)));
}

function figuresText(measurements: readonly Measurement[], where: Environment, run: RunSummary): string {
  return [
    environmentText(where, run),
    "## Targets",
    targetTable(targetRows(measurements)),
    "## Figures",
    workloadTables(measurements),
    "## Settings",
    settingsTable(where),
  ].join("\n\n");
}

/** Puts the figures between the two marks of the document. */
function withFigures(document: string, figures: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`Expected '${BEGIN}' and '${END}' in BENCHMARKS.md`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${figures}\n\n${document.slice(end)}`;
}
