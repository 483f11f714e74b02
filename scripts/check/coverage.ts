/**
 * Runs the tests on Node and prints which lines and branches of `src/` they reach. Fails below 95 % of the lines.
 *
 * ```sh
 * node scripts/check.ts coverage [--filter part-of-a-path]
 * ```
 *
 * Does not count code in child processes, in workers, and code that runs only on Bun or Deno.
 *
 * @module
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type FileCoverage, lcovFiles } from "../lib/lcov.ts";
import { readOptions, text } from "../lib/options.ts";
import { run } from "../lib/run.ts";
import { binary } from "../lib/runtimes.ts";
import { testFiles } from "../lib/test_runtime.ts";

const LEAST_PERCENT = 95;
/** These tests run other processes, or only on Deno. */
const OTHERS = ["/crash/", "/deno/", "/examples/", "/docs/", "/package/"];

const values = readOptions({ filter: text("only test files whose paths contain this", "") });
const files = testFiles(values.filter).filter((file) => !OTHERS.some((other) => file.includes(other)));
const percent = (hit: number, found: number) => (found === 0 ? 100 : (100 * hit) / found);

async function measure(): Promise<FileCoverage[]> {
  const directory = mkdtempSync(join(tmpdir(), "luge-coverage-"));
  const report = join(directory, "lcov.info");
  try {
    const { code } = await run(binary("node"), [
      "--test",
      "--test-concurrency=2",
      "--experimental-test-coverage",
      "--test-coverage-include=src/**",
      // It runs in a browser, which its tests start.
      "--test-coverage-exclude=src/studio/page/**",
      "--test-reporter=lcov",
      `--test-reporter-destination=${report}`,
      ...files,
    ]);
    if (code !== 0) throw new Error(`The tests failed, exit code ${code}`);
    return lcovFiles(readFileSync(report, "utf8"));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const coverage = await measure();
console.table(
  coverage.map(({ file, linesFound, linesHit, missedLines, missedBranches }) => ({
    file,
    "lines %": Number(percent(linesHit, linesFound).toFixed(1)),
    "lines missed": missedLines.join(" "),
    "branches missed at": missedBranches.join(" "),
  })),
);
const [hit, found] = coverage.reduce(([a, b], { linesHit, linesFound }) => [a + linesHit, b + linesFound], [0, 0]);
const lines = percent(hit ?? 0, found ?? 0);
console.log(`${lines.toFixed(1)} % of ${found} lines; at least ${LEAST_PERCENT} % are required`);
if (lines < LEAST_PERCENT) process.exitCode = 1;
