/**
 * The tests that every store must pass that one only awaits: in this process, or on a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type AsyncStore, jsonCodec, type Key, type KeyRange, utf8Codec, type Value } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { can, type Kind, LIMITS } from "../support/abilities.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import type { AsyncCheck } from "./async_check.ts";
import { asyncLater } from "./async_later.ts";

/** Runs `use` with a fresh, empty store and closes it afterwards. */
export type WithAsyncStore = (use: (store: AsyncStore) => Promise<void>) => Promise<void>;

/** Which kind of store it is, and how its tests are defined if not by `test`. */
export interface AsyncKind {
  readonly kind: Kind;
  readonly test?: typeof test | typeof test.skip;
}

const MiB = 1024 * 1024;
const bytes = (...values: number[]) => Uint8Array.from(values);
const numbered = (i: number) => `n${String(i).padStart(6, "0")}`;

async function fill(store: AsyncStore, count: number): Promise<void> {
  await store.batch(Array.from({ length: count }, (_, i) => ({ type: "put", key: numbered(i), value: `${i}` })));
}

/** Defines the tests for one kind of store. */
export function asyncSuite(name: string, withStore: WithAsyncStore, { kind, ...options }: AsyncKind): void {
  const define = options.test ?? test;
  const check: AsyncCheck = (what, use) => define(what, () => withStore(use));
  describe(`${name}, awaited`, () => {
    readsAndWrites(check, kind);
    wrongArguments(check, kind);
    ranges(check);
    conditions(check, kind);
    counters(check);
    asyncLater(check);
    agreement(withStore, define);
  });
}

function readsAndWrites(check: AsyncCheck, kind: Kind): void {
  const { keyBytes } = LIMITS[kind];
  check("a put is there once it settled, and for reads that begin after its call", async (store) => {
    assert.equal(await store.get("key"), undefined);
    const put = store.put("key", "value");
    assert.equal(text(await store.get("key")), "value");
    assert.equal(await put, undefined);
    assert.equal(await store.has("key"), true);
    void store.put("other", "1");
    assert.deepEqual(await store.keys().toArray(), ["key", "other"]);
    assert.equal(await store.count(), 2);
  });

  check("a delete removes one key, and says whether it existed", async (store) => {
    await Promise.all([store.put("a", "1"), store.put("ab", "2")]);
    assert.deepEqual(await Promise.all([store.delete("a"), store.delete("a"), store.delete("b")]), [
      true,
      false,
      false,
    ]);
    assert.deepEqual([...(await store.scan("")).keys()], ["ab"]);
    await store.put("a", "again");
    assert.equal(text(await store.get("a")), "again");
    const both = [store.put("c", "1"), store.delete("c")] as const;
    assert.deepEqual(await Promise.all(both), [undefined, true]);
    assert.equal(await store.has("c"), false);
  });

  check("writes that are not awaited settle in the order of the calls", async (store) => {
    const settled: number[] = [];
    const writes = Array.from({ length: 50 }, (_, i) => store.put(`key${i % 7}`, `${i}`).then(() => settled.push(i)));
    await store.flush();
    await Promise.all(writes);
    assert.deepEqual(
      settled,
      [...settled].sort((a, b) => a - b),
    );
    assert.equal(text(await store.get("key0")), "49");
  });

  check("a thousand writers in flight lose nothing, and versions only grow", async (store) => {
    let last = 0;
    const writer = async (i: number) => {
      await store.put(`writer/${i}`, "1");
      await store.put(`writer/${i}`, "2");
      if (i % 2) await store.delete(`writer/${i}`);
      assert.ok(store.version >= last);
      last = store.version;
    };
    await Promise.all(Array.from({ length: 1000 }, (_, i) => writer(i)));
    assert.equal((await store.scan("writer/")).size, 500);
  });

  check("any bytes make a key, keys are in the order of their bytes, and the store copies them", async (store) => {
    const keys = [bytes(0), bytes(0, 0), bytes(0x80), bytes(0xff), bytes(0xff, 0), bytes(0xff, 0xff)];
    for (const [i, key] of keys.entries()) {
      const [own, value] = [key.slice(), bytes(i)];
      const put = store.put(own, value);
      own.fill(9);
      value.fill(9);
      await put;
    }
    assert.deepEqual(await store.keys({ keyEncoding: "bytes" }).toArray(), keys);
    assert.deepEqual(
      (await store.values().toArray()).map(([first]) => first),
      [0, 1, 2, 3, 4, 5],
    );
    await assert.rejects(store.scan(bytes(0xff)), misuse(TypeError, "not UTF-8"));
  });

  check("keys and values of every size", async (store) => {
    for (const length of [1, keyBytes - 1, keyBytes]) {
      await store.put("k".repeat(length), `${length}`);
      assert.equal(text(await store.get("k".repeat(length))), `${length}`);
    }
    for (const size of [0, 1, 4096, 131_073, 5 * MiB + 3]) {
      const value = new Uint8Array(size).map((_, i) => (i * 31 + size) % 251);
      await store.put("value", value);
      assert.deepEqual(await store.get("value"), value);
      assert.deepEqual((await store.values({ prefix: "v" }).toArray())[0], value);
    }
  });

  check("a batch is one commit; if a key comes twice, the last operation counts", async (store) => {
    await store.put("a", "0");
    const before = store.version;
    await store.batch([
      { type: "put", key: "a", value: "1" },
      { type: "put", key: "b", value: "2" },
      { type: "delete", key: "a" },
      { type: "put", key: "c", value: "3", ttl: 60_000 },
    ]);
    const records = await store.records().toArray();
    assert.deepEqual(
      records.map(({ key, value }) => `${key} ${text(value)}`),
      ["b 2", "c 3"],
    );
    assert.equal(new Set(records.map(({ version }) => version)).size, 1);
    assert.ok((records[0]?.version ?? 0) > before);
    assert.ok((records[1]?.expiresAt ?? 0) > Date.now() + 50_000);
    await store.batch([]);
    assert.equal(await store.count(), 2);
  });

  check("several keys are read at one version, in their order", async (store) => {
    await fill(store, 3000);
    const keys = Array.from({ length: 2500 }, (_, i) => (i % 2 ? numbered(i) : `missing${i}`));
    const values = await store.getMany(keys);
    assert.ok(values.every((value, i) => text(value) === (i % 2 ? `${i}` : undefined)));
    assert.deepEqual(await store.hasMany(["missing", numbered(0), numbered(0)]), [false, true, true]);
    const [entry, none] = await store.getEntries([numbered(7), "missing"]);
    assert.deepEqual([text(entry?.value), entry?.version, none], ["7", store.version, undefined]);
    assert.deepEqual(await store.getMany([]), []);
  });
}

