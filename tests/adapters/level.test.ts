/**
 * The database of Level beyond its suite: keys that luge or UTF-8 do not have, durability, and who owns the store.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { MemoryFileSystem, MemoryStore, open } from "../../mod.ts";
import { LugeLevel } from "../../src/adapters/level/mod.ts";
import { misuse, storeError } from "../support/expect.ts";
import { type FileSystemCall, ObservedFileSystem } from "../support/observed_file_system.ts";
import { withDirectory } from "../support/temporary.ts";

const VIEWS = { keyEncoding: "view", valueEncoding: "view" } as const;

test("keys of zero bytes alone, and the empty one, keep their order and their bytes", async () => {
  const db = new LugeLevel<Uint8Array, Uint8Array>(new MemoryStore(), VIEWS);
  const keys = [[], [0], [0, 0], [0, 0, 0], [0, 0, 1], [0, 1], [1], [1, 0]].map((bytes) => Uint8Array.from(bytes));
  for (const key of keys.toReversed()) await db.put(key, key);
  assert.deepEqual(await db.keys().all(), keys);
  assert.deepEqual(await db.keys({ reverse: true }).all(), keys.toReversed());
  assert.deepEqual(await db.values().all(), keys);
  assert.deepEqual(await db.getMany(keys), keys);
  for (const [i, key] of keys.entries()) {
    assert.deepEqual(await db.keys({ gt: key }).all(), keys.slice(i + 1), `gt ${key}`);
    assert.deepEqual(await db.keys({ lte: key }).all(), keys.slice(0, i + 1), `lte ${key}`);
    assert.deepEqual(await db.keys({ lt: key, reverse: true }).all(), keys.slice(0, i).toReversed(), `lt ${key}`);
    const iterator = db.keys();
    iterator.seek(key);
    assert.deepEqual(await iterator.next(), key);
    await iterator.close();
  }
  await db.clear({ lte: Uint8Array.of(0) });
  assert.deepEqual(await db.keys().all(), keys.slice(2));
  await db.del(Uint8Array.of(0, 0));
  assert.deepEqual(await db.keys<string>({ keyEncoding: "utf8", limit: 1 }).all(), ["\0\0\0"]);
  await db.close();
});

test("any keys come in the order of their bytes, in every encoding", async () => {
  const bytes = fc.uint8Array({ maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(bytes, { selector: (key) => key.join() }), async (keys) => {
      const db = new LugeLevel<Uint8Array, Uint8Array>(new MemoryStore(), VIEWS);
      await db.batch(keys.map((key) => ({ type: "put", key, value: key })));
      const sorted = keys.toSorted((a, b) => Buffer.compare(a, b));
      assert.deepEqual(await db.keys().all(), sorted);
      const texts = await db.keys<string>({ keyEncoding: "utf8" }).all();
      assert.deepEqual(
        texts,
        sorted.map((key) => Buffer.from(key).toString()),
      );
      await db.close();
    }),
    { seed: 1, numRuns: 100 },
  );
});

test("a key that is not UTF-8 in the middle of a range is decoded as Level does, at the same snapshot", async () => {
  const db = new LugeLevel(new MemoryStore());
  for (let i = 10; i < 40; i++) await db.put(`a${i}`, `${i}`);
  await db.put<Uint8Array, string>(Uint8Array.of(0x61, 0xff), "not text", { keyEncoding: "view" });
  await db.put("b", "last");
  for (const reverse of [false, true]) {
    const iterator = db.iterator({ reverse });
    const first = await iterator.next();
    await db.put("a5", "later");
    const all = [first, ...(await iterator.all())];
    const expected = [...Array.from({ length: 30 }, (_, i) => `a${i + 10}`), "a\ufffd", "b"];
    assert.deepEqual(
      all.map((entry) => entry?.[0]),
      reverse ? expected.toReversed() : expected,
    );
    await db.del("a5");
  }
  const seeking = db.keys();
  seeking.seek("a39");
  assert.deepEqual(await seeking.nextv(9), ["a39", "a\ufffd", "b"]);
  seeking.seek("a38");
  assert.equal(await seeking.next(), "a38");
  await db.close();
});

test("a lone surrogate becomes U+FFFD, as in Level; bytes that are not UTF-8, too; a byte order mark stays", async () => {
  const db = new LugeLevel(new MemoryStore());
  await db.put("\ud800", "\udfff");
  assert.deepEqual(await db.iterator().all(), [["\ufffd", "\ufffd"]]);
  assert.equal(await db.get("\ud800"), "\ufffd");
  await db.put<string, Uint8Array>("bytes", Uint8Array.of(0xff), { valueEncoding: "view" });
  await db.put("mark", "\ufeffx");
  assert.deepEqual(await db.values().all(), ["\ufffd", "\ufeffx", "\ufffd"]);
  assert.equal(db.getSync("mark"), "\ufeffx");
  const view = new DataView(Uint8Array.of(1, 2, 3).buffer, 1);
  await db.put<string, DataView>("view", view, { valueEncoding: "view" as never });
  assert.deepEqual(await db.get<string, Uint8Array>("view", { valueEncoding: "view" }), Uint8Array.of(2, 3));
  await db.close();
});

test("a write is synced only with `sync: true`", async () => {
  let syncs = 0;
  const after = ({ name, path }: FileSystemCall) => {
    if (name.startsWith("sync") && path.endsWith(".luge")) syncs += 1;
  };
  const fileSystem = new ObservedFileSystem(new MemoryFileSystem(), { after });
  const db = new LugeLevel({ path: "data", fileSystem });
  await db.put("first", "0", { sync: true }); // luge also syncs a new log, once
  const syncsOf = async (write: () => Promise<void>) => {
    const before = syncs;
    await write();
    await setImmediate();
    return syncs - before;
  };
  const child = db.sublevel("child");
  assert.equal(await syncsOf(() => db.put("a", "1")), 0);
  assert.equal(await syncsOf(() => db.del("a")), 0);
  assert.equal(await syncsOf(() => db.batch([{ type: "put", key: "b", value: "2" }])), 0);
  assert.equal(await syncsOf(() => db.batch().put("b", "3").write()), 0);
  assert.equal(await syncsOf(() => db.clear()), 0);
  assert.ok((await syncsOf(() => db.put("a", "1", { sync: true }))) > 0);
  assert.ok((await syncsOf(() => db.del("a", { sync: true }))) > 0);
  assert.ok((await syncsOf(() => db.batch([{ type: "put", key: "b", value: "2" }], { sync: true }))) > 0);
  assert.ok(
    (await syncsOf(() =>
      db
        .batch()
        .put("b", "3")
        .write({ sync: true } as object),
    )) > 0,
  );
  assert.ok((await syncsOf(() => child.put("a", "1", { sync: true } as object))) > 0);
  await db.close();
});

test("a database closes the store that it opened, and leaves an open one alone", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/level store`;
    const db = new LugeLevel(path, { createIfMissing: true });
    await db.put("key", "value");
    assert.equal(db.location, path);
    const locked = new LugeLevel(path);
    const refused = (error: Error) => {
      assert.equal((error as { code?: string }).code, "LEVEL_DATABASE_NOT_OPEN");
      const cause = error.cause as { code?: string; cause?: unknown };
      assert.equal(cause.code, "LEVEL_LOCKED");
      return storeError("STORE_LOCKED")(cause.cause);
    };
    await assert.rejects(locked.open(), refused);
    await db.close();
    assert.throws(() => db.store, storeError("STORE_CLOSED", "the database is not open"));

    const url = new LugeLevel(pathToFileURL(path), { createIfMissing: false });
    assert.equal(await url.get("key"), "value");
    await url.close();

    await using store = await open(path);
    const part = new LugeLevel(store.view({ prefix: "part/" }));
    await part.put("", "empty");
    await part.close();
    assert.deepEqual([...store.keys()], ["key", "part/\0"]);
    await part.open();
    assert.equal(await part.get(""), "empty");
    await part.store.compact();
    await part.close();
  }));

test("wrong locations and snapshots of other databases are refused", async () => {
  for (const location of [undefined, null, "", 7]) {
    assert.throws(() => new LugeLevel(location as unknown as string), misuse(TypeError, "expected a path"));
  }
  const [one, two] = [new LugeLevel(new MemoryStore()), new LugeLevel(new MemoryStore())];
  await Promise.all([one.open(), two.open()]);
  const snapshot = one.snapshot();
  await one.put("key", "value");
  assert.equal(await one.get("key", { snapshot }), undefined);
  await assert.rejects(two.get("key", { snapshot }), misuse(TypeError, "expected one of this database"));
  assert.throws(() => two.iterator({ snapshot }), misuse(TypeError, "expected one of this database"));
  await assert.rejects(two.clear({ snapshot }), misuse(TypeError, "expected one of this database"));
  await Promise.all([one.close(), two.close()]);
});

test("an iterator lets the event loop turn, and a signal ends it after a page", async () => {
  const db = new LugeLevel({ path: "data", fileSystem: new MemoryFileSystem() });
  const value = "v".repeat(1000);
  await db.batch(Array.from({ length: 20_000 }, (_, i) => ({ type: "put" as const, key: `${i + 10_000}`, value })));
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  let count = 0;
  for await (const [, found] of db.iterator()) {
    assert.equal(found.length, 1000);
    count += 1;
  }
  clearInterval(timer);
  assert.equal(count, 20_000);
  assert.ok(turns > 0);
  const controller = new AbortController();
  const all = db.iterator({ signal: controller.signal }).all();
  controller.abort();
  await assert.rejects(all, { code: "LEVEL_ABORTED", name: "AbortError" });
  await db.close();
});

test("a limit counts what the caller got, before and after a seek", async () => {
  const db = new LugeLevel(new MemoryStore());
  const keys = Array.from({ length: 200 }, (_, i) => `${i + 100}`);
  await db.batch(keys.map((key) => ({ type: "put", key, value: key })));
  const iterator = db.keys({ limit: 100 });
  for (let i = 0; i < 40; i++) await iterator.next();
  iterator.seek("110");
  assert.deepEqual(await iterator.nextv(5), keys.slice(10, 15));
  assert.deepEqual(await iterator.all(), keys.slice(15, 70));
  const mixed = db.keys();
  await mixed.next();
  await mixed.next();
  assert.deepEqual([...(await mixed.nextv(3)), ...(await mixed.all())], keys.slice(2));
  await db.close();
});

test("approximateSize takes two keys, in any encoding, and waits for an open", async () => {
  const db = new LugeLevel<string, string>(new MemoryStore());
  assert.equal(db.supports.additionalMethods.approximateSize, true);
  assert.equal(await db.approximateSize("a", "z"), 0);
  await db.batch(["a", "b", "c", "d"].map((key) => ({ type: "put", key, value: "12345" })));
  const users = db.sublevel("users");
  await users.put("1", "Ada");
  assert.equal(await db.approximateSize("b", "d"), 12);
  assert.equal(await db.approximateSize("", "z"), 24 + "!users!1Ada".length);
  assert.equal(await db.approximateSize("d", "b"), 0);
  assert.equal(await db.approximateSize(Uint8Array.of(0x62), Uint8Array.of(0x64), VIEWS), 12);
  const end = users.prefixKey("~", "utf8");
  assert.equal(await db.approximateSize(users.prefixKey("", "utf8"), end), "!users!1Ada".length);
  await assert.rejects(db.approximateSize("a", undefined as never), { code: "LEVEL_INVALID_KEY" });
  await assert.rejects(db.approximateSize(null as never, "b"), { code: "LEVEL_INVALID_KEY" });
  await db.close();
  await assert.rejects(db.approximateSize("a", "z"), { code: "LEVEL_DATABASE_NOT_OPEN" });
});
