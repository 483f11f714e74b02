/**
 * Iterators and counts over many deletions. They read pages, and some pages have no entries.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import { CountedEngine } from "../guard/counted_engine.ts";
import { within } from "../guard/within.ts";

const DELETED = 40_000;
const keyOf = (i: number) => `k${String(i).padStart(9, "0")}`;

async function all<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

async function withDeletions<S extends Store>(store: S): Promise<S> {
  const keys = Array.from({ length: DELETED }, (_, i) => keyOf(i));
  await store.batch(keys.map((key) => ({ type: "put", key, value: "value" })));
  await store.batch(keys.map((key) => ({ type: "delete", key })));
  for (const key of ["a", "x", "y", "z"]) await store.put(key, "value");
  return store;
}

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  SledStore: () => open({ path: "/store", fileSystem: new MemoryFileSystem(), syncWrites: false }),
  // With one version to keep, it would forget deletions at once.
  MemoryStore: async () => new MemoryStore({ numVersionsToKeep: 2 }),
};

for (const [name, openStore] of Object.entries(STORES)) {
  describe(`${name} with ${DELETED} deletions`, () => {
    test("iterators and counts find the live entries, in either direction", async () => {
      await using store = await withDeletions(await openStore());
      const before = store.snapshot();
      for (let round = 0; round < 3; round++) {
        assert.equal(store.countSync(), 4);
        assert.equal(await store.count({ gt: "a", limit: 2 }), 2);
        assert.deepEqual([...store.keys()], ["a", "x", "y", "z"]);
        assert.deepEqual(await all(store.keys({ reverse: true })), ["z", "y", "x", "a"]);
        assert.deepEqual(await all(store.keys({ gt: "a", limit: 1 })), ["x"]);
        assert.deepEqual([...store.keys({ lt: "x", reverse: true, limit: 1 })], ["a"]);
        assert.deepEqual([...before.keys({ limit: 2 })], ["a", "x"]);
        await store.transaction((transaction) => {
          transaction.put(keyOf(7), "own");
          assert.deepEqual([...transaction.keys({ gt: "a", limit: 2 })], [keyOf(7), "x"]);
          assert.equal(transaction.countSync(), 5);
          transaction.delete(keyOf(7));
        });
      }
      await store.put(keyOf(20_000), "again");
      assert.deepEqual([...store.keys({ gt: "a", limit: 2 })], [keyOf(20_000), "x"]);
      assert.deepEqual([...before.keys()], ["a", "x", "y", "z"]);
      assert.equal(await store.deleteRange({ gt: "a" }), 4);
      assert.deepEqual([...store.keys()], ["a"]);
      before.dispose();
      assert.equal(store.metrics().openSnapshots, 0);
    });

    test("steps without await give results in the order of the calls", async () => {
      await using store = await withDeletions(await openStore());
      const walk = store.keys()[Symbol.asyncIterator]();
      // The first step reads a page at once. The second step comes after pages without entries.
      const steps = await Promise.all(Array.from({ length: 6 }, () => walk.next()));
      assert.deepEqual(
        steps.map(({ value }) => value),
        ["a", "x", "y", "z", undefined, undefined],
      );
    });
  });
}

describe("how many entries are looked at", () => {
  test("in one call", async () => {
    using engine = new CountedEngine();
    await using store = await withDeletions(
      await open({ path: "/store", fileSystem: new MemoryFileSystem(), syncWrites: false }),
    );
    const before = store.metrics().entriesVisited;
    engine.reset();
    assert.equal(store.countSync(), 4);
    const { luge_count: calls = 0 } = engine.calls;
    assert.ok(calls > 1, `${calls} calls`);
    within("visitsACall", (store.metrics().entriesVisited - before) / calls);
  });

  test("for the head of a queue, however many entries were taken", async () => {
    await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem(), syncWrites: false });
    for (let i = 0; i < 20; i++) store.putSync(keyOf(i), "job");
    let most = 0;
    for (let i = 0; i < 5000; i++) {
      store.putSync(keyOf(i + 20), "job");
      const before = store.metrics().entriesVisited;
      assert.deepEqual([...store.keys({ limit: 1 })], [keyOf(i)]);
      most = Math.max(most, store.metrics().entriesVisited - before);
      store.deleteSync(keyOf(i));
    }
    within("queueVisits", most);
  });

  test("for a walk that is left after some entries", async () => {
    await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem(), syncWrites: false });
    await store.batch(Array.from({ length: 2000 }, (_, i) => ({ type: "put", key: keyOf(i), value: "v".repeat(90) })));
    for (const [taken, most] of [
      [1, 8],
      [10, 60],
    ] as const) {
      const before = store.metrics().entriesVisited;
      const walk = store.entries({ gte: keyOf(1000) })[Symbol.iterator]();
      for (let i = 0; i < taken; i++) assert.equal(walk.next().value?.[0], keyOf(1000 + i));
      walk.return?.();
      const visited = store.metrics().entriesVisited - before;
      assert.ok(visited <= most, `${visited} entries looked at for ${taken}`);
    }
  });
});
