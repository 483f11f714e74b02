/**
 * Writes the results: `figures.json` and the charts into `scripts/bench/results`, the tables into `BENCHMARKS.md`, and
 * a few of them into the README.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/runtimes.ts";
import { overviewChart, scaleChart, svgOf } from "./charts.ts";
import { type Figures, jsonOf } from "./figures.ts";
import { benchmarksText, readmeText } from "./markdown.ts";
import { RESULTS } from "./places.ts";

const BEGIN = "<!-- Written by npm run bench: begin -->";
const END = "<!-- Written by npm run bench: end -->";

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
