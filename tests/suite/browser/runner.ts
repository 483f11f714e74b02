/**
 * Takes the place of `node:test` in a browser: collects tests, and runs them one after the other.
 *
 * @module
 */

interface Test {
  readonly name: string;
  readonly run: () => unknown;
}

const tests: Test[] = [];

/** As Node's. */
export function describe(_: string, define: () => void): void {
  define();
}

/** As Node's, without options. */
export function test(name: string, run: () => unknown): void {
  tests.push({ name, run });
}

/** How many tests passed, and what failed. */
export interface Outcome {
  readonly passed: number;
  readonly failures: readonly string[];
}

/** Runs all. */
export async function runAll(): Promise<Outcome> {
  const failures: string[] = [];
  for (const { name, run } of tests) {
    try {
      await run();
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return { passed: tests.length - failures.length, failures };
}