function wrongArguments(check: AsyncCheck, kind: Kind): void {
  const { keyBytes } = LIMITS[kind];
  check("wrong keys, values and options are refused, and nothing is written", async (store) => {
    const wrong: readonly (readonly [unknown, typeof TypeError | typeof RangeError, string])[] = [
      ["", RangeError, "at least 1 byte"],
      ["k".repeat(keyBytes + 1), RangeError, `${keyBytes + 1} bytes`],
      ["a\uD800", TypeError, "lone surrogate"],
      [undefined, TypeError, "undefined as a key"],
      [42, TypeError, "the number 42 as a key"],
    ];
    for (const [key, type, message] of wrong) {
      const expected = misuse(type, message);
      await assert.rejects(store.get(key as Key), expected);
      await assert.rejects(store.put(key as Key, "value"), expected);
      await assert.rejects(store.delete(key as Key), expected);
      await assert.rejects(store.increment(key as Key), expected);
      await assert.rejects(store.batch([{ type: "put", key: key as Key, value: "" }]), expected);
      await assert.rejects(store.getMany([key as Key]), expected);
    }
    await assert.rejects(store.put("key", 1 as never as Value), misuse(TypeError, "the number 1 as a value"));
    await assert.rejects(store.put("key", new Uint8Array(64 * MiB + 1)), misuse(RangeError, "67108865 bytes"));
    await assert.rejects(store.put("key", "", { tll: 5 } as never), misuse(TypeError, "did you mean 'ttl'?"));
    await assert.rejects(store.put("key", "", { ttl: 0 }), misuse(RangeError, "'ttl'"));
    await assert.rejects(store.compareAndSet("key", -1, ""), misuse(RangeError, "expected version"));
    await assert.rejects(store.deleteRange(undefined as never), misuse(TypeError, "Cannot delete without a range"));
    await assert.rejects(store.deleteRange({ limit: undefined }), misuse(TypeError, "'limit'"));
    await assert.rejects(store.count({ gt: "a", gte: "b" }), misuse(TypeError, "got both"));
    await assert.rejects(
      store.commit([], { checks: [{ key: "a" } as never] }),
      misuse(TypeError, "expected a version"),
    );
    await assert.rejects(
      store.batch([{ type: "put", key: "a", value: "" }, { type: "nothing" } as never]),
      misuse(TypeError, "got 'nothing'"),
    );
    await assert.rejects(store.transaction(undefined as never), misuse(TypeError, "expected a function"));
    assert.throws(() => store.keys({ limt: 3 } as never), misuse(TypeError, "did you mean 'limit'?"));
    assert.throws(() => store.view({ prefix: "p", value: {} as never }), misuse(TypeError, "encode and decode"));
    assert.equal(await store.count(), 0);
  });
}

