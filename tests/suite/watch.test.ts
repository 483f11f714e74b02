/**
 * Watches, on both stores: every change once, in the order of the commits, from any version that the history reaches.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Change,
  MemoryFileSystem,
  MemoryStore,
  open,
  type ReadRange,
  type Store,
  StoreError,
  type WatchOptions,
} from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { misuse, storeError, text } from "../support/expect.ts";

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  MemoryStore: async () => new MemoryStore({ numVersionsToKeep: 1000 }),
  SledStore: () =>
    open({
      path: "/store",
      fileSystem: new MemoryFileSystem(),
      writeBufferSize: 256 * 1024,
      numVersionsToKeep: 1000,
    }),
};

const shown = ({ type, key, version, value }: Change) => `${version} ${type} ${key} ${text(value)}`;

/** The first changes of a watch. */
async function take(store: Store, count: number, range?: ReadRange, options?: WatchOptions): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const change of store.watch(range, options)) {
    changes.push(change);
    if (changes.length === count) break;
  }
  return changes;
}

for (const [name, openStore] of Object.entries(STORES)) {
  describe(`watches of ${name}`, () => {
    const check = (what: string, use: (store: Store) => Promise<void>) =>
      test(what, async () => {
        await using store = await openStore();
        await use(store);
      });

    check("yield puts, deletions and batches in the order of the commits", async (store) => {
      await store.put("before", "not seen");
      const watched = take(store, 5);
      await store.put("a", "1", { ttl: 3_600_000 });
      await store.delete("before");
      await store.batch([
        { type: "put", key: "c", value: "3" },
        { type: "put", key: "b", value: "2" },
        { type: "delete", key: "a" },
      ]);
      const changes = await watched;
      const [first, second, ...batch] = changes;
      assert.equal(text(first?.value), "1");
      assert.ok((first?.expiresAt ?? 0) > Date.now());
      assert.deepEqual([second?.type, second?.key, second?.value], ["delete", "before", undefined]);
      assert.deepEqual(
        batch.map((change) => `${change.type} ${change.key}`),
        ["delete a", "put b", "put c"],
      );
      assert.deepEqual(
        batch.map(({ version }) => version),
        [store.version, store.version, store.version],
      );
    });

    check("yield only changes in their range, with keys in the requested encoding", async (store) => {
      const watched = take(store, 2, { prefix: "in/", lt: "in/x" });
      for (const key of ["out", "in/x", "in/a", "in/b"]) await store.put(key, key);
      assert.deepEqual(
        (await watched).map(({ key }) => key),
        ["in/a", "in/b"],
      );
      for await (const { key } of store.watch({ keyEncoding: "bytes" }, { since: 0 })) {
        assert.deepEqual(key, new TextEncoder().encode("out"));
        break;
      }
    });

    check("a change is not delivered before it is settled", async (store) => {
      const watched = take(store, 1);
      let settled = false;
      const put = store.put("key", "value").then(() => {
        settled = true;
      });
      await watched;
      await put;
      assert.ok(settled);
    });

    check("continue from any version, miss nothing and repeat nothing", async (store) => {
      const random = new Random(5);
      // A deletion without older versions means no more than a missing key, so it does not stay.
      for (let i = 0; i < 300; i++) store.put(`k${i}`, "first");
      for (let i = 0; i < 4000; i++) {
        const key = `k${random.below(300)}`;
        if (random.below(4) === 0) store.delete(key);
        else if (random.below(6) === 0) {
          const keys = new Set(Array.from({ length: 5 }, () => `k${random.below(300)}`));
          store.batch([...keys].map((each) => ({ type: "put", key: each, value: `${i}` })));
        } else store.put(key, "x".repeat(random.below(300)));
      }
      await store.flush();
      const all: string[] = [];
      const end = store.version;
      for await (const change of store.watch({}, { since: 0 })) {
        all.push(shown(change));
        if (change.version === end) break;
      }
      assert.equal(new Set(all).size, all.length);
      for (let round = 0; round < 20; round++) {
        const since = random.below(end);
        const expected = all.filter((line) => Number.parseInt(line, 10) > since);
        const found = await take(store, expected.length, {}, { since });
        assert.deepEqual(found.map(shown), expected.slice(0, found.length));
        assert.equal(found.length, expected.length);
      }
    });

    check("reach back beyond what is in memory, by key and in order", async (store) => {
      const count = 12_000;
      for (let i = 0; i < count; i++) store.put(`key${i % 40}`, `${i}`);
      await store.put("other", "");
      const found = await take(store, 400, { prefix: "key" }, { since: 0 });
      const expected = Array.from({ length: 400 }, (_, i) => `key${i % 40}=${i}`);
      const shownInOrder = found.map(({ key, value }) => `${key}=${text(value)}`);
      assert.equal(shownInOrder.join(), expected.join());
      assert.ok(found.every(({ version }, i) => version > (found[i - 1]?.version ?? 0)));
    });

    check("the next page continues where a page ended, at the end of a commit or within one", async (store) => {
      const puts = (name: string, count: number) =>
        Array.from({ length: count }, (_, i) => ({ type: "put" as const, key: `${name}${i}`, value: "value" }));
      await store.batch(puts("a", 1000));
      await store.batch(puts("b", 2000));
      await store.put("last", "value");
      assert.equal(new Set((await take(store, 3001, {}, { since: 0 })).map(({ key }) => key)).size, 3001);
      const { version } = store;
      await store.put("large", new Uint8Array(100_000));
      await store.batch(["x", "y", "z"].map((key) => ({ type: "put", key, value: new Uint8Array(60_000) })));
      assert.deepEqual(
        (await take(store, 4, {}, { since: version })).map(({ key, value }) => `${key} ${value?.length}`),
        ["large 100000", "x 60000", "y 60000", "z 60000"],
      );
    });

    check("commits that are only in the table are delivered completely", async (store) => {
      for (const [name, count] of [
        ["a", 4096],
        ["b", 5000],
        ["c", 4096],
      ] as const) {
        await store.batch(
          Array.from({ length: count }, (_, i) => ({ type: "put", key: `${name}${i}`, value: "value" })),
        );
      }
      await store.compact();
      await store.put("last", "value");
      const changes = await take(store, 13_193, {}, { since: 0 });
      assert.equal(new Set(changes.map(({ key }) => key)).size, 13_193);
      assert.equal(changes.at(-1)?.key, "last");
      assert.ok(changes.every(({ value }) => text(value) === "value"));
    });

    check("end when the store is closed, and when their signal aborts", async (store) => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const aborted = take(store, 1, {}, { signal: controller.signal });
      const ended = take(store, 1);
      controller.abort(reason);
      await assert.rejects(aborted, (error) => error === reason);
      await store.close();
      assert.deepEqual(await ended, []);
      assert.throws(() => store.watch(), storeError("STORE_CLOSED"));
    });

    check("a watch that is left while it waits ends, and keeps nothing waiting", async (store) => {
      const changes = store.watch()[Symbol.asyncIterator]();
      const waiting = changes.next();
      await Promise.resolve();
      await changes.return?.();
      assert.deepEqual(await waiting, { done: true, value: undefined });
      await store.put("key", "value");
      assert.deepEqual(await changes.next(), { done: true, value: undefined });
    });

    check("refuse a version that never was", async (store) => {
      assert.throws(() => store.watch({}, { since: store.version + 1 }), misuse(RangeError, "'since'"));
      assert.throws(() => store.watch({}, { since: 0.5 }), misuse(RangeError, "'since'"));
      assert.throws(() => store.watch({}, { since: "0" as never }), misuse(TypeError, "'since'"));
    });
  });
}

