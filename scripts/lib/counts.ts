/**
 * How many tests passed and failed, from the reports that test runners write.
 *
 * @module
 */

/** The outcome of some tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** No tests at all. */
export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/** The sum of two outcomes. */
export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** `N passed, N failed`, and the skipped ones where there are any. */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The outcome in a JUnit report: each `testcase` element is one test. */
export function junitCounts(xml: string): Counts {
  const tests = xml.match(/<testcase\b[^>]*?\/>|<testcase\b[\s\S]*?<\/testcase>/g) ?? [];
  const failed = tests.filter((test) => /<(?:failure|error)\b/.test(test)).length;
  const skipped = tests.filter((test) => /<skipped\b/.test(test)).length;
  return { passed: tests.length - failed - skipped, failed, skipped };
}

/** The outcome in the output of `cargo test`. */
export function cargoCounts(output: string): Counts {
  const results = output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm);
  let counts = NONE;
  for (const [, passed, failed, skipped] of results) {
    counts = add(counts, { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) });
  }
  return counts;
}