function ranges(check: AsyncCheck): void {
  check("random ranges have the same entries as a sorted list, in every form", async (store) => {
    const random = new Random(11);
    const name = () => "abc".charAt(random.below(3)) + "abcde".charAt(random.below(5)).repeat(random.below(3));
    const all = [...new Set(Array.from({ length: 60 }, name))].sort();
    await store.batch(all.map((key) => ({ type: "put", key, value: `=${key}` })));
    for (let round = 0; round < 100; round++) {
      const range: Record<string, unknown> = {};
      if (random.below(3) === 0) range.prefix = "abc"[random.below(3)];
      if (random.below(2) === 0) range[random.below(2) === 0 ? "gt" : "gte"] = name();
      if (random.below(2) === 0) range[random.below(2) === 0 ? "lt" : "lte"] = name();
      if (random.below(2) === 0) range.reverse = random.below(2) === 0;
      if (random.below(3) === 0) range.limit = random.below(6);
      const expected = keysIn(all, range);
      assert.deepEqual(await store.keys(range).toArray(), expected, JSON.stringify(range));
      assert.equal(await store.count(range), expected.length);
      const values: (string | undefined)[] = [];
      for await (const value of store.values(range)) values.push(text(value));
      assert.deepEqual(
        values,
        expected.map((key) => `=${key}`),
      );
    }
  });

  check("a walk sees one version from its first step to its last, over many pages", async (store) => {
    await fill(store, 5000);
    for (const reverse of [false, true]) {
      const walk = store.keys({ reverse })[Symbol.asyncIterator]();
      const seen = [(await walk.next()).value];
      await store.put("n000000x", "new");
      await store.delete(numbered(2500));
      await store.put(numbered(2600), "changed");
      for await (const key of walk) seen.push(key);
      assert.equal(seen.length, 5000);
      assert.equal(new Set(seen).size, 5000);
      await store.batch([
        { type: "put", key: numbered(2500), value: "again" },
        { type: "delete", key: "n000000x" },
      ]);
    }
    assert.equal(await store.count({ limit: 4500 }), 4500);
    assert.equal(await store.count({ limit: 4500, reverse: true }), 4500);
  });

  check("a cursor that has failed is not one that is at its end", async (store) => {
    await store.batch(["a", "b", "c"].map((key) => ({ type: "put", key, value: key })));
    const reason = new Error("enough");
    const failing = store.keys().map((key) => {
      if (key === "b") throw reason;
      return key;
    });
    using cursor = failing.cursor();
    await assert.rejects(cursor.nextMany(3), (error) => error === reason);
    await assert.rejects(cursor.nextMany(3), storeError("STORE_CLOSED", "failed before"));
  });

  check("helpers and cursors walk, seek and stop", async (store) => {
    await fill(store, 3000);
    const keys = store.keys({ limit: 2000 });
    assert.deepEqual(
      await keys
        .filter((key) => key.endsWith("7"))
        .map((key) => key.length)
        .take(3)
        .toArray(),
      [7, 7, 7],
    );
    using cursor = store.keys().cursor();
    await store.delete(numbered(1));
    assert.deepEqual(await cursor.nextMany(2), [numbered(0), numbered(1)]);
    cursor.seek(numbered(2998));
    assert.deepEqual(await cursor.nextMany(100), [numbered(2998), numbered(2999)]);
    assert.deepEqual(await cursor.nextMany(1), []);
    cursor.seek(numbered(5));
    assert.deepEqual(await cursor.nextMany(1), [numbered(5)]);
    cursor.dispose();
    await assert.rejects(cursor.nextMany(1), storeError("STORE_CLOSED"));
    const failing = store.keys().map(() => {
      throw new Error("enough");
    });
    await assert.rejects(failing.toArray(), /enough/);
  });

  check("deleteRange removes the entries of a range, and returns how many", async (store) => {
    await fill(store, 2500);
    assert.equal(await store.deleteRange({ gte: numbered(10), lt: numbered(2490) }), 2480);
    assert.equal(await store.deleteRange({ limit: 3, reverse: true }), 3);
    using before = store.snapshot();
    assert.equal(await before.count(), 17);
    await store.put("new", "1");
    assert.equal(await store.deleteRange({ snapshot: before }), 17);
    assert.deepEqual(await store.keys().toArray(), ["new"]);
  });

  check("approximateSize grows with a range", async (store) => {
    await fill(store, 100);
    const [part, whole] = [await store.approximateSize({ lt: numbered(50) }), await store.approximateSize()];
    assert.ok(part > 0 && whole >= part);
  });
}

