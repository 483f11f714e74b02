/**
 * What luge's database does beyond Deno's cases: no limits of 64 KiB, stores on a disk, restarts, sources.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryFileSystem, MemoryStore, open, StoreError } from "../../mod.ts";
import { type Kv, type KvKey, KvU64, openKv } from "../../src/adapters/kv/mod.ts";
import { misuse, storeError } from "../support/expect.ts";
import { RUNTIME } from "../support/runtime.ts";
import { withDirectory } from "../support/temporary.ts";
import { collect, deferred, refuses, valuesOf } from "./subject.ts";

test("Deno's limits of sizes and counts do not apply", async () => {
  await using kv = await openKv(":memory:");
  const large = new Uint8Array(1_000_000).fill(7);
  await kv.set(["large"], large);
  assert.deepEqual((await kv.get(["large"])).value, large);
  const keys: KvKey[] = Array.from({ length: 3000 }, (_, i) => ["n", i]);
  const atomic = kv.atomic().check(...keys.map((key) => ({ key, versionstamp: null })));
  for (const key of keys) atomic.set(key, "x".repeat(1000));
  assert.equal((await atomic.commit()).ok, true);
  assert.equal((await kv.getMany(keys)).length, 3000);
  assert.equal((await collect(kv.list({ prefix: ["n"] }, { batchSize: 3000 }))).length, 3000);
  const reader = kv.watch(keys.slice(0, 50)).getReader();
  assert.equal((await reader.read()).value?.length, 50);
  await reader.cancel();
});

test("a key has at most 64,998 bytes, and less with a versionstamp", async () => {
  await using kv = await openKv(":memory:");
  // One byte before the text, one after it.
  const text = "k".repeat(64_996);
  await kv.set([text], 1);
  assert.equal((await kv.get([text])).value, 1);
  assert.equal((await collect(kv.list({ prefix: [] }))).length, 1);
  assert.equal((await collect(kv.list({ prefix: [text] }))).length, 0);
  const tooLarge = misuse(TypeError, "Key too large (max 64998 bytes)");
  for (const length of [64_997, 65_000, 1_000_000]) {
    await assert.rejects(kv.set(["k".repeat(length)], 1), tooLarge);
    await assert.rejects(kv.get(["k".repeat(length)]), tooLarge);
  }
  await kv.set([text.slice(22), kv.commitVersionstamp()], 1);
  await assert.rejects(kv.set([text.slice(21), kv.commitVersionstamp()], 1), tooLarge);
});

test("a cursor at the key that begins all others of a range continues after it", async () => {
  await using kv = await openKv(":memory:");
  await kv.atomic().set(["a"], 1).set(["a", "b"], 2).commit();
  const selector = { start: ["a"], end: ["a", "z"] };
  const first = kv.list(selector, { limit: 1 });
  assert.deepEqual(await valuesOf(first), [1]);
  assert.deepEqual(await valuesOf(kv.list(selector, { cursor: first.cursor })), [2]);
});

test("an entry expires, and a watch shows it", async () => {
  await using kv = await openKv(":memory:");
  await kv.set(["b"], 2, { expireIn: 1_000_000 });
  await kv.set(["a"], 1, { expireIn: 50 });
  const reader = kv.watch([["a"], ["b"]]).getReader();
  for (;;) {
    const { value = [] } = await reader.read();
    assert.equal(value[1]?.value, 2);
    if (value[0]?.versionstamp === null) break;
  }
  assert.deepEqual(await kv.get(["a"]), { key: ["a"], value: null, versionstamp: null });
  await reader.cancel();
  await kv.set(["c"], 1, { expireIn: 0 });
  while ((await kv.get(["c"])).versionstamp !== null) await new Promise((resolve) => setTimeout(resolve, 1));
});

test("entries, versionstamps and messages survive a restart", () =>
  withDirectory(async (path) => {
    let stamp = "";
    {
      await using kv = await openKv(path);
      stamp = (await kv.set(["a"], new Map([[1, "one"]]))).versionstamp;
      for (const message of ["one", "two", "three"]) await kv.enqueue(message);
    }
    await using kv = await openKv(path);
    assert.deepEqual(await kv.get(["a"]), { key: ["a"], value: new Map([[1, "one"]]), versionstamp: stamp });
    const { versionstamp } = await kv.set(["b"], 1);
    assert.ok(versionstamp > stamp);
    assert.deepEqual(await delivered(kv, 3), ["one", "two", "three"]);
  }));

/** Listens until a number of messages has come. */
async function delivered(kv: Kv, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  const all = deferred<void>();
  kv.listenQueue((message) => {
    messages.push(message);
    if (messages.length === count) all.resolve();
  });
  await all.promise;
  return messages;
}

