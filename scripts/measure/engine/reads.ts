/**
 * Gets from the entry cache and from the table in memory, and a count of everything in the engine.
 *
 * @module
 */

import { open, type SledStore } from "../../../mod.ts";
import { entriesOf, keysOf, shuffled } from "../../bench/data.ts";
import { median } from "../../lib/statistics.ts";

const ENTRIES = 1_000_000;
const HOT = 1000;
const READS = 2_000_000;
const ROUNDS = 3;
const VALUE_BYTES = 100;

/** Prints the medians. */
export async function measureReads(directory: string): Promise<void> {
  await using store = await open({ path: directory, syncWrites: false, cacheSize: 256 * 1024 * 1024 });
  const { keys, values } = entriesOf(ENTRIES, "random", VALUE_BYTES);
  for (let i = 0; i < ENTRIES; i += 1000) {
    const part = keys.slice(i, i + 1000);
    await store.batch(part.map((key, j) => ({ type: "put", key, value: values[i + j] as Uint8Array })));
  }
  await store.compact();
  const [hot, cold] = [keysOf(shuffled(ENTRIES, 5).subarray(0, HOT)), keysOf(shuffled(ENTRIES, 9))];
  for (const key of cold) found(store, key);
  const rates = Array.from({ length: ROUNDS }, () => ({
    "gets of hot keys, from the entry cache": rateOf(READS, () => {
      for (let i = 0; i < READS; i++) found(store, hot[i % HOT] as string);
    }),
    "gets of all keys, from the table in memory": rateOf(ENTRIES, () => {
      for (const key of cold) found(store, key);
    }),
    "entries counted in the engine": rateOf(ENTRIES, () => {
      if (store.countSync() !== ENTRIES) throw new Error("Wrong count");
    }),
  }));
  const names = Object.keys(rates[0] ?? {}) as (keyof (typeof rates)[number])[];
  console.table(
    names.map((what) => ({ what, "a second, median": Math.round(median(rates.map((each) => each[what]))) })),
  );
}

function found(store: SledStore, key: string): void {
  if (store.getSync(key)?.length !== VALUE_BYTES) throw new Error(`No value of '${key}'`);
}

function rateOf(count: number, run: () => void): number {
  const started = performance.now();
  run();
  return (count / (performance.now() - started)) * 1000;
}