function conditions(check: AsyncCheck, kind: Kind): void {
  check("compareAndSet and compareAndDelete need the expected version", async (store) => {
    assert.equal(await store.compareAndSet("key", undefined, "1"), true);
    const first = store.version;
    assert.equal(await store.compareAndSet("key", undefined, "2"), false);
    const { version } = (await store.getEntry("key")) ?? assert.fail();
    assert.equal(version, first);
    if (can(kind, "silentRefusals")) assert.equal(version, store.version);
    assert.deepEqual(
      await Promise.all([store.compareAndSet("key", version, "3"), store.compareAndSet("key", version, "4")]),
      [true, false],
    );
    assert.equal(await store.compareAndDelete("key", version), false);
    assert.equal(await store.compareAndDelete("key", (await store.getEntry("key"))?.version ?? 0), true);
    assert.equal(await store.has("key"), false);
    await store.put("key", "5");
    await store.delete("key");
    assert.equal(await store.compareAndSet("key", undefined, "6"), true);
  });

  check("a commit is done if all its checks are true, and says its version", async (store) => {
    const put = { type: "put", key: "a", value: "1" } as const;
    const first = await store.commit([put], { checks: [{ key: "lock", version: undefined }] });
    assert.equal(first, store.version);
    assert.equal(await store.commit([put], { checks: [{ key: "a", version: undefined }] }), undefined);
    const checks = [
      { key: "a", version: first },
      { key: "b", version: undefined },
    ];
    const second = await store.commit([{ type: "delete", key: "a" }], { checks });
    assert.ok((second ?? 0) > (first ?? 0));
    assert.equal(await store.has("a"), false);
    assert.equal(await store.commit([], { checks: [{ key: "a", version: undefined }] }), store.version);
  });

  check("of many writers with one condition, one wins", async (store) => {
    const wins = await Promise.all(Array.from({ length: 40 }, (_, i) => store.compareAndSet("key", undefined, `${i}`)));
    assert.equal(wins.filter((won) => won).length, 1);
    assert.equal(text(await store.get("key")), `${wins.indexOf(true)}`);
  });

  check("update changes a value in one step; touch keeps it", async (store) => {
    assert.equal(await store.update("key", (value) => (value ? "" : "1")), "1");
    assert.equal(await store.update("key", (value) => `${text(value)}2`, { ttl: 60_000 }), "12");
    assert.equal(await store.update("key", () => undefined), undefined);
    assert.equal(await store.update("key", (value) => `${text(value)}3`), "123");
    const { expiresAt = 0 } = (await store.getEntry("key")) ?? {};
    assert.ok(expiresAt > Date.now() + 50_000);
    assert.equal(await store.touch("key", Number.POSITIVE_INFINITY), true);
    assert.equal((await store.getEntry("key"))?.expiresAt, undefined);
    assert.equal(text(await store.get("key")), "123");
    assert.equal(await store.touch("missing", 1000), false);
    await assert.rejects(
      store.update("key", () => {
        throw new Error("enough");
      }),
      /enough/,
    );
    await assert.rejects(
      store.update("key", () => {
        void store.put("key", "inside").catch(() => {});
        return "outside";
      }),
      TypeError,
    );
  });
}