test("a message whose handler has not ended comes again after a restart, and one that succeeded does not", () =>
  withDirectory(async (path) => {
    {
      await using store = await open(path);
      const kv = await openKv(store);
      const stuck = deferred<void>();
      const listener = kv.listenQueue((message) => {
        if (message !== "stuck") return;
        stuck.resolve();
        return new Promise<void>(() => {});
      });
      await kv.enqueue("done");
      await kv.enqueue("stuck");
      await stuck.promise;
      while ((await store.count({ prefix: "q" })) > 1) await new Promise((resolve) => setTimeout(resolve, 1));
      kv.close();
      await listener;
    }
    await using kv = await openKv(path);
    await kv.enqueue("new");
    assert.deepEqual(await delivered(kv, 2), ["stuck", "new"]);
  }));

test("the delay and the schedule of a message survive a restart", () =>
  withDirectory(async (path) => {
    const { error } = console;
    console.error = () => {};
    try {
      const start = Date.now();
      {
        await using kv = await openKv(path);
        await kv.enqueue("late", { delay: 300, backoffSchedule: [1], keysIfUndelivered: [["dead"]] });
      }
      await using kv = await openKv(path);
      let calls = 0;
      kv.listenQueue(() => {
        calls += 1;
        throw new Error("refused");
      });
      for await (const [dead] of kv.watch([["dead"]])) if (dead.value === "late") break;
      assert.equal(calls, 2);
      assert.ok(Date.now() - start >= 300);
    } finally {
      console.error = error;
    }
  }));

test("messages of one time come in the order in which they were enqueued", async () => {
  await using kv = await openKv(":memory:");
  const atomic = kv.atomic();
  for (let i = 0; i < 50; i++) atomic.enqueue(i);
  await atomic.commit();
  assert.deepEqual(await delivered(kv, 50), [...Array(50).keys()]);
});

test("at most 100 messages are handled at a time, and all are", async () => {
  await using kv = await openKv(":memory:");
  const atomic = kv.atomic();
  for (let i = 0; i < 250; i++) atomic.enqueue(i);
  await atomic.commit();
  const [full, all, go] = [deferred<void>(), deferred<void>(), deferred<void>()];
  let [running, most, done] = [0, 0, 0];
  kv.listenQueue(async () => {
    running += 1;
    most = Math.max(most, running);
    if (running === 100) full.resolve();
    await go.promise;
    running -= 1;
    done += 1;
    if (done === 250) all.resolve();
  });
  await full.promise;
  go.resolve();
  await all.promise;
  assert.equal(most, 100);
});

test("a database that was closed a moment ago is opened again", () =>
  withDirectory(async (path) => {
    for (let i = 0; i < 3; i++) {
      const kv = await openKv(path);
      kv.atomic().sum(["opened"], 1n).commit();
      kv.close();
    }
    await using kv = await openKv(path);
    assert.equal((await kv.get<KvU64>(["opened"])).value?.value, 3n);
    await assert.rejects(openKv(path), storeError("STORE_LOCKED"));
  }));

