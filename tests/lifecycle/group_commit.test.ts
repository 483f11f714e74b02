/**
 * Writes while the disk syncs: they continue, share the next sync, and are acknowledged only when it is done.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open, type SledStore, type SledStoreConfig } from "../../mod.ts";
import { storeError, text } from "../support/expect.ts";
import { HeldSyncs } from "../support/held_syncs.ts";

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** Completes the held syncs and the syncs that follow them, until `done`. */
async function release(disk: HeldSyncs, done: () => boolean): Promise<void> {
  for (let turns = 0; !done(); turns++) {
    assert.ok(turns < 10_000, "never done");
    disk.held[0]?.complete();
    await turn();
  }
}

/** The outcome of a promise once it is known. */
function watched<T>(promise: Promise<T>): { settled: boolean; promise: Promise<T> } {
  const state = { settled: false, promise };
  const settle = () => {
    state.settled = true;
  };
  promise.then(settle, settle);
  return state;
}

/** A store on a disk whose off-thread syncs end when the test says. Its log has begun. */
async function openHeld(config: Partial<SledStoreConfig> = {}): Promise<{ disk: HeldSyncs; store: SledStore }> {
  const disk = new HeldSyncs();
  const opening = watched(open({ path: "/store", fileSystem: disk, logger: silent, ...config }));
  await release(disk, () => opening.settled);
  const store = await opening.promise;
  const first = watched(store.put("first", "begins the log"));
  await release(disk, () => first.settled && disk.held.length === 0);
  disk.reached.length = 0;
  return { disk, store };
}

async function close(disk: HeldSyncs, store: SledStore): Promise<void> {
  const closing = watched(store.close());
  await release(disk, () => closing.settled);
  await closing.promise;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const syncsOf = (disk: HeldSyncs) =>
  disk.reached.filter(({ name, path }) => name === "begin" && path.includes("/log/")).length;

describe("writes while the disk syncs", () => {
  test("are visible at once, and settle together with the next sync, in order", async () => {
    const { disk, store } = await openHeld();
    const order: string[] = [];
    const put = (key: string) => watched(store.put(key, key).then(() => order.push(key)));
    const one = put("one");
    await turn();
    assert.equal(disk.held.length, 1);
    const rest = ["two", "three", "four"].map(put);
    await turn();
    assert.equal(text(store.getSync("four")), "four");
    assert.equal(syncsOf(disk), 1);
    assert.ok(!one.settled);
    disk.held[0]?.complete();
    await turn();
    assert.ok(one.settled && rest.every(({ settled }) => !settled));
    assert.equal(syncsOf(disk), 2);
    await release(disk, () => rest.every(({ settled }) => settled));
    assert.deepEqual(order, ["one", "two", "three", "four"]);
    assert.equal(syncsOf(disk), 2);
    await close(disk, store);
  });

  test("continue while a checkpoint syncs, and do not wait for it", async () => {
    const { disk, store } = await openHeld({ writeBufferSize: 256 * 1024, syncWrites: false });
    for (let i = 0; i < 3000; i++) store.put(`key${i}`, new Uint8Array(100));
    for (let turns = 0; disk.held.every(({ path }) => path.includes("/log/")); turns++) {
      assert.ok(turns < 10_000, "no checkpoint");
      const log = disk.held.find(({ path }) => path.includes("/log/"));
      log?.complete();
      await turn();
    }
    const table = [...disk.held];
    const flushed = watched(store.flush());
    for (let turns = 0; !flushed.settled; turns++) {
      assert.ok(turns < 10_000, "waits for the table");
      disk.held.find(({ path }) => path.includes("/log/"))?.complete();
      await turn();
    }
    assert.ok(table.some((sync) => disk.held.includes(sync)));
    assert.equal(await store.count(), 3001);
    await close(disk, store);
  });

  test("wait for a disk that is too slow for their checkpoints, and never block for it", async () => {
    const { disk, store } = await openHeld({ writeBufferSize: 256 * 1024 });
    const isOfLog = ({ path }: { path: string }) => path.includes("/log/");
    let waiting: { settled: boolean } | undefined;
    for (let round = 0; waiting === undefined; round++) {
      assert.ok(round < 2000, "never waits: the work of the disk grows without bound");
      const puts = Array.from({ length: 20 }, (_, i) =>
        store.put(`key${(round * 7919 + i) % 4001}`, new Uint8Array(1000)),
      );
      const group = watched(Promise.all(puts));
      for (let idle = 0; !group.settled && idle < 50; idle++) {
        for (const sync of disk.held.filter(isOfLog)) {
          sync.complete();
          idle = 0;
        }
        await turn();
      }
      if (!group.settled) waiting = group;
    }
    assert.ok(disk.held.length > 0 && !disk.held.some(isOfLog), "it waits for the table alone");
    assert.deepEqual(
      disk.reached.filter(({ name }) => name === "sync" || name === "syncDirectory"),
      [],
    );
    const last = waiting;
    await release(disk, () => last.settled);
    await close(disk, store);
  });

  test("without any await keep no more bytes in memory than may wait", async () => {
    const { disk, store } = await openHeld({ writeBufferSize: 256 * 1024, syncWrites: false });
    const value = new Uint8Array(64 * 1024);
    let last: Promise<void> | undefined;
    for (let i = 0; i < 1600; i++) last = store.put(`key${i % 100}`, value);
    const written = disk.reached.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
    // 100 MiB were put. 32 MiB may wait in each of the two lanes.
    assert.ok(written > 30 * 2 ** 20, `${written} bytes were written`);
    const done = watched(last ?? Promise.resolve());
    await release(disk, () => done.settled);
    await close(disk, store);
  });

  test("after a Sync form its write and all before it are durable, without waiting for the event loop", async () => {
    const { disk, store } = await openHeld();
    const one = watched(store.put("one", "1"));
    await turn();
    assert.equal(disk.held.length, 1);
    disk.reached.length = 0;
    store.putSync("two", "2");
    const last = disk.reached.findLastIndex(({ name }) => name === "write");
    assert.ok(last >= 0 && disk.reached.slice(last).some(({ name }) => name === "sync"));
    await release(disk, () => one.settled);
    await close(disk, store);
  });

  test("closing waits for writes in flight", async () => {
    const { disk, store } = await openHeld();
    const put = watched(store.put("key", "value"));
    const closing = watched(store.close());
    await turn();
    assert.ok(!closing.settled && !put.settled);
    await release(disk, () => closing.settled);
    assert.ok(put.settled);
    assert.equal(disk.openFiles, 0);
    const again = watched(open({ path: "/store", fileSystem: disk }));
    await release(disk, () => again.settled);
    const store2 = await again.promise;
    assert.equal(text(store2.getSync("key")), "value");
    await close(disk, store2);
  });

  test("a failed sync rejects all waiting writes, and later writes never reach the disk", async () => {
    const { disk, store } = await openHeld();
    const one = store.put("one", "1");
    await turn();
    const two = store.put("two", "2");
    const outcomes = Promise.allSettled([one, two]);
    disk.reached.length = 0;
    disk.held[0]?.fail(Object.assign(new Error("EIO: lost"), { code: "EIO" }));
    const [first, second] = await outcomes;
    assert.ok(first?.status === "rejected" && second?.status === "rejected");
    storeError("IO_ERROR", "EIO")(first.reason);
    storeError("STORE_FAILED", "EIO")(second.reason);
    assert.throws(() => store.getSync("one"), storeError("STORE_FAILED"));
    assert.deepEqual(
      disk.reached.filter(({ name }) => name === "write"),
      [],
    );
    await store.close();
    assert.equal(disk.openFiles, 0);
  });
});
