/**
 * The long forms of the tests of backups: many damaged streams, and backups under many writers.
 *
 * ```sh
 * node scripts/backup_check.ts                  # 10,000 damaged streams, 64 writers, 20 backups
 * node scripts/backup_check.ts --damages 500 --writers 8 --backups 3 --seed 7
 * ```
 *
 * @module
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MemoryStore, open, type SledStore, StoreError } from "../mod.ts";
import { damageOf } from "../tests/backup/damages.ts";
import { bytesOf, contentsOf, streamOf, writeAtRandom } from "../tests/backup/support.ts";
import { Random } from "./lib/random.ts";

const { values } = parseArgs({
  options: {
    damages: { type: "string", default: "10000" },
    writers: { type: "string", default: "64" },
    backups: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});
const [damages, writers, backups, seed] = [values.damages, values.writers, values.backups, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
];

/** Each damaged stream is refused, or was not changed. */
async function checkDamages(store: SledStore): Promise<void> {
  await using source = new MemoryStore();
  await writeAtRandom(source, seed, 600, 100_000);
  await store.restore(source.backup());
  const [since, before] = [source.version, contentsOf(store)];
  await writeAtRandom(source, seed + 1, 600, 100_000);
  const increment = await bytesOf(source.backup({ since }));
  const random = new Random(seed + 2);
  let refused = 0;
  for (let i = 0; i < damages; i++) {
    const damaged = damageOf(increment, random);
    if (Buffer.compare(damaged, increment) === 0) continue;
    await assert.rejects(
      store.restore(streamOf(damaged)),
      (error) => error instanceof StoreError && error.code === "BACKUP_INVALID" && /at byte \d+: /.test(error.message),
    );
    refused += 1;
    if (i % 1000 === 0) assert.deepEqual([store.version, contentsOf(store)], [since, before]);
  }
  assert.deepEqual([store.version, contentsOf(store)], [since, before]);
  await store.restore(streamOf(increment));
  assert.deepEqual(contentsOf(store), contentsOf(source));
  console.log(
    `${refused} of ${damages} damaged streams of ${increment.length} bytes were refused, the others as written`,
  );
}

/** Each backup is the snapshot at its version. */
async function checkWriters(store: SledStore): Promise<void> {
  let [isOver, writes] = [false, 0];
  const running = Array.from({ length: writers }, async (_, writer) => {
    const random = new Random(seed * 1000 + writer);
    while (!isOver) {
      const key = `writer ${writer} ${random.below(100)}`;
      if (random.below(4) === 0) await store.delete(key);
      else await store.put(key, new Uint8Array(random.below(5000)).fill(random.below(256)));
      writes += 1;
    }
  });
  let entries = 0;
  for (let i = 0; i < backups; i++) {
    const stream = store.backup();
    using snapshot = store.snapshot();
    await using copy = new MemoryStore();
    const { version } = await copy.restore(stream);
    assert.equal(version, snapshot.version);
    assert.deepEqual(contentsOf(copy), contentsOf(snapshot));
    entries += copy.countSync();
  }
  isOver = true;
  await Promise.all(running);
  console.log(
    `${backups} backups of ${entries} entries under ${writers} writers with ${writes} writes equal their snapshots`,
  );
}

const directory = mkdtempSync(join(tmpdir(), "luge-backups-"));
try {
  await using store = await open({ path: join(directory, "store"), writeBufferSize: 1024 * 1024 });
  await checkDamages(store);
  await checkWriters(store);
  assert.deepEqual((await store.verify()).damages, []);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
