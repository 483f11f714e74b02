/**
 * Millions of random inserts, a kill, overwrites, and a compaction.
 *
 * @module
 */

import { monitorEventLoopDelay } from "node:perf_hooks";
import process from "node:process";
import { open, type SledStore } from "../../../mod.ts";
import { keyOf, shuffled, valuesOf } from "../../bench/data.ts";
import { randomNumbers } from "../../lib/random.ts";

const VALUE_BYTES = 100;
const LIVE_BYTES = 112;
const OVERWRITES = 2_000_000;
/** Puts between two turns of the event loop. */
const TURN = 500;

const values = valuesOf(VALUE_BYTES);

/** Loads, prints the rate of each tenth and the time in steps so far, and kills itself in the middle of more writes. */
export async function fillAndDie(directory: string, entries: number): Promise<void> {
  const store = await open({ path: directory, syncWrites: false });
  const order = shuffled(entries, 7);
  const tenth = Math.floor(entries / 10);
  const started = performance.now();
  let since = started;
  for (let i = 0; i < entries; i++) {
    put(store, order[i] as number, i);
    if (i % TURN === TURN - 1) await turn();
    if (i % tenth === tenth - 1) {
      report(`entries ${i + 1}`, tenth, since, store);
      since = performance.now();
    }
  }
  await store.flush();
  report("all, with the flush", entries, started, store);
  space("before a compaction", store, entries);
  for (let i = 0; i < 50_000; i++) put(store, order[i] as number, i);
  process.kill(process.pid, "SIGKILL");
}

/** Opens the store after the kill, overwrites at random, and compacts. */
export async function measureMillions(directory: string, entries: number): Promise<void> {
  const opening = performance.now();
  const store = await open({ path: directory, syncWrites: false });
  console.log(`open after a kill: ${(performance.now() - opening).toFixed(0)} ms`);
  const counting = performance.now();
  const count = store.countSync();
  console.log(`count in the engine: ${count} entries, ${perSecond(count, counting)}/s`);
  const random = randomNumbers(3);
  const overwrites = Math.min(OVERWRITES, entries);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = performance.now();
  for (let i = 0; i < overwrites; i++) {
    put(store, Math.floor(random() * entries), i);
    if (i % TURN === TURN - 1) await turn();
  }
  await store.flush();
  report("overwrites", overwrites, started, store);
  delay.disable();
  console.log(`delay of the event loop meanwhile: p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms`);
  const compacting = performance.now();
  await store.compact();
  console.log(`compaction: ${((performance.now() - compacting) / 1000).toFixed(1)} s`);
  space("after the compaction", store, entries);
  await store.close();
}

function put(store: SledStore, number: number, i: number): void {
  store.put(keyOf(number), values[i % values.length] as Uint8Array);
}

function report(what: string, count: number, started: number, store: SledStore): void {
  const { longestStepMs, stepMs, checkpoints, checkpointSteps, memoryBytes } = store.metrics();
  const memory = (memoryBytes / 1e6).toFixed(0);
  console.log(
    `${what}: ${perSecond(count, started)}/s, ${checkpoints} checkpoints of ${checkpointSteps} steps, ` +
      `${(stepMs / 1000).toFixed(1)} s in steps, the longest ${longestStepMs.toFixed(1)} ms, engine ${memory} MB`,
  );
}

function space(when: string, store: SledStore, entries: number): void {
  const { logFileBytes, blockFileBytes, indexBytes } = store.metrics();
  const bytes = logFileBytes + blockFileBytes + indexBytes;
  console.log(
    `${when}: ${(bytes / 1e6).toFixed(0)} MB on disk, ${(bytes / entries / LIVE_BYTES).toFixed(2)} of the live bytes`,
  );
}

function perSecond(count: number, started: number): string {
  return Math.round((count / (performance.now() - started)) * 1000).toLocaleString("en");
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