test("a store that is passed stays open, and shares its queue", async () => {
  await using store = await open({ path: "/kv", fileSystem: new MemoryFileSystem() });
  const [one, two] = [await openKv(store), await openKv(store)];
  const got = deferred<unknown>();
  const listener = one.listenQueue(got.resolve);
  await two.enqueue("test");
  assert.equal(await got.promise, "test");
  one.close();
  await listener;
  await two.set(["a"], 1);
  two.close();
  assert.equal(await store.count({ prefix: "k" }), 1);
});

test("a watch that was too slow for the history of the store shows the newest entry", async () => {
  const store = new MemoryStore();
  await using kv = await openKv(store);
  const reader = kv.watch([["a"]]).getReader();
  await reader.read();
  const { watch } = store;
  let gone = 0;
  store.watch = ((...args: Parameters<typeof watch>) => {
    if (gone > 0) return watch.apply(store, args);
    gone += 1;
    throw new StoreError("VERSION_GONE", "the history does not reach back far enough");
  }) as typeof watch;
  const next = reader.read();
  await kv.set(["a"], 1);
  assert.equal((await next).value?.[0]?.value, 1);
  await kv.set(["a"], 2);
  assert.equal((await reader.read()).value?.[0]?.value, 2);
  assert.equal(gone, 1);
  await reader.cancel();
});

test("a key with a versionstamp is written once, also where the store leaves out a version", async () => {
  await using store = await open({ path: "/kv", fileSystem: new MemoryFileSystem() });
  await using kv = await openKv(store);
  const { versionstamp } = await kv.set(["a", kv.commitVersionstamp()], "value");
  assert.deepEqual(await collect(kv.list({ prefix: [] })), [
    { key: ["a", versionstamp], value: "value", versionstamp },
  ]);
  assert.equal(Number(`0x${versionstamp.slice(0, 16)}`), store.version);
});

test("a commit that fails rejects, also with a versionstamp in the key", async () => {
  const store = new MemoryStore();
  const kv = await openKv(store);
  const { commit } = store;
  let commits = 0;
  // The first commit leaves out a version, the second one fails.
  store.commit = async (...args: Parameters<typeof commit>) => {
    commits += 1;
    if (commits > 1) throw new Error("the disk is full");
    store.putSync("x", "");
    return await commit.apply(store, args);
  };
  await assert.rejects(kv.set(["a", kv.commitVersionstamp()], 1), /the disk is full/);
  assert.equal(commits, 2);
});

test("listeners and watches end with the store", async () => {
  const store = new MemoryStore();
  const kv = await openKv(store);
  const listener = kv.listenQueue(() => {});
  const reader = kv.watch([["a"]]).getReader();
  await reader.read();
  const end = reader.read();
  await store.close();
  assert.equal((await end).done, true);
  await listener;
});

test("sources that are none are refused", async () => {
  const wrong: [unknown, RegExp][] = [
    ["", /Filename cannot be empty/],
    [":foo", /Filename cannot start with ':' unless prefixed with '\.\/'/],
    ["http://127.0.0.1:4512", /no client of the KV Connect protocol/],
    [new URL("https://example.org/"), /no client of the KV Connect protocol/],
    [undefined, /expected a path, ":memory:", options or a store/],
    [{ paht: "x" }, /did you mean 'path'/],
  ];
  for (const [source, message] of wrong) await refuses(() => openKv(source as string), "TypeError", message);
});

if (RUNTIME === "deno") {
  test("a KvU64 of Deno counts as one", async () => {
    await using kv = await openKv(":memory:");
    const { Deno } = globalThis as unknown as { Deno: { KvU64: typeof KvU64 } };
    await kv.set(["a"], new Deno.KvU64(5n));
    await kv.atomic().sum(["a"], 1n).commit();
    assert.ok((await kv.get(["a"])).value instanceof KvU64);
  });
}
