/**
 * A consumer stops reading a watch during a million puts. Measures memory before and after, and what the watch delivers
 * then.
 *
 * ```sh
 * node scripts/measure.ts stopped-watch [--puts 1000000]
 * ```
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { open, type SledStore, StoreError } from "../../mod.ts";
import { count, readOptions } from "../lib/options.ts";

const values = readOptions({ puts: count("how many puts", 1_000_000) });
const PUTS = values.puts;
const KEYS = 100_000;
const MiB = 2 ** 20;

function memory(store: SledStore): Record<string, number> {
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    heapMiB: heapUsed / MiB,
    externalMiB: external / MiB,
    engineMiB: store.metrics().memoryBytes / MiB,
    rssMiB: rss / MiB,
  };
}

/** Puts the same keys again and again, and awaits some of the puts, like a busy server. */
async function putMany(store: SledStore, count: number): Promise<void> {
  const value = new Uint8Array(100);
  for (let i = 0; i < count; i++) {
    const put = store.put(`key${i % KEYS}`, value);
    if (i % 1000 === 0) await put;
  }
  await store.flush();
}

async function outcomeOf(next: Promise<IteratorResult<{ version: number }>>): Promise<string> {
  try {
    const { value } = await next;
    return `a change of version ${value.version}`;
  } catch (error) {
    if (error instanceof StoreError) return `${error.code}: go on from version ${error.version}`;
    throw error;
  }
}

const path = mkdtempSync(join(tmpdir(), "luge-watch-"));
try {
  await using store = await open({ path, syncWrites: false });
  // Fills the write buffers and caches first, because they use memory in any case.
  await putMany(store, PUTS);
  const watch = store.watch()[Symbol.asyncIterator]();
  const first = watch.next();
  await putMany(store, 1);
  await first;
  const before = memory(store);
  await putMany(store, PUTS);
  const after = memory(store);
  console.table({ before, after });
  console.log(`the consumer reads on, and gets ${await outcomeOf(watch.next())}`);
} finally {
  rmSync(path, { recursive: true, force: true });
}
