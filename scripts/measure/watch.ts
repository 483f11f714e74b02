/**
 * Measures how long watches and increments block the event loop, and how much memory a watch uses: one commit of a
 * million puts, read from memory and from the table, 400 values of 1 MiB, and a backup of two changes among a million
 * entries.
 *
 * ```sh
 * node scripts/measure.ts watch [--puts 1000000] [--values 400]
 * ```
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type BatchOperation, MemoryStore, open, type Store } from "../../mod.ts";
import { withLoopDelay } from "../bench/loop_delay.ts";
import { count, readOptions } from "../lib/options.ts";

const { puts: PUTS, values: VALUES } = readOptions({
  puts: count("how many puts one commit has", 1_000_000),
  values: count("how many values of 1 MiB", 400),
});
const MiB = 2 ** 20;
const rows: Record<string, Record<string, number>> = {};

/** Reads until the last change of a commit is delivered. */
async function tell(store: Store, count: number, since = 0): Promise<void> {
  let told = 0;
  for await (const _ of store.watch({}, { since })) if (++told === count) return;
}

async function measure(name: string, run: () => Promise<void>): Promise<void> {
  (globalThis as { gc?: () => void }).gc?.();
  const bytes = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const before = bytes();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, bytes());
  }, 5);
  const started = performance.now();
  const { loopP99Ms, loopMaxMs } = await withLoopDelay(run);
  clearInterval(timer);
  const took = performance.now() - started;
  rows[name] = Object.fromEntries(
    Object.entries({ loopMaxMs, loopP99Ms, tookMs: took, moreMiB: (most - before) / MiB }).map(([key, value]) => [
      key,
      Math.round(value * 10) / 10,
    ]),
  );
}

const operations = (): BatchOperation[] =>
  Array.from({ length: PUTS }, (_, i) => ({
    type: "put",
    key: `key${String(i).padStart(9, "0")}`,
    value: "some value",
  }));

const path = mkdtempSync(join(tmpdir(), "luge-watch-"));
try {
  {
    await using store = await open({ path: join(path, "a"), writeBufferSize: 512 * MiB, syncWrites: false });
    await store.batch(operations());
    await measure(`watch of one commit of ${PUTS} puts, in memory`, () => tell(store, PUTS));
    await store.compact();
    await measure(`watch of one commit of ${PUTS} puts, in the table`, () => tell(store, PUTS));
    const since = store.version;
    await store.put("a", "1");
    await store.put("z", "1");
    await measure(`backup({ since }) of two changes among ${PUTS}`, async () => {
      for await (const _ of store.backup({ since }));
    });
  }
  {
    await using store = await open({ path: join(path, "b"), syncWrites: false });
    for (let i = 0; i < VALUES; i++) await store.put(`key${i}`, new Uint8Array(MiB));
    await measure(`watch of ${VALUES} values of 1 MiB`, () => tell(store, VALUES));
    await store.compact();
    await measure(`watch of ${VALUES} values of 1 MiB, in the table`, () => tell(store, VALUES));
  }
  const store = new MemoryStore();
  for (let i = 0; i < 10_000; i++) store.put(`key${i}`, "some value");
  await store.flush();
  await measure("watch of 10000 puts of a MemoryStore", () => tell(store, 10_000));
} finally {
  rmSync(path, { recursive: true, force: true });
}
console.table(rows);
