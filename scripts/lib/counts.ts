/**
 * How many tests passed and failed, from the reports that test runners write.
 *
 * @module
 */

/** The numbers of some tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** No tests at all. */
export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/** The sum of two counts. */
export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** `N passed, N failed`, and `N skipped` if there are any. */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

// An attribute may contain a bare `>`: Node's reporter escapes only `<` and the quotation mark.
const TAG = /<(\/?)(testcase|failure|error|skipped)\b(?:"[^"]*"|[^">])*>/g;

/** The counts of a JUnit report. Each `testcase` element is one test. */
export function junitCounts(xml: string): Counts {
  const outcomes: ("passed" | "failed" | "skipped")[] = [];
  for (const [, closing, name] of xml.matchAll(TAG)) {
    if (closing) continue;
    if (name === "testcase") outcomes.push("passed");
    else outcomes[outcomes.length - 1] = name === "skipped" ? "skipped" : "failed";
  }
  const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

/** The counts in the output of `cargo test`. */
export function cargoCounts(output: string): Counts {
  const results = output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm);
  let counts = NONE;
  for (const [, passed, failed, skipped] of results) {
    counts = add(counts, { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) });
  }
  return counts;
}
