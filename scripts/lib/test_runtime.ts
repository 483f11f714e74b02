/**
 * Runs the test files on one runtime.
 *
 * @module
 */

import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Counts, junitCounts, NONE } from "./counts.ts";
import { run } from "./run.ts";
import { binary, ROOT, type Runtime } from "./runtimes.ts";

/** bun's own limit of 5 s for each test is too short for a slow machine. */
const BUN_TEST_LIMIT_MS = 300_000;

/** The test files whose paths contain `filter`, relative to the root. */
export function testFiles(filter: string): string[] {
  const files = globSync("tests/**/*.test.ts", { cwd: ROOT });
  return files
    .map((file) => `./${file.replaceAll("\\", "/")}`)
    .filter((file) => file.includes(filter))
    .sort();
}

/** Whether a test file is for a runtime. Files in `tests/deno/` use features that only Deno has. */
function isFor(runtime: Runtime, file: string): boolean {
  return runtime === "deno" || !file.startsWith("./tests/deno/");
}

/**
 * Runs the files for a runtime. If the result of a run cannot be read, it counts as one failed test, so that no sum
 * hides it.
 */
export async function testOn(runtime: Runtime, files: readonly string[]): Promise<Counts> {
  try {
    const own = files.filter((file) => isFor(runtime, file));
    return own.length > 0 || files.length === 0 ? await runTests(runtime, own) : NONE;
  } catch (error) {
    console.error(error);
    return { ...NONE, failed: 1 };
  }
}

async function runTests(runtime: Runtime, files: readonly string[]): Promise<Counts> {
  const directory = mkdtempSync(join(tmpdir(), "luge-report-"));
  const report = join(directory, "report.xml");
  try {
    const { code } = await run(binary(runtime), [...testArguments(runtime, report), ...files]);
    if (!existsSync(report)) throw new Error(`${runtime} wrote no report, exit code ${code}`);
    const xml = readFileSync(report, "utf8");
    const counts = junitCounts(xml);
    if (counts.passed + counts.failed === 0) throw new Error(`${runtime} ran no test`);
    if (code !== 0 && counts.failed === 0) throw new Error(`${runtime} failed outside its tests, exit code ${code}`);
    const empty = runtime === "node" ? filesWithoutTests(xml, files) : [];
    if (empty.length > 0 && counts.failed === 0) throw new Error(`No test ran in ${empty.join(", ")}`);
    return counts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Node reports a file that ended without a test, for example by `process.exit(0)`, as one passed test with the file's
 * name.
 */
function filesWithoutTests(xml: string, files: readonly string[]): string[] {
  return files.filter((file) => xml.includes(`<testcase name="${file.replace("./", "")}"`));
}

function testArguments(runtime: Runtime, report: string): string[] {
  switch (runtime) {
    case "node":
      return [
        "--test",
        "--test-concurrency=2",
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=junit",
        `--test-reporter-destination=${report}`,
      ];
    case "bun":
      return ["test", `--timeout=${BUN_TEST_LIMIT_MS}`, "--dots", "--reporter=junit", `--reporter-outfile=${report}`];
    case "deno":
      // Some tests compare with Deno's own KV.
      return ["test", "--no-check", "--allow-all", "--unstable-kv", `--junit-path=${report}`];
  }
}
