/**
 * Reads coverage reports in the format of lcov.
 *
 * @module
 */

/** The coverage of a file. */
export interface FileCoverage {
  readonly file: string;
  readonly linesFound: number;
  readonly linesHit: number;
  readonly missedLines: readonly number[];
  /** The lines with a branch that was never taken. */
  readonly missedBranches: readonly number[];
}

/** The files of a report. */
export function lcovFiles(report: string): FileCoverage[] {
  return report
    .split("end_of_record")
    .filter((record) => record.includes("SF:"))
    .map((record) => {
      const file = /^SF:(.*)$/m.exec(record)?.[1] ?? "";
      const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)].map(([, line, hits]) => [Number(line), Number(hits)]);
      const branches = [...record.matchAll(/^BRDA:(\d+),\d+,\d+,(0|-)$/gm)].map(([, line]) => Number(line));
      const missedLines = lines.filter(([, hits]) => hits === 0).map(([line]) => line as number);
      return {
        file,
        linesFound: lines.length,
        linesHit: lines.length - missedLines.length,
        missedLines,
        missedBranches: [...new Set(branches)].sort((a, b) => a - b),
      };
    });
}
