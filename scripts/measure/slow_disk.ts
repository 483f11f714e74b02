/**
 * 64 writers each await a durable put in a loop. The disk takes 20 ms for every sync, and there are several
 * checkpoints. How long is the event loop blocked? Only Node can measure that.
 *
 * ```sh
 * node scripts/measure.ts slow-disk [--seconds 10] [--sync 20] [--value 1000] [--buffer 2]
 * ```
 *
 * If the machine has other work, the delay includes it. `cpuP99Ms` is the processor time of a turn of the loop. Fails
 * if the delay's 99th percentile reaches 5 ms.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import process from "node:process";
import { open, type SledStore } from "../../mod.ts";
import { amount, count, readOptions } from "../lib/options.ts";
import { SlowFileSystem } from "./slow_file_system.ts";

const WRITERS = 64;
const LIMIT_MS = 5;

const values = readOptions({
  seconds: amount("how long it writes", 10),
  sync: amount("milliseconds of a sync", 20),
  value: count("bytes of a value", 1000),
  buffer: count("MiB of the write buffer", 2),
});

/** Puts random keys until the time is over. Returns how many. */
async function writeFor(store: SledStore, milliseconds: number): Promise<number> {
  const value = new Uint8Array(values.value).map((_, i) => i * 7);
  const end = performance.now() + milliseconds;
  let puts = 0;
  const writer = async () => {
    while (performance.now() < end) {
      await store.put(`key${String(Math.floor(Math.random() * 1e9)).padStart(9, "0")}`, value);
      puts += 1;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return puts;
}

/** Processor time of this thread between the turns of a timer of 1 ms, in milliseconds, while `run` runs. */
async function processorTurns(run: () => Promise<void>): Promise<number[]> {
  const turns: number[] = [];
  let before = process.threadCpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.threadCpuUsage(before);
    before = process.threadCpuUsage();
    turns.push((user + system) / 1000);
  }, 1);
  await run();
  clearInterval(timer);
  return turns.sort((a, b) => a - b);
}

const path = mkdtempSync(join(tmpdir(), "luge-slow-"));
try {
  const fileSystem = new SlowFileSystem(values.sync);
  await using store = await open({ path, fileSystem, writeBufferSize: values.buffer * 2 ** 20 });
  fileSystem.blockingSyncs = 0;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let puts = 0;
  delay.enable();
  const turns = await processorTurns(async () => {
    puts = await writeFor(store, values.seconds * 1000);
  });
  delay.disable();
  const p99Ms = delay.percentile(99) / 1e6;
  console.log({
    putsPerSecond: Math.round(puts / values.seconds),
    p99Ms,
    maxMs: delay.max / 1e6,
    cpuP99Ms: turns[Math.floor(turns.length * 0.99)],
    cpuMaxMs: turns.at(-1),
    checkpoints: store.metrics().checkpoints,
    blockingSyncs: fileSystem.blockingSyncs,
  });
  if (p99Ms >= LIMIT_MS) process.exitCode = 1;
} finally {
  rmSync(path, { recursive: true, force: true });
}
