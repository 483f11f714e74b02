/**
 * Compaction, verification and the figures of a store on disk.
 */

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MemoryFileSystem, open, type SledStore } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { storeError, text } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

const openSmall = (fileSystem: MemoryFileSystem): Promise<SledStore> =>
  open({ path: "/store", fileSystem, writeBufferSize: 256 * 1024, cacheSize: 1024 * 1024 });

/** Overwrites 1,000 keys several times: every tenth value stays in the log. */
async function fill(store: SledStore, rounds: number): Promise<number> {
  let live = 0;
  for (let round = 0; round < rounds; round++) {
    live = 0;
    for (let i = 0; i < 1000; i++) {
      const value = new Uint8Array(i % 10 === 0 ? 10_000 : 200).fill(round + i);
      store.put(`key${i}`, value);
      live += value.length + 6;
    }
    await store.flush();
  }
  return live;
}

test("compaction frees space and keeps everything, during writes", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await openSmall(fileSystem);
  const live = await fill(store, 12);
  const compaction = store.compact();
  await store.put("meanwhile", "written");
  const { bytesBefore, bytesAfter } = await compaction;
  assert.ok(bytesAfter < bytesBefore, `${bytesBefore} bytes became ${bytesAfter}`);
  // The size of sled's file, and of the log segment that is being written, does not grow with the data.
  assert.ok(bytesAfter < 1.5 * live + 2 * 1024 * 1024, `${bytesAfter} bytes for ${live}`);
  assert.equal((await store.scan("")).size, 1001);
  assert.deepEqual((await store.get("key20"))?.slice(0, 2), new Uint8Array([31, 31]));
  assert.deepEqual((await store.verify()).damages, []);
});

test("verification counts the entries of the table: those in the write buffer only once they are merged", async () => {
  await using store = await openSmall(new MemoryFileSystem());
  for (let i = 0; i < 20; i++) await store.put(`key${i}`, "value");
  await store.put("large", new Uint8Array(10_000));
  assert.deepEqual(await store.verify(), { entries: 0, damages: [] });
  await store.compact();
  assert.deepEqual(await store.verify(), { entries: 21, damages: [] });
});

test("compaction ends once the files are removed: its bytes are those of the disk", () =>
  withDirectory(async (path) => {
    await using store = await open({ path, syncWrites: false, writeBufferSize: 1024 * 1024, cacheSize: 1024 * 1024 });
    await fill(store, 12);
    for (let i = 0; i < 900; i++) store.deleteSync(`key${i}`);
    const { bytesAfter } = await store.compact();
    const names = readdirSync(path, { recursive: true, encoding: "utf8" });
    const files = names.map((name) => ({ name, stat: statSync(join(path, name)) })).filter(({ stat }) => stat.isFile());
    const data = files.filter(({ name }) => !/^(?:LUGE|LOCK|RESERVE)|index.conf$/.test(name));
    const sum = data.reduce((total, { stat }) => total + stat.size, 0);
    const shown = data.map(({ name, stat }) => `${name} ${stat.size}`).join(", ");
    assert.equal(bytesAfter, sum, shown);
  }));

test("verification during a compaction that moves values finds no damage", async () => {
  await using store = await openSmall(new MemoryFileSystem());
  const value = new Uint8Array(20_000);
  for (let i = 0; i < 300; i++) store.put(`key${i}`, value);
  await store.compact();
  for (let i = 0; i < 300; i++) if (i % 3 > 0) store.delete(`key${i}`);
  await store.flush();
  let isDone = false;
  const compaction = store.compact().finally(() => {
    isDone = true;
  });
  // Verification begins and ends at any moment of the compaction.
  while (!isDone) assert.deepEqual((await store.verify()).damages, []);
  await compaction;
  assert.deepEqual(await store.verify(), { entries: 100, damages: [] });
});

test("verification counts what it reads, and names the file and the keys of a damage", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await openSmall(fileSystem);
  await fill(store, 2);
  await store.compact();
  assert.deepEqual(await store.verify(), { entries: 1000, damages: [] });
  await store.close();

  const name = fileSystem.list("/store/bottom").find((each) => each.name.endsWith(".luge"))?.name;
  const file = fileSystem.open(`/store/bottom/${name}`, { write: true });
  file.write(new Uint8Array([0xff]), 20_000);
  file.close();

  await using damaged = await openSmall(fileSystem);
  const { damages } = await damaged.verify();
  assert.equal(damages.length, 1);
  const [damage] = damages;
  assert.equal(damage?.file, `bottom/${name}`);
  assert.ok(damage.offset <= 20_000 && damage.offset > 15_000);
  assert.match(damage.message, /checksum/);
  // The first block begins before all keys.
  const key = text(damage.from) || "key0";
  assert.match(key, /^key\d+$/);
  await assert.rejects(damaged.get(key), storeError("STORE_CORRUPT", "the table is damaged in"));
});

test("the metrics count what was done", async () => {
  await using store = await openSmall(new MemoryFileSystem());
  await fill(store, 3);
  await store.delete("key1");
  await store.get("key2");
  const metrics = store.metrics();
  assert.equal(metrics.puts, 3000);
  assert.equal(metrics.deletes, 1);
  assert.equal(metrics.gets, 1);
  assert.ok(metrics.checkpoints > 0 && metrics.checkpointSteps >= metrics.checkpoints);
  assert.ok(metrics.logSyncs > 0 && metrics.logWrittenBytes > metrics.putBytes);
  assert.ok(metrics.memoryBytes >= 16 * 1024 * 1024);
  assert.equal(metrics.openSnapshots, 0);
  for (const [name, value] of Object.entries(metrics)) assert.ok(Number.isFinite(value), `${name} is ${value}`);
});

test("steps within commits are timed like steps between turns of the event loop", async () => {
  await using store = await openSmall(new MemoryFileSystem());
  const value = new Uint8Array(100);
  // There is no turn of the event loop in between.
  for (let i = 0; store.metrics().checkpoints === 0; i++) store.putSync(`key${i % 5000}`, value);
  const { stepMs, longestStepMs } = store.metrics();
  assert.ok(longestStepMs > 0 && stepMs >= longestStepMs, `${longestStepMs} of ${stepMs} ms`);
});

test("approximateSize is near the files of the blocks, counts no large value, and reads no block", async () => {
  const fileSystem = new MemoryFileSystem();
  const random = new Random(1);
  {
    await using store = await openSmall(fileSystem);
    for (let i = 0; i < 5000; i++) store.put(`small/${i}`, random.bytes(200));
    for (let i = 0; i < 50; i++) store.put(`large/${i}`, random.bytes(50_000));
    assert.ok((await store.approximateSize({ prefix: "large/" })) < 10_000);
    await store.compact();
    const { blockFileBytes, logLiveBytes } = store.metrics();
    const size = await store.approximateSize();
    // A compaction rewrites segments that are less than 80 % live.
    assert.ok(size <= blockFileBytes && size > 0.8 * blockFileBytes, `${size} of ${blockFileBytes}`);
    assert.equal(logLiveBytes, 50 * 50_000);
  }
  await using store = await open({ path: "/store", fileSystem, readOnly: true });
  const written = 5000 * 210;
  const size = await store.approximateSize({ prefix: "small/" });
  assert.ok(size > written && size < 1.2 * written, `${size} bytes, not about ${written}`);
  assert.ok((await store.approximateSize({ prefix: "large/" })) < 16_000);
  assert.equal(store.metrics().blockCacheMisses, 0);
});
