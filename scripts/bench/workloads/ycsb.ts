/**
 * The core workloads of the Yahoo! Cloud Serving Benchmark: Cooper and others, SoCC 2010. Values of 100 bytes, one client.
 *
 * @module
 */

import { randomNumbers } from "../../lib/random.ts";
import type { Subject } from "../contract.ts";
import { countAwaited } from "../counting.ts";
import { entriesOf, keyOf, shuffled, valuesOf, zipfian } from "../data.ts";
import { type Bench, type Outcome, type Workload, withSubject } from "../workload.ts";

const OPERATIONS = 500_000;
/** This many writes are awaited together, as in a server with as many requests. */
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

interface Planned {
  readonly step: Step;
  readonly key: string;
}

/** The steps of a trial, planned before the measurement starts: more than a store can do during a trial. */
function planOf(name: string, entries: number): Planned[] {
  const mix = MIXES[name] ?? [];
  const random = randomNumbers(17);
  const popular = zipfian(entries, 19);
  // Popular keys lie all over the key space.
  const places = shuffled(entries, 23);
  let count = entries;
  return Array.from({ length: OPERATIONS }, () => {
    const step = stepOf(mix, random() * 100);
    if (step === "insert") return { step, key: keyOf(count++) };
    const chosen = popular();
    const key = keyOf(name === "D" ? count - 1 - chosen : (places[chosen] as number));
    return { step, key: step === "scan" ? key.slice(0, -2) : key };
  });
}

/** Runs one mix; E scans up to 100 entries by prefix. */
async function runMix(subject: Subject, name: string, { entries, seconds }: Bench): Promise<Outcome | undefined> {
  const { scan, put, putSync } = subject;
  const read = subject.getSync ?? subject.get;
  if (!read || !scan || !(put ?? putSync)) return undefined;
  const plan = planOf(name, entries);
  const values = valuesOf(100);
  let pending: Promise<unknown>[] = [];
  const write = (key: string, value: Uint8Array): unknown => {
    if (!put) return putSync?.(key, value);
    pending.push(put(key, value));
    if (pending.length < IN_FLIGHT) return undefined;
    const all = Promise.all(pending);
    pending = [];
    return all;
  };
  const run = (i: number): unknown => {
    const { step, key } = plan[i] as Planned;
    const value = values[i % values.length] as Uint8Array;
    if (step === "scan") return scan(key);
    if (step === "insert" || step === "update") return write(key, value);
    const got = read(key);
    if (step === "read") return got;
    return got instanceof Promise ? got.then(() => write(key, value)) : write(key, value);
  };
  const started = performance.now();
  const { operations } = await countAwaited(seconds, plan.length, run);
  await Promise.all(pending);
  return { operations, seconds: (performance.now() - started) / 1000 };
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
    return withSubject(bench, "buffered", (subject) => runMix(subject, name, bench));
  },
}));
