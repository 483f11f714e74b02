/**
 * All that a run found out, and the file that keeps it.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Environment } from "./environment.ts";
import type { Measurement } from "./measurement.ts";
import { LAST_FIGURES } from "./places.ts";

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

/** The text of a file of figures. */
export function jsonOf(figures: Figures): string {
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
