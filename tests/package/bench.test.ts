/**
 * The benchmark's own arithmetic: keys, medians and ratios. Checks also that every target is measured.
 */

import assert from "node:assert/strict";
import { keyOf, keysOf, shuffled, zipfian } from "../../scripts/bench/data.ts";
import { type Measurement, measurementOf } from "../../scripts/bench/measurement.ts";
import { planOf } from "../../scripts/bench/plan.ts";
import { isCompared, targetRows } from "../../scripts/bench/targets.ts";
import { wrapped } from "../../scripts/bench/wrap.ts";
import { RUNTIMES } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";

const TRIAL = { runtime: "node", peer: "luge", workload: "durable-64", entries: 10, seconds: 1 } as const;

function measured(peer: string, workload: string, rate: number, figures = {}): Measurement {
  return measurementOf({ ...TRIAL, peer, workload }, [{ operations: rate, seconds: 1, figures }]) as Measurement;
}

nodeTest("keys have 12 bytes, in the order of their numbers", () => {
  const numbers = [0, 7, 10, 123_456, 99_999_999_999];
  assert.deepEqual(keysOf(numbers), numbers.map(keyOf));
  assert.deepEqual(new Set(keysOf(numbers).map((key) => Buffer.byteLength(key))), new Set([12]));
  assert.deepEqual(keysOf(numbers).toSorted(), keysOf(numbers));
});

nodeTest("a shuffle has every number once; Zipf's law makes few of them frequent", () => {
  assert.deepEqual(
    [...shuffled(1000, 1)].sort((a, b) => a - b),
    [...Array(1000).keys()],
  );
  const next = zipfian(1000, 1);
  const counts = new Map<number, number>();
  for (let i = 0; i < 10_000; i++) {
    const number = next();
    assert.ok(number >= 0 && number < 1000);
    counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  assert.ok((counts.get(0) ?? 0) > 1000 && (counts.get(0) ?? 0) > 3 * (counts.get(9) ?? 0));
});

nodeTest("rounds become a median and a spread; a failed round does not count; if all failed, it says why", () => {
  const outcomes = [100, 300, 200].map((operations) => ({ operations, seconds: 2, figures: { diskMiB: operations } }));
  const { rate, rates, spread, figures, error } = measurementOf(TRIAL, [...outcomes, new Error("once")]) as Measurement;
  assert.deepEqual(
    { rate, rates, spread, figures, error },
    {
      rate: 100,
      rates: [50, 150, 100],
      spread: 0.5,
      figures: { diskMiB: 200 },
      error: undefined,
    },
  );
  assert.equal(measurementOf(TRIAL, [new Error("always")])?.error, "always");
  assert.equal(measurementOf(TRIAL, [undefined]), undefined);
});

nodeTest("a target is a ratio of rates, or of figures that should be small", () => {
  const rows = targetRows([
    measured("luge", "durable-64", 3000, { loopP99Ms: 2 }),
    measured("lmdb-js", "durable-64", 1000),
    measured("better-sqlite3", "durable-64", 500, { loopP99Ms: 10 }),
    measured("better-sqlite3", "durable-1-sync", 500),
  ]);
  assert.deepEqual(
    rows.map(({ peer, target, ratio, met }) => [peer, target, ratio, met]),
    [
      ["better-sqlite3", "at least 20", 6, false],
      ["lmdb-js", "at least 2", 3, true],
      ["better-sqlite3", "at most 0.1", 0.2, false],
    ],
  );
});

nodeTest("the whole plan measures both sides of every target, on each runtime where the peer runs", () => {
  const plan = planOf({ runtimes: RUNTIMES, quick: false, filter: { workload: "", peer: "" }, programs: true });
  for (const runtime of RUNTIMES) {
    const measurements = plan
      .filter((trial) => trial.runtime === runtime)
      .map((trial) => measurementOf(trial, [{ operations: 1, seconds: 1 }]) as Measurement);
    assert.ok(targetRows(measurements).length >= 13, `${runtime} has ${targetRows(measurements).length} targets`);
  }
  assert.ok(isCompared({ workload: "load-huge", peer: "classic-level" }));
  assert.ok(!isCompared({ workload: "load-huge", peer: "lmdb-js" }));
});

nodeTest("the pages of the benchmark have lines of at most 100 characters, except in tables", () => {
  const sentence = "Words of `any length here` in it. ".repeat(9).trim();
  const table = `| ${"long ".repeat(40)} |`;
  const markdown = ["## Heading", sentence, `- ${sentence}\n  goes on here\n- *short*`, table].join("\n\n");
  const text = wrapped(markdown);
  const lines = text.split("\n");
  assert.deepEqual(
    lines.filter((line) => line.length > 100),
    [table],
  );
  assert.equal(text.replace(/\s+/g, " "), markdown.replace(/\s+/g, " "));
  assert.ok(lines.every((line) => line.split("`").length % 2 === 1));
  assert.equal(wrapped(text), text);
});
