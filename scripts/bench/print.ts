/**
 * Prints the figures on a terminal.
 *
 * @module
 */

import type { Measurement } from "./measurement.ts";
import type { TargetRow } from "./targets.ts";

/** Prints a table for each workload, and the targets. */
export function printTables(measurements: readonly Measurement[], targets: readonly TargetRow[]): void {
  for (const workload of new Set(measurements.map(({ workload, entries }) => `${workload}@${entries}`))) {
    const rows = measurements.filter((each) => `${each.workload}@${each.entries}` === workload);
    console.log(`\n${workload}`);
    console.table(
      rows.map(({ runtime, peer, rate, spread, figures, error }) => ({
        runtime,
        peer,
        ...(error === undefined
          ? { "per second": rounded(rate), spread: `±${Math.round(spread * 100)} %`, ...rounds(figures) }
          : { error: error.slice(0, 60) }),
      })),
    );
  }
  if (targets.length === 0) return;
  console.log("\nTargets");
  console.table(
    targets.map(({ ratio, met, ...row }) => ({ ...row, ratio: rounded(ratio), met: met ? "met" : "MISSED" })),
  );
}

/** Rounds to three significant digits. */
export function rounded(number: number): number {
  return Math.abs(number) >= 1000 ? Math.round(number) : Number(number.toPrecision(3));
}

function rounds(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, rounded(figure)]));
}
