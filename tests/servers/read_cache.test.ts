/**
 * The cache of a store over a server: what it may answer, and when it must not.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { AsyncStore } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { keyOf } from "../../src/bytes.ts";
import { clock } from "../../src/clock.ts";
import { CachedValues } from "../../src/servers/cached_values.ts";
import { openEtcd } from "../../src/servers/etcd/mod.ts";
import { openPostgres } from "../../src/servers/postgres/mod.ts";
import { ServerStore, type StoreOnServer } from "../../src/servers/server_store.ts";
import { misuse, text } from "../support/expect.ts";
import { etcdTest, withEtcd } from "../support/services/etcd.ts";
import { freshOptions, postgresTest, usesPostgres } from "../support/services/with_postgres.ts";
import { SetClock } from "../support/set_clock.ts";
import { until, untilFound } from "../support/until.ts";
import { FakeServer } from "./fake_server.ts";

usesPostgres();

const MIB = 1024 * 1024;
const LONG = { maxBytes: MIB, maxAge: 60_000 };
const value = (letter: string, length = 1) => ({
  value: new TextEncoder().encode(letter.repeat(length)),
  version: 1,
  expiresMs: 0,
});
const figures = (store: StoreOnServer) => store.cacheMetrics() ?? assert.fail("no cache");
/** Settles once the cache may answer. */
const isReady = (store: StoreOnServer) => until(() => figures(store).current, "the cache is current");

test("values are bounded by their bytes, and the ones not read for the longest time are dropped", () => {
  const values = new CachedValues(3 * 1201);
  for (const name of ["a", "b", "c"]) values.set(name, value(name, 1000));
  assert.deepEqual([values.size, values.bytes], [3, 3 * 1201]);
  values.get("a", 0);
  values.set("d", value("d", 1000));
  assert.equal(values.get("b", 0), undefined);
  assert.deepEqual([values.size, values.bytes], [3, 3 * 1201]);
  values.set("e", value("e", 4000));
  assert.equal(values.get("e", 0), undefined, "larger than the whole cache");
  values.change("d", { ...value("D", 900), key: keyOf("d"), version: 2 });
  assert.equal(values.bytes, 3 * 1201 - 100);
  values.change("d", { ...value("x", 900), key: keyOf("d"), version: 1 });
  assert.equal(text(values.get("d", 0)?.found?.value)?.[0], "D", "an older change");
  values.change("d", { ...value("D", 4000), key: keyOf("d"), version: 3 });
  assert.equal(values.get("d", 0), undefined, "it has become too large");
  values.set("f", undefined);
  assert.deepEqual(values.get("f", 0), { found: undefined });
  values.change("f", { ...value("F"), key: keyOf("f"), version: 1 });
  assert.equal(values.get("f", 0), undefined, "a key without a value is dropped by any change");
  values.clear();
  assert.deepEqual([values.size, values.bytes], [0, 0]);
});

test("expiry is exact", async () => {
  using time = new SetClock();
  const server = new FakeServer();
  await using store = new ServerStore(server.client(), 0, LONG);
  await isReady(store);
  await store.put("key", "1", { ttl: 1000 });
  await until(() => figures(store).current, "the own write was told");
  assert.equal(text(await store.get("key")), "1");
  assert.equal(text(await store.get("key")), "1");
  assert.equal(figures(store).hits, 1);
  time.ms += 999;
  assert.equal(text(await store.get("key")), "1");
  assert.equal(figures(store).hits, 2);
  time.ms += 1;
  const { misses } = figures(store);
  await store.get("key");
  assert.equal(figures(store).misses, misses + 1, "what has expired is not in the cache");
});

test("nothing is answered from the cache while the server does not confirm that the watch is current", async () => {
  const real = clock.monotonic;
  let ahead = 0;
  clock.monotonic = () => real() + ahead;
  try {
    const client = new FakeServer().client();
    await using store = new ServerStore(client, 0, LONG);
    await isReady(store);
    await store.put("key", "1");
    await isReady(store);
    await store.get("key");
    await store.get("key");
    assert.deepEqual([figures(store).hits, client.asked], [1, 1]);
    client.isSilent = true;
    ahead = 60_000;
    assert.equal(figures(store).current, false);
    await store.get("key");
    assert.deepEqual([figures(store).hits, client.asked], [1, 2]);
  } finally {
    clock.monotonic = real;
  }
});

test("if the watch fails, the cache is emptied, and begins anew", async () => {
  const server = new FakeServer();
  const client = server.client();
  await using store = new ServerStore(client, 0, LONG);
  await isReady(store);
  await store.put("key", "1");
  await isReady(store);
  await store.get("key");
  assert.equal(figures(store).entries, 1);
  client.broken = new Error("the changes are not kept any more");
  server.write(keyOf("other"), "1");
  await until(() => figures(store).restarts > 0, "the watch has failed");
  const { entries, bytes, current } = figures(store);
  assert.deepEqual({ entries, bytes, current }, { entries: 0, bytes: 0, current: false });
  server.write(keyOf("key"), "2");
  assert.equal(text(await store.get("key")), "2");
  client.broken = undefined;
  await isReady(store);
  await store.get("key");
  const { hits } = figures(store);
  assert.equal(text(await store.get("key")), "2");
  assert.equal(figures(store).hits, hits + 1);
});

