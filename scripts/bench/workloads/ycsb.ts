/**
 * The core workloads of the Yahoo! Cloud Serving Benchmark: Cooper and others, SoCC 2010. Values of 100 bytes, one client.
 *
 * @module
 */

import type { Subject } from "../contract.ts";
import { entriesOf, keyOf, randomNumbers, shuffled, valuesOf, zipfian } from "../data.ts";
import { secondsOf, type Workload, withSubject } from "../workload.ts";

const OPERATIONS = 100_000;
/** Writes are awaited this many at a time, as by a server with as many requests. */
const IN_FLIGHT = 64;

type Step = "read" | "update" | "insert" | "scan" | "modify";

/** How often each step comes, in percent. */
const MIXES: Readonly<Record<string, readonly (readonly [Step, number])[]>> = {
  A: [
    ["read", 50],
    ["update", 50],
  ],
  B: [
    ["read", 95],
    ["update", 5],
  ],
  C: [["read", 100]],
  D: [
    ["read", 95],
    ["insert", 5],
  ],
  E: [
    ["scan", 95],
    ["insert", 5],
  ],
  F: [
    ["read", 50],
    ["modify", 50],
  ],
};

function stepOf(mix: readonly (readonly [Step, number])[], percent: number): Step {
  let sum = 0;
  for (const [step, share] of mix) {
    sum += share;
    if (percent < sum) return step;
  }
  return "read";
}

/** Runs one mix; E scans up to 100 entries by prefix. */
async function runMix(subject: Subject, name: string, entries: number): Promise<number> {
  const mix = MIXES[name] ?? [];
  const random = randomNumbers(17);
  const popular = zipfian(entries, 19);
  // Popular keys lie all over the key space.
  const places = shuffled(entries, 23);
  const values = valuesOf(100);
  const read = subject.getSync ?? subject.get;
  if (!read || !subject.scan) throw new Error("A mix needs reads and scans");
  let count = entries;
  let pending: Promise<unknown>[] = [];
  const write = async (key: string, value: Uint8Array) => {
    if (!subject.put) return subject.putSync?.(key, value);
    pending.push(subject.put(key, value));
    if (pending.length < IN_FLIGHT) return;
    await Promise.all(pending);
    pending = [];
  };
  return secondsOf(async () => {
    for (let i = 0; i < OPERATIONS; i++) {
      const step = stepOf(mix, random() * 100);
      const chosen = popular();
      const key = keyOf(name === "D" ? count - 1 - chosen : (places[chosen] as number));
      const value = values[i % values.length] as Uint8Array;
      if (step === "insert") await write(keyOf(count++), value);
      else if (step === "update") await write(key, value);
      else if (step === "scan") await subject.scan?.(key.slice(0, -2));
      else {
        const got = read(key);
        if (got instanceof Promise) await got;
        if (step === "modify") await write(key, value);
      }
    }
    await Promise.all(pending);
  });
}

/** Workload A to F. */
export const YCSB: readonly Workload[] = Object.entries(MIXES).map(([name, mix]) => ({
  name: `ycsb-${name.toLowerCase()}`,
  title: `YCSB ${name}: ${mix.map(([step, share]) => `${share} % ${step}`).join(", ")}`,
  guarantee: "buffered",
  kinds: ["store"],
  entries: [100_000, 20_000],
  run: async (bench) => {
    await withSubject(bench, "buffered", async (subject) => {
      await subject.load(entriesOf(bench.entries, "random", 100), 1000);
      await subject.flush?.();
    });
    return withSubject(bench, "buffered", async (subject) => {
      const reads = subject.getSync ?? subject.get;
      if (!reads || !subject.scan || !(subject.put ?? subject.putSync)) return undefined;
      return { operations: OPERATIONS, seconds: await runMix(subject, name, bench.entries) };
    });
  },
}));
