/**
 * A segment of blocks or of the log is removed only after the index has durably dropped all pointers to it. With long
 * keys the nodes of the index are separate files. So everything of a batch except its manifest may be synced early, and
 * then a flush of sled has nothing to write after the manifest. A power cut that lost the manifest but kept the removal
 * gave an index that cannot be opened.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type DiskCall, SimulatedDisk } from "../../scripts/campaigns/simulate/disk.ts";
import { EnginePool } from "../../scripts/campaigns/simulate/engine_pool.ts";
import { keyOf } from "../../scripts/campaigns/simulate/workload.ts";
import { Random } from "../../scripts/lib/random.ts";
import { Engine } from "../../src/wasm/engine.ts";

/** With each of these seeds, segments were once removed too early, before such manifests were synced. */
const SEEDS = [4, 12, 19];
/** One character for each byte. */
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const KEYS = 200;
const BATCHES = 40;
const OPTIONS = {
  cacheSize: 1024 * 1024,
  writeBufferSize: 256 * 1024,
  numVersionsToKeep: 1,
  readOnly: false,
  compression: "none" as const,
  shareBuffers: false,
};

/** A long key. Every fourth key of a workload is short. */
function longKey(index: number): Uint8Array {
  return bytesOf(keyOf(index + Math.floor(index / 3) + 1, { keyBytes: 64_000 }));
}

/**
 * A life with many compactions. Returns how many segments it removed, and those that it removed before the index was
 * synced.
 */
async function removalsOf(seed: number, pool: EnginePool): Promise<{ removed: number; early: string[] }> {
  const random = new Random(seed);
  const early: string[] = [];
  let removed = 0;
  const disk = new SimulatedDisk();
  disk.makeDirectory("store");
  const changed = ({ name, path }: DiskCall) => {
    // Each sync ends a moment after it began.
    if (name === "syncOffThread" || name === "syncDirectoryOffThread") {
      queueMicrotask(() => {
        while (disk.syncsInFlight > 0) disk.completeSync();
      });
    }
    if (name !== "remove" || !path.endsWith(".luge")) return;
    removed += 1;
    const { pending } = disk.file("store/index/db");
    if (pending.length > 0) early.push(`seed ${seed}: ${path}, ${pending.length} writes to the index pending`);
  };
  disk.events = { changed };
  pool.seed(seed);
  const place = { fileSystem: disk, path: "store", owned: () => true };
  const engine = await Engine.start(Promise.resolve(pool.module), place);
  await engine.open(OPTIONS);
  for (let batch = 0; batch < BATCHES; batch++) {
    const operations = Array.from({ length: 12 }, (_, i) => {
      const key = longKey(random.below(KEYS));
      const value = random.below(4) === 0 ? undefined : bytesOf(`${batch}.${i}`);
      return { key, value, expiresMs: 0 };
    });
    engine.batch(operations);
    await engine.disk.sync();
    while (engine.step()) await Promise.resolve();
    if (random.below(4) > 0) continue;
    while (engine.compactStep()) await Promise.resolve();
  }
  await engine.disk.filesSettled();
  await engine.disk.close();
  return { removed, early };
}

test("a segment is removed only once the index is durable without it, even with large nodes", async () => {
  const pool = new EnginePool();
  pool.install();
  try {
    for (const seed of SEEDS) {
      const { removed, early } = await removalsOf(seed, pool);
      assert.deepEqual(early, []);
      assert.ok(removed > 10, `${removed} segments removed`);
    }
  } finally {
    pool.uninstall();
  }
});