test("in any order of answers, a read has what the store has written and heard of, or newer", async () => {
  let [hits, reads] = [0, 0];
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const server = new FakeServer(() => random.below(random.pick([1, 4, 40])));
    const store = new ServerStore(server.client(), 0, { maxBytes: 2000, maxAge: 60_000 });
    const keys = ["a", "b", "c"];
    const numberOf = (found: Uint8Array | undefined) => Number(text(found) ?? 0);
    /** What a key had at each version. */
    const at = (key: string, version: number) => {
      const last = server.log.findLast((entry) => entry.version <= version && text(entry.key) === key);
      return numberOf(last?.value);
    };
    let number = 0;
    const own = new Map<string, number>();
    const read = async (key: string) => {
      const [least, written] = [store.version, own.get(key) ?? 0];
      const found = await store.getEntry(key);
      reads += 1;
      const possible = new Set(Array.from({ length: server.version - least + 1 }, (_, i) => at(key, least + i)));
      assert.ok(possible.has(numberOf(found?.value)), `seed ${seed}: ${key} is ${text(found?.value)}, not at ${least}`);
      assert.ok(least >= written, `seed ${seed}: the store has not heard of its own write`);
    };
    const task = async () => {
      for (let i = 0; i < 60; i++) {
        const key = random.pick(keys);
        number += 1;
        const what = random.below(8);
        if (what === 0) server.write(keyOf(key), `${number}`);
        else if (what === 1) server.write(keyOf(key), undefined);
        else if (what === 2) {
          await (random.below(3) === 0 ? store.delete(key) : store.put(key, `${number}`));
          own.set(key, store.version);
        } else if (what === 3) for (let step = random.below(60); step > 0; step--) await undefined;
        else await read(key);
      }
    };
    await Promise.all([task(), task(), task()]);
    for (const key of keys) await read(key);
    hits += figures(store).hits;
    await store.close();
  }
  assert.ok(hits > reads / 20 && hits < reads, `${hits} of ${reads} reads were hits`);
});

/** Tests on a server; `open` opens a client of one store. */
async function onServer(
  open: (cache?: { maxBytes: number; maxAge?: number }) => Promise<StoreOnServer>,
): Promise<void> {
  await using cached = await open(LONG);
  await using other: AsyncStore = await open();
  assert.equal((other as StoreOnServer).cacheMetrics(), undefined);
  await other.batch(Array.from({ length: 50 }, (_, i) => ({ type: "put", key: `key/${i}`, value: `${i}` })));
  await isReady(cached);
  const keys = Array.from({ length: 60 }, (_, i) => `key/${i}`);
  const expected = keys.map((_, i) => (i < 50 ? `${i}` : undefined));
  for (let round = 0; round < 2; round++) {
    assert.deepEqual((await cached.getMany(keys)).map(text), expected);
    await isReady(cached);
  }
  await until(() => figures(cached).entries === 60, "all keys are cached");
  const { hits } = figures(cached);
  assert.deepEqual((await cached.hasMany(keys)).filter(Boolean).length, 50);
  assert.equal(figures(cached).hits, hits + 60);
  // The bytes are the caller's own.
  const bytes = await cached.get("key/1");
  bytes?.fill(0);
  assert.equal(text(await cached.get("key/1")), "1");
  // Own writes are read, in every form.
  for (let i = 0; i < 20; i++) {
    await cached.put("key/1", `a${i}`);
    assert.equal(text(await cached.get("key/1")), `a${i}`);
    void cached.put("key/1", `b${i}`);
    assert.equal(text(await cached.get("key/1")), `b${i}`);
    await cached.transaction((tx) => tx.put("key/1", `c${i}`));
    assert.equal(text(await cached.view({ prefix: "key/" }).get("1")), `c${i}`);
    assert.equal(await cached.delete("key/1"), true);
    assert.equal(await cached.has("key/1"), false);
  }
  // What others write arrives, and is what a watch has told, or newer.
  const ending = new AbortController();
  const options = { since: cached.version, signal: ending.signal };
  const watched = cached.watch({ prefix: "news" }, options)[Symbol.asyncIterator]();
  for (let i = 1; i <= 30; i++) {
    await cached.get("news");
    await other.put("news", `${i}`);
    const change = await watched.next();
    assert.ok(Number(text(await cached.get("news"))) >= Number(text(change.value?.value)));
  }
  ending.abort();
  // Without anything that tells this store of it.
  await isReady(cached);
  await cached.get("key/2");
  await other.put("key/2", "changed");
  await untilFound(cached, "key/2", "changed", "another client's write is read");
  // Conditions are never decided by the cache.
  const entry = await cached.getEntry("key/3");
  await other.put("key/3", "changed");
  assert.equal(await cached.compareAndSet("key/3", entry?.version, "mine"), false);
}

postgresTest("the cache of a store over PostgreSQL", async () => {
  const options = await freshOptions();
  await onServer((cache) => openPostgres({ ...options, cache }));
  for (const cache of [{}, { maxBytes: 5 }, { maxBytes: MIB, maxAge: 1 }]) {
    const wrong = openPostgres({ ...options, cache: cache as { maxBytes: number } });
    await assert.rejects(wrong, misuse("maxBytes" in cache ? RangeError : TypeError, "cache."));
  }
  const wrong = openPostgres({ ...options, cache: { maxbytes: 5 } as unknown as { maxBytes: number } });
  await assert.rejects(wrong, misuse(TypeError, "did you mean 'maxBytes'?"));
});

etcdTest("the cache of a store over etcd", () =>
  withEtcd(({ endpoints }) => onServer((cache) => openEtcd({ endpoints, prefix: "cached/", cache }))),
);
