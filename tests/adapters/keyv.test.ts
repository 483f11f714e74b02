/**
 * The adapter of keyv beyond its suite: who owns the store, expiry, and cache-manager.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "cache-manager";
import Keyv from "keyv";
import Keyv5 from "keyv-5";
import { MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import { KeyvLuge } from "../../src/adapters/keyv/mod.ts";
import { misuse, storeError } from "../support/expect.ts";

const keysOf = (store: Store) => store.keys().toArray();

test("the adapter opens a store at its first use, closes it, and leaves an open one alone", async () => {
  const config = { path: "cache", fileSystem: new MemoryFileSystem() };
  const adapter = new KeyvLuge(config);
  assert.deepEqual(config.fileSystem.list("."), []);
  const keyv = new Keyv({ store: adapter });
  assert.equal(await keyv.set("key", "value"), true);
  const second = new KeyvLuge(config);
  await assert.rejects(second.get("key"), storeError("STORE_LOCKED"));
  await keyv.disconnect();
  await assert.rejects(adapter.get("key"), storeError("STORE_CLOSED"));
  assert.deepEqual(JSON.parse((await second.get("key")) ?? ""), { value: "value" });
  await second.disconnect();
  await second.disconnect();

  const store = await open(config);
  const open5 = new Keyv5({ store: new KeyvLuge(store), namespace: "n" });
  await open5.set("key", 5);
  await open5.disconnect();
  assert.deepEqual(await keysOf(store), ["key", "n:key"]);
  await store.close();
});

test("entries expire in luge, also those of `setMany`; one without time left is removed", async () => {
  const store = new MemoryStore();
  for (const keyv of [
    new Keyv({ store: new KeyvLuge(store) }),
    new Keyv5({ store: new KeyvLuge(store), namespace: "" }),
  ]) {
    await keyv.set("day", 1, 86_400_000);
    await keyv.set("ever", 2);
    const { expiresAt = 0 } = (await store.getEntry("day")) ?? {};
    assert.ok(Math.abs(expiresAt - Date.now() - 86_400_000) < 60_000);
    assert.equal((await store.getEntry("ever"))?.expiresAt, undefined);
    await keyv.clear();
  }
  const adapter = new KeyvLuge(store);
  const entries = [
    { key: "a", value: "1", ttl: 86_400_000 },
    { key: "b", value: "2" },
    { key: "c", value: "3", ttl: -1 },
  ];
  await store.put("c", "old");
  assert.deepEqual(await adapter.setMany(entries), [true, true, true]);
  assert.deepEqual(await keysOf(store), ["a", "b"]);
  assert.ok((await store.getEntry("a"))?.expiresAt);
  assert.equal(store.version, (await store.getEntry("b"))?.version, "one commit");
});

test("without a serialization only strings are accepted", async () => {
  const store = new MemoryStore();
  await assert.rejects(new KeyvLuge(store).set("key", { a: 1 }), misuse(TypeError, "expected a string"));
  await assert.rejects(
    new KeyvLuge(store).setMany([
      { key: "a", value: "1" },
      { key: "b", value: 2 },
    ]),
    TypeError,
  );
  assert.deepEqual(await keysOf(store), []);
  for (const target of [undefined, "", 7]) {
    assert.throws(() => new KeyvLuge(target as unknown as string), misuse(TypeError, "expected a path"));
  }
});

test("`clear` and the iterator of a namespace keep to it, in keyv 5 and 6", async () => {
  for (const create of [
    (store: Store, namespace: string) => new Keyv5({ store: new KeyvLuge(store), namespace }),
    // The same methods, with other types.
    (store: Store, namespace: string) => new Keyv({ store: new KeyvLuge(store), namespace }) as object as Keyv5,
  ]) {
    const store = new MemoryStore();
    const [one, two] = [create(store, "one"), create(store, "two")];
    for (const keyv of [one, two]) for (const key of ["x", "y"]) await keyv.set(key, key);
    const found: unknown[] = [];
    for await (const entry of one.iterator?.({}) ?? []) found.push(entry);
    assert.deepEqual(found, [
      ["x", "x"],
      ["y", "y"],
    ]);
    await one.clear();
    assert.deepEqual([await one.get("x"), await two.get("x")], [undefined, "x"]);
    assert.equal(store.countSync(), 2);
    assert.deepEqual([await two.delete("x"), await two.delete("x")], [true, false]);
  }
});

test("cache-manager works on it", async () => {
  const adapter = new KeyvLuge({ path: "cache", fileSystem: new MemoryFileSystem() });
  const cache = createCache({ stores: [new Keyv5({ store: adapter })], ttl: 86_400_000 });
  let calls = 0;
  const answer = () =>
    cache.wrap("answer", async () => {
      calls += 1;
      return { value: calls };
    });
  assert.deepEqual([await answer(), await answer(), calls], [{ value: 1 }, { value: 1 }, 1]);
  await cache.mset([
    { key: "a", value: 1 },
    { key: "b", value: 2 },
  ]);
  assert.deepEqual(await cache.mget(["a", "b", "c"]), [1, 2, undefined]);
  await cache.mdel(["a"]);
  assert.equal(await cache.get("a"), undefined);
  await cache.clear();
  assert.equal(await (await adapter.store()).count(), 0);
  await cache.disconnect();
});
