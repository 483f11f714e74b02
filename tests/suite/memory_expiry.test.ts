/**
 * A MemoryStore soon drops expired values, without a call of compact.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import { within } from "../guard/within.ts";
import { storeError, text } from "../support/expect.ts";
import { SetClock } from "../support/set_clock.ts";

const entriesOf = (store: Store) => store.metrics().writeBufferEntries;

describe("expired values of a MemoryStore", () => {
  test("are dropped by later writes of any key", async () => {
    using time = new SetClock();
    await using store = new MemoryStore();
    let most = 0;
    // 1,000 entries are live at a time. The writes never pause, so no background step runs.
    for (let i = 0; i < 50_000; i++) {
      time.ms += 1;
      store.putSync(`session/${i}`, "value", { ttl: 1000 });
      most = Math.max(most, entriesOf(store));
    }
    within("expiredHeld", most / 1000);
    assert.equal(store.countSync(), 1000);
    time.ms += 1000;
    for (let i = 0; i < 2000; i++) store.putSync("other", "value");
    assert.equal(entriesOf(store), 1);
    assert.equal(store.metrics().writeBufferBytes, 10);
  });

  test("are dropped after a single write, in steps that let the event loop turn", async () => {
    using time = new SetClock();
    await using store = new MemoryStore();
    const puts = Array.from({ length: 20_000 }, (_, i) => ({
      type: "put" as const,
      key: `${i}`,
      value: "",
      ttl: 1000,
    }));
    await store.batch(puts);
    time.ms += 1000;
    await store.put("other", "value");
    for (let i = 0; i < 1000 && entriesOf(store) > 1; i++) await pause(1);
    assert.equal(entriesOf(store), 1);
  });

  test("are dropped by reads of ranges that skip many of them", async () => {
    using time = new SetClock();
    await using store = new MemoryStore();
    for (let i = 0; i < 15_000; i++) store.putSync(`${i}`, "", { ttl: 1000 });
    time.ms += 1000;
    assert.equal(store.countSync(), 0);
    assert.deepEqual([...store.keys()], []);
    assert.equal(entriesOf(store), 5000);
    assert.equal(store.countSync(), 0);
    assert.equal(entriesOf(store), 0);
  });

  test("that were put again or deleted have their new state", async () => {
    using time = new SetClock();
    await using store = new MemoryStore();
    for (let i = 0; i < 100; i++) store.putSync("renewed", `${i}`, { ttl: 1000 + i });
    store.putSync("kept", "a while", { ttl: 500 });
    store.putSync("kept", "for ever");
    store.putSync("deleted", "", { ttl: 500 });
    store.deleteSync("deleted");
    time.ms += 1000;
    for (let i = 0; i < 100; i++) store.putSync("other", "");
    assert.equal(text(store.getSync("renewed")), "99");
    assert.equal(text(store.getSync("kept")), "for ever");
    time.ms += 99;
    for (let i = 0; i < 100; i++) store.putSync("other", "");
    assert.equal(entriesOf(store), 2);
  });

  test("keep their older versions, but no bytes of their own", async () => {
    using time = new SetClock();
    await using store = new MemoryStore({ numVersionsToKeep: 3 });
    store.putSync("key", "old");
    const { version } = store;
    store.putSync("key", "x".repeat(1000), { ttl: 1000 });
    const shown = () => store.versionsSync("key").map(({ value, deleted }) => [text(value), deleted]);
    time.ms += 1000;
    const before = shown();
    assert.deepEqual(before, [
      [undefined, false],
      ["old", false],
    ]);
    store.putSync("other", "");
    assert.deepEqual(shown(), before);
    assert.equal(store.getSync("key"), undefined);
    using snapshot = store.snapshot({ version });
    assert.equal(text(snapshot.getSync("key")), "old");
    assert.ok(store.metrics().writeBufferBytes < 100);
  });

  test("are missing in snapshots, whose older versions can still be read", async () => {
    using time = new SetClock();
    await using store = new MemoryStore({ numVersionsToKeep: 10 });
    store.putSync("key", "1");
    store.putSync("session", "", { ttl: 1000 });
    const { version } = store;
    using open = store.snapshot();
    store.putSync("key", "2");
    time.ms += 1000;
    store.putSync("key", "3");
    // Of the session only the number is left: it counts among the ten versions of its key.
    assert.equal(entriesOf(store), 2);
    using later = store.snapshot({ version });
    for (const snapshot of [open, later])
      assert.deepEqual(
        [...snapshot.entries()].map(([key, v]) => [key, text(v)]),
        [["key", "1"]],
      );
  });
});

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  MemoryStore: async () => new MemoryStore(),
  SledStore: () => open({ path: "/store", fileSystem: new MemoryFileSystem() }),
};

for (const [name, openStore] of Object.entries(STORES)) {
  test(`expired values of ${name} are deletions in an increment, also if they were dropped before`, async () => {
    using time = new SetClock();
    await using store = await openStore();
    await using copy = new MemoryStore();
    store.putSync("kept", "value");
    for (let i = 0; i < 50; i++) store.putSync(`session/${i}`, "", { ttl: 1000 });
    await copy.restore(store.backup());
    const since = store.version;
    for (let i = 0; i < 50; i++) store.putSync(`session/${49 - i}`, "again", { ttl: 2000 - i });
    store.deleteSync("kept");
    time.ms += 2000;
    for (let i = 0; i < 100; i++) store.putSync("other", `${i}`);
    if (name === "MemoryStore") assert.equal(entriesOf(store), 1);
    const { deletions } = await copy.restore(store.backup({ since }));
    assert.equal(deletions, 51);
    assert.deepEqual([...copy.keys()], ["other"]);
    // The records that came back for the increment are dropped again.
    for (let i = 0; i < 100; i++) store.putSync("other", `${i}`);
    if (name === "MemoryStore") assert.ok(entriesOf(store) <= 2);
  });
}

test("an increment over more expired values than the store remembers is refused", async () => {
  using time = new SetClock();
  await using store = new MemoryStore();
  store.putSync("kept", "value");
  const since = store.version;
  for (let i = 0; i < 25_000; i++) {
    time.ms += 1;
    store.putSync(`session/${i}`, "", { ttl: 10 });
  }
  const read = async () => {
    for await (const _ of store.backup({ since }) as unknown as AsyncIterable<Uint8Array>);
  };
  await assert.rejects(read(), storeError("VERSION_GONE"));
});