test("a watch whose history was removed gets the version to resume from, and can resume", async () => {
  await using store = await open({
    path: "/store",
    fileSystem: new MemoryFileSystem(),
    writeBufferSize: 256 * 1024,
  });
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 500; i++) store.put(`key${i}`, `${"x".repeat(200)}${round}`);
    await store.flush();
  }
  await store.compact();
  const behind = await take(store, 1, {}, { since: 1 }).then(
    () => assert.fail("was told"),
    (error: unknown) => error,
  );
  assert.ok(behind instanceof StoreError && behind.code === "VERSION_GONE");
  const since = behind.version ?? assert.fail("no version");
  assert.ok(since > 1 && since <= store.version);
  const watched = take(store, 1, {}, { since: store.version });
  await store.put("next", "1");
  assert.equal((await watched)[0]?.key, "next");
  const resumed = take(store, 1, {}, { since });
  await store.put("more", "1");
  assert.equal((await resumed).length, 1);
});

test("nothing is queued in memory for a consumer that stops", async () => {
  await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem(), syncWrites: false });
  const changes = store.watch()[Symbol.asyncIterator]();
  const first = changes.next();
  for (let i = 0; i < 50_000; i++) store.put(`key${i}`, "value");
  await store.flush();
  assert.equal((await first).value?.key, "key0");
  for (let i = 1; i < 50_000; i++) assert.equal((await changes.next()).value?.key, `key${i}`);
  await changes.return?.();
});
