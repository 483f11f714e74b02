/**
 * The calls of the disk for commits, an open, a close and a load.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { open, type SledStore, type SledStoreConfig } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { CountedDisk } from "./counted_disk.ts";
import { within } from "./within.ts";

const VALUE = new Uint8Array(100);

function openOn(disk: CountedDisk, config: Partial<SledStoreConfig> = {}): Promise<SledStore> {
  return open({ path: "/store", fileSystem: disk.fileSystem, ...config });
}

/** Runs with a store whose log has begun, and has room for the counted writes. */
async function withLog(run: (store: SledStore, disk: CountedDisk) => Promise<void>): Promise<void> {
  const disk = new CountedDisk();
  await using store = await openOn(disk);
  for (let i = 0; i < 10; i++) await store.put(`first ${i}`, VALUE);
  await backgroundWorkDone(disk);
  await run(store, disk);
}

/** Waits until the background work makes no call of the disk any more: on a busy machine it comes late. */
async function backgroundWorkDone(disk: CountedDisk): Promise<void> {
  for (let quiet = 0, before = -1; quiet < 5; before = disk.calls()) {
    quiet = disk.calls() === before ? quiet + 1 : 0;
    await delay(10);
  }
}

/** Checks that each of some commits makes one write and one sync, and no other call. */
function commitsWithin(disk: CountedDisk, commits: number): void {
  assert.ok(disk.calls("write") > 0 && disk.calls("sync") > 0, "nothing was made durable");
  within("commitWrites", disk.calls("write") / commits);
  within("commitSyncs", disk.calls("sync") / commits);
  assert.deepEqual(disk.namesBut("write", "sync"), []);
}

describe("calls of the disk", () => {
  test("a durable put writes once and syncs once, awaited or blocking", () =>
    withLog(async (store, disk) => {
      disk.reset();
      for (let i = 0; i < 20; i++) await store.put(`key ${i}`, VALUE);
      commitsWithin(disk, 20);
      disk.reset();
      for (let i = 0; i < 20; i++) store.putSync(`key ${i}`, VALUE);
      commitsWithin(disk, 20);
    }));

  test("64 puts of one turn, a batch and a transaction share a write and a sync", () =>
    withLog(async (store, disk) => {
      const keys = Array.from({ length: 64 }, (_, i) => `key ${i}`);
      disk.reset();
      await Promise.all(keys.map((key) => store.put(key, VALUE)));
      commitsWithin(disk, 1);
      disk.reset();
      await store.batch(keys.map((key) => ({ type: "put", key, value: VALUE })));
      commitsWithin(disk, 1);
      disk.reset();
      await store.transaction((transaction) => {
        for (const key of keys) transaction.put(key, VALUE);
      });
      commitsWithin(disk, 1);
    }));

  test("reads make no call of the disk while their data is in memory", () =>
    withLog(async (store, disk) => {
      disk.reset();
      for (let i = 0; i < 10; i++) assert.ok(store.getSync(`first ${i}`));
      assert.equal([...store.entries()].length, 10);
      assert.equal(disk.calls(), 0);
    }));

  test("metrics open no file once the sizes of finished files are known", () =>
    withLog(async (store, disk) => {
      for (let i = 0; i < 3; i++) {
        await store.put("key", new Uint8Array(100_000));
        await store.compact();
      }
      store.metrics();
      disk.reset();
      assert.ok(store.metrics().logFileBytes > 0);
      assert.equal(disk.calls("open"), 0);
    }));

  test("an open and a close make no more calls than before", async () => {
    const disk = new CountedDisk();
    const created = await openOn(disk);
    within("createCalls", disk.calls());
    for (let i = 0; i < 1000; i++) created.put(`key ${i}`, VALUE);
    await created.flush();
    disk.reset();
    await created.close();
    within("closeCalls", disk.calls());
    disk.reset();
    const opened = await openOn(disk);
    within("openCalls", disk.calls());
    assert.deepEqual(opened.getSync("key 7"), VALUE);
    await opened.close();
  });
});

describe("a load of random keys through several checkpoints", () => {
  test("writes, syncs and uses no more memory than before", async () => {
    const entries = 200_000;
    const disk = new CountedDisk();
    const random = new Random(1);
    const store = await openOn(disk, { syncWrites: false, writeBufferSize: 4 << 20, cacheSize: 8 << 20 });
    disk.reset();
    let bytes = 0;
    for (let i = 0; i < entries; i++) {
      const key = `k${String(random.below(2 ** 32)).padStart(11, "0")}`;
      store.putSync(key, VALUE);
      bytes += key.length + VALUE.length;
    }
    store.flushSync();
    const { memoryBytes, checkpoints } = store.metrics();
    assert.ok(checkpoints >= 3, `${checkpoints} checkpoints`);
    assert.ok(disk.writtenBytes > 2 * bytes, "log and table were not both counted");
    within("loadWrittenBytes", disk.writtenBytes / bytes);
    within("loadSyncs", disk.calls("sync"));
    within("loadMemoryBytes", memoryBytes);
    await store.close();
  });
});
