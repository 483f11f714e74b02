/**
 * What `@keyv/test-suite` uses of vitest, on `node:test`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";

type Step = () => unknown;

/** The matchers of one value. */
function matchersOf(actual: unknown): Record<string, (expected?: unknown) => void> {
  return {
    toBe: (expected) => assert.equal(actual, expected),
    // As in vitest, a property that is `undefined` counts as absent.
    toEqual: (expected) => assert.deepEqual(JSON.stringify(actual), JSON.stringify(expected)),
    toBeTruthy: () => assert.ok(actual),
    toBeFalsy: () => assert.ok(!actual, `expected a false value, got ${String(actual)}`),
    toBeNull: () => assert.equal(actual, null),
    toBeUndefined: () => assert.equal(actual, undefined),
    toBeDefined: () => assert.notEqual(actual, undefined),
  };
}

/** Collects a suite. `what` is put before the names; `skipped` has the reasons why tests cannot pass, by name. */
export function vitestFor(what: string, skipped: Readonly<Record<string, string>> = {}): object {
  const [before, after]: [Step[], Step[]] = [[], []];
  return {
    beforeEach: (step: Step) => before.push(step),
    afterEach: (step: Step) => after.push(step),
    it(name: string, run: (context: object) => unknown) {
      const skip = skipped[name];
      void test(`${what}: ${name}`, { skip: skip ?? false }, async () => {
        let [count, planned]: [number, number | undefined] = [0, undefined];
        const expect = (actual: unknown) => {
          count += 1;
          return matchersOf(actual);
        };
        const assertions = (wanted: number) => {
          planned = wanted;
        };
        for (const step of before) await step();
        await run({ expect: Object.assign(expect, { assertions }) });
        for (const step of after) await step();
        if (planned !== undefined) assert.equal(count, planned, "assertions");
      });
    },
  };
}
