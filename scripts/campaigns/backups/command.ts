/**
 * The long forms of the tests of backups: many damaged streams, and backups during many writes.
 *
 * ```sh
 * node scripts/campaign.ts backups              # 10,000 damaged streams, 64 writers, 20 backups
 * node scripts/campaign.ts backups --damages 500 --writers 8 --backups 3 --seed 7
 * ```
 *
 * @module
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore, open, type SledStore, StoreError } from "../../../mod.ts";
import { count, readOptions } from "../../lib/options.ts";
import { Random } from "../../lib/random.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { bytesOf, contentsOf, streamOf, writeAtRandom } from "./contents.ts";
import { damageOf } from "./damages.ts";

const { damages, writers, backups, ...values } = readOptions({
  damages: count("how many damaged streams", 10_000),
  writers: count("how many writers run while backups are made", 64),
  backups: count("how many backups are made meanwhile", 20),
  ...COMMON_OPTIONS,
});
const { seed } = values;
const campaign = new Campaign({ ...values, verb: "checking", total: damages + backups, what: "damages and backups" });
let done = 0;

/** Each damaged stream is refused, unless the damage changed nothing. */
async function checkDamages(store: SledStore): Promise<string> {
  await using source = new MemoryStore();
  await writeAtRandom(source, seed, 600, 100_000);
  await store.restore(source.backup());
  const [since, before] = [source.version, contentsOf(store)];
  await writeAtRandom(source, seed + 1, 600, 100_000);
  const increment = await bytesOf(source.backup({ since }));
  const random = new Random(seed + 2);
  let [tried, refused] = [0, 0];
  for (; tried < damages && !campaign.isOver; tried++) {
    await progress();
    const damaged = damageOf(increment, random);
    if (Buffer.compare(damaged, increment) === 0) continue;
    await assert.rejects(
      store.restore(streamOf(damaged)),
      (error) => error instanceof StoreError && error.code === "BACKUP_INVALID" && /at byte \d+: /.test(error.message),
    );
    refused += 1;
    if (refused % 1000 === 0) assert.deepEqual([store.version, contentsOf(store)], [since, before]);
  }
  assert.deepEqual([store.version, contentsOf(store)], [since, before]);
  await store.restore(streamOf(increment));
  assert.deepEqual(contentsOf(store), contentsOf(source));
  return `${refused} of ${tried} damaged streams of ${increment.length} bytes refused, the others as written`;
}

/** Each backup equals the snapshot at its version. */
async function checkWriters(store: SledStore): Promise<string> {
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
  let [made, entries] = [0, 0];
  try {
    for (; made < backups && !campaign.isOver; made++) {
      entries += await checkBackup(store);
      await progress();
    }
  } finally {
    isOver = true;
    await Promise.all(running);
  }
  return `${made} backups of ${entries} entries under ${writers} writers with ${writes} writes as their snapshots`;
}

/** Returns the number of entries in the backup. */
async function checkBackup(store: SledStore): Promise<number> {
  const stream = store.backup();
  using snapshot = store.snapshot();
  await using copy = new MemoryStore();
  const { version } = await copy.restore(stream);
  assert.equal(version, snapshot.version);
  assert.deepEqual(contentsOf(copy), contentsOf(snapshot));
  return copy.countSync();
}

async function progress(): Promise<void> {
  done += 1;
  await campaign.update(done);
}

const did: string[] = [];
const directory = mkdtempSync(join(tmpdir(), "luge-backups-"));
try {
  await using store = await open({ path: join(directory, "store"), writeBufferSize: 1024 * 1024 });
  did.push(await checkDamages(store));
  did.push(await checkWriters(store));
  assert.deepEqual((await store.verify()).damages, []);
} catch (error) {
  campaign.fail((error as Error).stack ?? String(error), `node scripts/campaign.ts backups --seed ${seed}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
campaign.finish(did.join("; "));
