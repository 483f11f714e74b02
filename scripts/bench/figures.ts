/**
 * The results of a run, and the file that stores them.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Environment } from "./environment.ts";
import type { Measurement } from "./measurement.ts";
import { LAST_FIGURES } from "./places.ts";

/** A summary of the run. */
export interface RunSummary {
  readonly trials: number;
  readonly minutes: number;
}

/** The results of a run. */
export interface Figures {
  readonly environment: Environment;
  readonly run: RunSummary;
  readonly measurements: readonly Measurement[];
}

/** The text of a file of figures. */
export function jsonOf(figures: Figures): string {
  return `${JSON.stringify(figures, undefined, 1)}\n`;
}

/** Saves the figures of a run for {@linkcode readFigures}. */
export function saveFigures(figures: Figures): void {
  mkdirSync(dirname(LAST_FIGURES), { recursive: true });
  writeFileSync(LAST_FIGURES, jsonOf(figures));
}

/** The figures of the last run. */
export function readFigures(): Figures {
  return JSON.parse(readFileSync(LAST_FIGURES, "utf8")) as Figures;
}