function counters(check: AsyncCheck): void {
  check("counters never lose an increment, and each call gets its own number", async (store) => {
    const numbers = await Promise.all(Array.from({ length: 100 }, () => store.increment("n")));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    assert.equal(await store.increment("n", -0.5), 99.5);
    assert.equal(await store.increment("big", 2n ** 64n - 1n), 2n ** 64n - 1n);
    assert.equal(await store.increment("big", 2n), 1n);
    assert.equal(await store.min("n", 7), 7);
    assert.equal(await store.max("n", 8), 8);
    assert.equal(await store.max("big", 0n), 1n);
    await Promise.all(["a", "b", "c"].map((end) => store.append("log", end)));
    assert.equal(text(await store.get("log")), "abc");
  });

  check("a batch counts and appends, and sees its earlier operations", async (store) => {
    await store.batch([
      { type: "put", key: "log", value: "1" },
      { type: "append", key: "log", value: "2" },
      { type: "increment", key: "n" },
      { type: "increment", key: "n", by: 4 },
      { type: "max", key: "n", value: 3 },
    ]);
    await store.batch([
      { type: "append", key: "log", value: "3" },
      { type: "min", key: "n", value: 2 },
    ]);
    assert.equal(text(await store.get("log")), "123");
    assert.equal(await store.increment("n", 0), 2);
  });

  check("what is no counter is refused, and nothing of its batch is written", async (store) => {
    await store.put("text", "text");
    await assert.rejects(store.increment("text"), TypeError);
    await assert.rejects(store.increment("n", Number.NaN), RangeError);
    await assert.rejects(store.increment("n", "1" as never), TypeError);
    const batch = store.batch([
      { type: "put", key: "a", value: "" },
      { type: "increment", key: "text" },
    ]);
    const beside = store.put("b", "1");
    await assert.rejects(batch, TypeError);
    await beside;
    assert.deepEqual(await store.keys().toArray(), ["b", "text"]);
  });

  check("typed views and parts have their keys, and no others", async (store) => {
    await store.put("outside", "1");
    const users = store.view({ prefix: "users/", value: jsonCodec<{ age: number }>() });
    await users.put("ada", { age: 36 });
    await users.batch([{ type: "put", key: "bob", value: { age: 7 } }]);
    assert.deepEqual(await users.get("ada"), { age: 36 });
    assert.deepEqual(await users.entries().toArray(), [
      ["ada", { age: 36 }],
      ["bob", { age: 7 }],
    ]);
    assert.deepEqual(await users.update("bob", (user) => ({ age: (user?.age ?? 0) + 1 })), { age: 8 });
    assert.equal(await users.count({ gt: "ada" }), 1);
    assert.equal(await users.compareAndSet("cy", undefined, { age: 1 }), true);
    assert.equal(await users.deleteRange({ prefix: "c" }), 1);
    using snapshot = store.snapshot();
    await users.delete("ada");
    assert.deepEqual(await snapshot.view(users).get("ada"), { age: 36 });
    const part = store.view({ prefix: "users/" });
    assert.deepEqual(await part.keys().toArray(), ["bob"]);
    assert.equal(await part.view({ prefix: "b", value: utf8Codec }).has("ob"), true);
    assert.throws(() => part.backup(), misuse(TypeError, "a part of a store"));
    await part.close();
    assert.deepEqual(await store.keys().toArray(), ["outside", "users/bob"]);
  });
}

/** Random operations on the store and on a plain map must agree. */
function agreement(withStore: WithAsyncStore, define: typeof test | typeof test.skip): void {
  const key = fc.uint8Array({ minLength: 1, maxLength: 4, max: 3 }).map((values) => values.map((value) => value + 97));
  const operation = fc.tuple(
    fc.constantFrom("put", "put", "put", "delete", "scan", "count"),
    key,
    fc.uint8Array({ maxLength: 300 }),
  );
  define("random operations agree with a plain map", () =>
    fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), (operations) =>
        withStore(async (store) => {
          const model = new Map<string, Uint8Array>();
          for (const [kind, key, value] of operations) {
            const name = text(key) ?? "";
            if (kind === "put") model.set(name, value.slice());
            if (kind === "put") void store.put(key, value);
            if (kind === "delete") assert.equal(await store.delete(key), model.delete(name));
            if (kind === "scan") assert.deepEqual([...(await store.scan(key))], sortedEntries(model, name));
            if (kind === "count") assert.equal(await store.count({ gte: key }), keysFrom(model, name).length);
            assert.deepEqual(await store.get(key), model.get(name));
          }
          assert.deepEqual([...(await store.scan(""))], sortedEntries(model, ""));
        }),
      ),
      { numRuns: 12, seed: 1 },
    ),
  );
}

function keysFrom(model: Map<string, Uint8Array>, from: string): string[] {
  return [...model.keys()].filter((key) => key >= from);
}

function sortedEntries(model: Map<string, Uint8Array>, prefix: string): [string, Uint8Array][] {
  return [...model].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
}

function keysIn(all: readonly string[], { prefix = "", gt, gte, lt, lte, reverse, limit }: KeyRange<string>): string[] {
  const found = all.filter(
    (key) =>
      key.startsWith(prefix) &&
      (gt === undefined || key > gt) &&
      (gte === undefined || key >= gte) &&
      (lt === undefined || key < lt) &&
      (lte === undefined || key <= lte),
  );
  return (reverse ? found.toReversed() : found).slice(0, limit);
}
