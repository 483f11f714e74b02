/**
 * The gate trusts the numbers that it reads from reports. These are such reports.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cargoCounts, junitCounts, summary } from "../../scripts/lib/counts.ts";
import { nodeTest } from "../support/node_only.ts";

nodeTest("a JUnit report of Node is counted, whatever is in names and messages", () => {
  const counts = junitCounts(`<testsuites>
    <testcase name="a -> b &lt;/testcase> /> &quot;<" time="0.1" classname="test" file="a.test.ts"/>
    <testcase name="fails -> x" failure="1 > 2">
      <failure type="testCodeFailure" message="1 > 2 />">1 &lt; 2 &lt;skipped/></failure>
    </testcase>
    <testcase name="left out"><skipped type="todo" message="true"/></testcase>
    <testsuite name="group > x" failures="1" skipped="0"><testcase name="inner"/></testsuite>
  </testsuites>`);
  assert.deepEqual(counts, { passed: 2, failed: 1, skipped: 1 });
  assert.equal(summary(counts), "2 passed, 1 failed, 1 skipped");
});

nodeTest("a JUnit report of Deno is counted: elements without children are not closed in place", () => {
  const counts = junitCounts(`<testsuites name="deno test" tests="3" failures="1" errors="0">
    <testcase name="one" line="3">
    </testcase>
    <testcase name="two"><failure message="Uncaught &quot;error&quot;">error</failure></testcase>
    <testcase name="three"><error message="x"/></testcase>
  </testsuites>`);
  assert.deepEqual(counts, { passed: 1, failed: 2, skipped: 0 });
});

nodeTest("an empty report counts no test", () => {
  assert.deepEqual(junitCounts("<testsuites></testsuites>"), { passed: 0, failed: 0, skipped: 0 });
});

nodeTest("the results of all of cargo's test binaries are added", () => {
  const counts = cargoCounts(
    "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n" +
      "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n",
  );
  assert.deepEqual(counts, { passed: 5, failed: 1, skipped: 1 });
});
