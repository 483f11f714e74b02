/**
 * Parts of the shared suite: the rest of the interface, on every store.
 *
 * @module
 */

import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { type Codec, jsonCodec, type KeyRange, MemoryStore, type ReadRange, type Store, utf8Codec } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { slowClock } from "../support/slow_clock.ts";

/** Defines one test with a fresh, empty store. */
export type Check = (what: string, use: (store: Store) => Promise<void>) => unknown;

const reason = new Error("enough");
const isReason = (error: unknown) => error === reason;
const bytes = (...values: number[]) => Uint8Array.from(values);
const numbered = (i: number) => `n${String(i).padStart(6, "0")}`;

async function fill(store: Store, count: number): Promise<void> {
  await store.batch(Array.from({ length: count }, (_, i) => ({ type: "put", key: numbered(i), value: `${i}` })));
}

async function collect<T>(walk: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of walk) all.push(each);
  return all;
}

/** Calls that may be done before they return, with how often each is awaited before a timer must have run. */
const AT_ONCE: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get("key"),
  getEntry: (store) => store.getEntry("key"),
  getMany: (store) => store.getMany(["key", "other"]),
  has: (store) => store.has("key"),
  versions: (store) => store.versions("key"),
  count: (store) => store.count(),
  scan: (store) => store.scan("k"),
  entries: async (store) => {
    for await (const _ of store.entries({ limit: 1 }));
  },
  deleteRange: (store) => store.deleteRange({ prefix: "nothing" }),
  compareAndSet: (store) => store.compareAndSet("key", 1_000_000, ""),
  transaction: (store) => store.transaction((tx) => tx.get("key")),
  "get of a view": (store) => store.view({ prefix: "k", codec: utf8Codec }).get("ey"),
  "has of a view": (store) => store.view({ prefix: "k", codec: utf8Codec }).has("ey"),
  "get of a snapshot": async (store) => {
    using snapshot = store.snapshot();
    await snapshot.get("key");
  },
};

/** Tests that the event loop turns. */
export function turns(check: Check): void {
  check("calls that are awaited one after the other let timers run", async (store) => {
    await store.put("key", "value");
    for (const [name, call] of Object.entries(AT_ONCE)) {
      let hasTurned = false;
      setImmediate(() => {
        hasTurned = true;
      });
      for (let i = 0; i < 1_000_000 && !hasTurned; i++) await call(store);
      assert.ok(hasTurned, name);
    }
  });
}

/** Tests of ranges, iterators and counts. */
export function ranges(check: Check): void {
  check("random ranges have the same entries as a sorted list, in every form", async (store) => {
    const random = new Random(11);
    const name = () => "abc".charAt(random.below(3)) + "abcde".charAt(random.below(5)).repeat(random.below(3));
    const all = [...new Set(Array.from({ length: 60 }, name))].sort();
    await store.batch(all.map((key) => ({ type: "put", key, value: `=${key}` })));
    for (let round = 0; round < 300; round++) {
      const range: Record<string, unknown> = {};
      if (random.below(3) === 0) range.prefix = "abc"[random.below(3)];
      if (random.below(2) === 0) range[random.below(2) === 0 ? "gt" : "gte"] = name();
      if (random.below(2) === 0) range[random.below(2) === 0 ? "lt" : "lte"] = name();
      if (random.below(2) === 0) range.reverse = random.below(2) === 0;
      if (random.below(3) === 0) range.limit = random.below(6);
      const expected = expectedKeys(all, range);
      assert.deepEqual([...store.keys(range)], expected, JSON.stringify(range));
      assert.equal(store.countSync(range), expected.length);
      assert.deepEqual(
        [...store.values(range)].map(text),
        expected.map((key) => `=${key}`),
      );
      if (round % 10 === 0) {
        assert.deepEqual(
          (await collect(store.entries(range))).map(([key]) => key),
          expected,
        );
        assert.equal(await store.count(range), expected.length);
      }
    }
  });

  check("an iterator sees one version from its first step to its last, over many pages", async (store) => {
    await fill(store, 12_000);
    for (const walk of [store.keys(), store.keys({ reverse: true })]) {
      const steps = walk[Symbol.iterator]();
      const seen = [steps.next().value];
      store.putSync("n000000x", "new");
      store.deleteSync(numbered(6000));
      for (const key of steps) seen.push(key);
      assert.equal(seen.length, 12_000);
      assert.equal(new Set(seen).size, 12_000);
      store.putSync(numbered(6000), "again");
      store.deleteSync("n000000x");
    }
    assert.equal((await collect(store.values({ limit: 11_000 }))).length, 11_000);
  });

  check("an iterator that is left early, or that fails, holds no snapshot", async (store) => {
    await fill(store, 12_000);
    for (const [key] of store.entries()) if (key === numbered(3)) break;
    for await (const key of store.keys()) if (key === numbered(3)) break;
    const failing: Codec<string> = {
      encode: (value) => value,
      decode: () => {
        throw reason;
      },
    };
    assert.throws(() => [...store.view({ prefix: "n", codec: failing }).values()], isReason);
    await assert.rejects(collect(store.view({ prefix: "n", codec: failing }).entries()), isReason);
    assert.equal(store.metrics().openSnapshots, 0);
  });

  check("an iterator over many entries lets the event loop turn", async (store) => {
    await fill(store, 30_000);
    using _slow = slowClock();
    const turnsDuring = async (call: () => Promise<number>) => {
      let [turns, running] = [0, true];
      const turn = () => {
        turns += 1;
        if (running) setImmediate(turn);
      };
      setImmediate(turn);
      assert.equal(await call(), 30_000);
      running = false;
      return turns;
    };
    assert.ok((await turnsDuring(async () => (await collect(store.entries())).length)) > 1);
    assert.ok((await turnsDuring(() => store.count())) > 1);
  });

  check("keys are bytes with the encoding bytes, and then any key is allowed", async (store) => {
    await store.put(bytes(0xff, 1), "value");
    await store.put("é", "value");
    const range: ReadRange<"bytes"> = { keyEncoding: "bytes" };
    assert.deepEqual([...store.keys(range)], [bytes(0xc3, 0xa9), bytes(0xff, 1)]);
    assert.throws(() => [...store.keys()], misuse(TypeError, "not UTF-8"));
    assert.equal(store.metrics().openSnapshots, 0);
  });

  check("getMany reads all keys at one version, in their order", async (store) => {
    await fill(store, 1000);
    const keys = Array.from({ length: 700 }, (_, i) => numbered((i * 7) % 1100));
    const reading = store.getMany(keys);
    for (const key of keys) store.put(key, "changed");
    const expected = keys.map((key) => (Number(key.slice(1)) < 1000 ? `${Number(key.slice(1))}` : undefined));
    assert.deepEqual((await reading).map(text), expected);
    assert.deepEqual(store.getManySync(["none", numbered(0)]).map(text), [undefined, "changed"]);
    assert.deepEqual(await store.getMany([]), []);
    await assert.rejects(store.getMany("keys" as never), misuse(TypeError, "a string as keys"));
    assert.equal(store.metrics().openSnapshots, 0);
  });

  check("a signal stops long calls, before they begin and meanwhile", async (store) => {
    await fill(store, 30_000);
    const long: ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => store.count({}, { signal }),
      (signal) => store.scan("", { signal }),
      (signal) =>
        store.getMany(
          Array.from({ length: 20_000 }, (_, i) => numbered(i)),
          { signal },
        ),
      (signal) => store.deleteRange({}, { signal }),
      (signal) => store.compact({ signal }),
      (signal) => store.verify({ signal }),
      (signal) => store.view({ prefix: "n", codec: utf8Codec }).count({}, { signal }),
      (signal) => store.approximateSize({}, { signal }),
      (signal) => store.view({ prefix: "n", codec: utf8Codec }).approximateSize({}, { signal }),
    ];
    for (const call of long) await assert.rejects(call(AbortSignal.abort(reason)), isReason);
    assert.equal(await store.count(), 30_000);
    // Meanwhile: the first step is done, and the next one checks the signal.
    let looks = 0;
    const late = Object.assign(new EventTarget(), {
      throwIfAborted() {
        if (looks++ > 0) throw reason;
      },
    }) as unknown as AbortSignal;
    await assert.rejects(store.deleteRange({}, { signal: late }), isReason);
    const left = await store.count();
    assert.ok(left > 0 && left < 30_000);
    assert.equal(store.metrics().openSnapshots, 0);
  });

  check("a wrong range is refused", async (store) => {
    const wrong: [unknown, typeof TypeError | typeof RangeError, string][] = [
      ["a", TypeError, "a string as a range"],
      [null, TypeError, "null as a range"],
      [{ from: "a" }, TypeError, "Unknown range option 'from'"],
      [{ gt: "a", gte: "a" }, TypeError, "'gt' or 'gte', got both"],
      [{ lt: "a", lte: "a" }, TypeError, "'lt' or 'lte', got both"],
      [{ prefix: null }, TypeError, "null as a prefix"],
      [{ gt: null }, TypeError, "null as a bound 'gt'"],
      [{ gte: null }, TypeError, "null as a bound 'gte'"],
      [{ lt: null }, TypeError, "null as a bound 'lt'"],
      [{ lte: null }, TypeError, "null as a bound 'lte'"],
      [{ gt: null, gte: "a" }, TypeError, "got both"],
      [{ keyEncoding: null }, TypeError, "'keyEncoding'"],
      [{ reverse: null }, TypeError, "'reverse'"],
      [{ limit: null }, TypeError, "'limit'"],
      [{ lt: "" }, RangeError, "an empty one, which is below every key"],
      [{ lte: "" }, RangeError, "an empty one, which is below every key"],
      [{ reverse: 1 }, TypeError, "'reverse'"],
      [{ limit: "1" }, TypeError, "'limit'"],
      [{ limit: -1 }, RangeError, "'limit'"],
      [{ limit: 1.5 }, RangeError, "'limit'"],
    ];
    for (const [range, type, message] of wrong) {
      const expected = misuse(type, message);
      assert.throws(() => store.entries(range as KeyRange), expected);
      assert.throws(() => store.keys(range as KeyRange), expected);
      assert.throws(() => store.values(range as KeyRange), expected);
      assert.throws(() => store.countSync(range as KeyRange), expected);
      await assert.rejects(store.count(range as KeyRange), expected);
      await assert.rejects(store.approximateSize(range as KeyRange), expected);
      await assert.rejects(store.deleteRange(range as KeyRange), expected);
      assert.throws(() => store.watch(range as KeyRange), expected);
    }
    assert.throws(() => store.keys({ keyEncoding: "hex" as never }), misuse(TypeError, "'keyEncoding'"));
  });

  check("approximateSize grows with the range, and has about the bytes of the entries", async (store) => {
    assert.equal(await store.approximateSize(), 0);
    const random = new Random(1);
    const value = () => random.bytes(100);
    await store.batch(Array.from({ length: 20_000 }, (_, i) => ({ type: "put", key: numbered(i), value: value() })));
    const written = 20_000 * (100 + numbered(0).length);
    const about = (size: number, expected: number) =>
      assert.ok(size > 0.9 * expected && size < 1.3 * expected, `${size} bytes, not about ${expected}`);
    for (const ready of [() => store.flush(), () => store.compact()]) {
      await ready();
      const whole = await store.approximateSize();
      about(whole, written);
      about(await store.approximateSize({ gte: numbered(5000), lt: numbered(10_000) }), written / 4);
      // Each range has the one before.
      const wider: KeyRange[] = [
        { gt: numbered(9990), lt: numbered(10_010) },
        { gte: numbered(9990), lte: numbered(10_010) },
        { prefix: "n0", gt: numbered(9900), lte: numbered(10_010) },
        { gte: numbered(9000), lt: "o" },
        { prefix: "n0" },
        {},
      ];
      let last = 1;
      for (const range of wider) {
        const size = await store.approximateSize(range);
        assert.ok(size >= last && size <= whole, `${size} of ${whole}, after ${last}`);
        assert.equal(await store.approximateSize({ ...range, reverse: true, limit: 1 }), size);
        last = size;
      }
      assert.equal(last, whole);
      assert.ok((await store.approximateSize(wider[0])) < 20_000);
      assert.equal(await store.approximateSize({ gte: numbered(20), lt: numbered(20) }), 0);
      assert.equal(await store.approximateSize({ gte: numbered(20), lte: numbered(10) }), 0);
      assert.equal(
        await store.view({ prefix: "n01" }).approximateSize(),
        await store.approximateSize({ prefix: "n01" }),
      );
      const typed = store.view({ prefix: "n", codec: utf8Codec });
      assert.equal(await typed.approximateSize({ gte: "01" }), await store.approximateSize({ gte: "n01", lt: "o" }));
    }
    using snapshot = store.snapshot();
    await assert.rejects(store.approximateSize({ snapshot } as KeyRange), misuse(TypeError, "'snapshot'"));
  });

  check("deleteRange does not treat an undefined option as missing", async (store) => {
    await fill(store, 3);
    const view = store.view({ prefix: "n", codec: utf8Codec });
    for (const name of ["prefix", "gt", "gte", "lt", "lte", "limit"]) {
      const range = { [name]: undefined };
      const expected = misuse(TypeError, `'${name}': expected a`);
      await assert.rejects(store.deleteRange(range), expected);
      await assert.rejects(store.deleteRange({ gte: "n", ...range }), expected);
      assert.throws(() => store.deleteRangeSync(range), expected);
      await assert.rejects(view.deleteRange(range), expected);
      assert.equal(await store.count(range), 3);
      assert.equal([...store.keys(range)].length, 3);
      assert.equal(await view.count(range), 3);
    }
    assert.equal(await store.deleteRange({ prefix: "n", reverse: undefined, limit: 1 } as unknown as KeyRange), 1);
    assert.equal(await store.deleteRange({}), 2);
  });

  check("an empty lower bound is the start", async (store) => {
    await fill(store, 3);
    const view = store.view({ prefix: "n", codec: utf8Codec });
    for (const range of [{ gt: "" }, { gte: "" }, { gt: bytes() }]) {
      assert.equal([...store.keys(range)].length, 3);
      assert.equal([...store.keys({ ...range, reverse: true, limit: 2 })].length, 2);
      assert.equal(await view.count(range), 3);
      assert.equal(await store.count({ ...range, prefix: "n000001" }), 1);
    }
    assert.equal(await store.deleteRange({ gt: "", lt: "n000002" }), 2);
  });

  check("bounds are copied: changing them does not change an iterator", async (store) => {
    await fill(store, 2500);
    const encode = (key: string) => new TextEncoder().encode(key);
    const [prefix, gte, lt] = [encode("n"), encode("n000000"), encode("n002500")];
    const walks = [store.keys({ prefix, gte, lt }), store.keys({ prefix }), store.keys({ gte }), store.keys({ lt })];
    for (const each of [prefix, gte, lt]) each.fill(0xff);
    for (const walk of walks) assert.equal([...walk].length, 2500);
  });
}

function expectedKeys(all: readonly string[], range: KeyRange): string[] {
  const { prefix = "", gt, gte, lt, lte } = range as Record<string, string | undefined>;
  const inside = all.filter(
    (key) =>
      key.startsWith(prefix) &&
      (gt === undefined || key > gt) &&
      (gte === undefined || key >= gte) &&
      (lt === undefined || key < lt) &&
      (lte === undefined || key <= lte),
  );
  return (range.reverse ? inside.reverse() : inside).slice(0, range.limit ?? inside.length);
}

/** Tests of batches, expiry, deleted ranges, compare and set. */
export function writes(check: Check): void {
  check("a batch is one commit; if a key comes twice, the last operation counts", async (store) => {
    await store.put("gone", "1");
    const before = store.version;
    await store.batch([
      { type: "put", key: "twice", value: "first" },
      { type: "delete", key: "gone" },
      { type: "put", key: "twice", value: "last" },
    ]);
    assert.equal(store.version, before + 1);
    assert.deepEqual(
      [...store.entries()].map(([key, value]) => [key, text(value)]),
      [["twice", "last"]],
    );
    store.batchSync([{ type: "delete", key: "twice" }]);
    await store.batch([]);
    assert.equal(store.countSync(), 0);
    assert.equal(store.version, before + 2);
  });

  check("a wrong batch is refused, and nothing is written", async (store) => {
    const good = { type: "put", key: "good", value: "1" } as const;
    const wrong: [unknown, typeof TypeError | typeof RangeError, string][] = [
      [good, TypeError, "expected an array of operations"],
      [[good, { type: "move", key: "a" }], TypeError, "Wrong operation of a batch"],
      [[good, undefined], TypeError, "Wrong operation of a batch"],
      [[good, { type: "put", key: "", value: "" }], RangeError, "empty key"],
      [[good, { type: "put", key: "a", value: "", ttl: -1 }], RangeError, "'ttl'"],
      [[good, { type: "delete", key: 1 }], TypeError, "the number 1 as a key"],
    ];
    for (const [operations, type, message] of wrong) {
      await assert.rejects(store.batch(operations as never), misuse(type, message));
      assert.throws(() => store.batchSync(operations as never), misuse(type, message));
    }
    const value = new Uint8Array(64 * 1024 * 1024);
    const five = Array.from({ length: 5 }, (_, i) => ({ type: "put" as const, key: `${i}`, value }));
    await assert.rejects(store.batch(five), misuse(RangeError, "the limit is 268435456"));
    assert.equal(store.countSync(), 0);
  });

  check("no read finds a value after its time", async (store) => {
    await store.put("short", "1", { ttl: 40 });
    await store.batch([{ type: "put", key: "long", value: "2", ttl: 3_600_000 }]);
    const entry = await store.getEntry("long");
    const left = (entry?.expiresAt ?? 0) - Date.now();
    assert.ok(left > 3_500_000 && left <= 3_600_000);
    const expiresAt = (await store.versions("short"))[0]?.expiresAt ?? Date.now();
    while (Date.now() < expiresAt) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(await store.get("short"), undefined);
    assert.equal(store.hasSync("short"), false);
    assert.equal(await store.getEntry("short"), undefined);
    assert.deepEqual([...store.keys()], ["long"]);
    assert.equal(await store.count(), 1);
    const [gone] = store.versionsSync("short");
    // A store in memory may have dropped it already.
    if (gone) assert.deepEqual([gone.deleted, gone.value, gone.expiresAt], [false, undefined, expiresAt]);
    assert.equal(await store.compareAndSet("short", undefined, "again"), true);
  });

  check("a wrong ttl is refused", async (store) => {
    for (const ttl of [0, -1, Number.NaN, Number.NEGATIVE_INFINITY]) {
      await assert.rejects(store.put("key", "", { ttl }), misuse(RangeError, "'ttl'"));
    }
    await assert.rejects(store.put("key", "", { ttl: "1" as never }), misuse(TypeError, "'ttl'"));
    assert.throws(() => store.putSync("key", "", 5 as never), misuse(TypeError, "the number 5 as options"));
    assert.equal(store.countSync(), 0);
  });

  check("deleteRange removes the entries of the range and returns how many", async (store) => {
    await fill(store, 25_000);
    await store.put("other", "stays");
    assert.equal(await store.deleteRange({ prefix: "n", gte: numbered(24_000) }), 1000);
    assert.equal(store.deleteRangeSync({ prefix: "n", limit: 10, reverse: true }), 10);
    assert.equal(store.hasSync(numbered(23_990)), false);
    assert.equal(await store.deleteRange({ prefix: "n", limit: 0 }), 0);
    assert.equal(await store.deleteRange({ prefix: "n" }), 23_990);
    assert.deepEqual([...store.keys()], ["other"]);
  });

  check("deleteRange without a range deletes nothing", async (store) => {
    await store.put("key", "value");
    await assert.rejects(store.deleteRange(undefined as never), misuse(TypeError, "without a range"));
    assert.throws(() => store.deleteRangeSync(undefined as never), misuse(TypeError, "without a range"));
    const view = store.view({ prefix: "k", codec: utf8Codec });
    await assert.rejects(view.deleteRange(undefined as never), misuse(TypeError, "without a range"));
    assert.equal(await store.deleteRange({}), 1);
  });

  check("compareAndSet sets a key only if its version is the expected one", async (store) => {
    assert.equal(await store.compareAndSet("key", undefined, "1"), true);
    assert.equal(await store.compareAndSet("key", undefined, "2"), false);
    const version = store.getEntrySync("key")?.version ?? assert.fail("not there");
    assert.equal(version, store.version);
    assert.equal(store.compareAndSetSync("key", version, "3", { ttl: 3_600_000 }), true);
    assert.equal(store.compareAndSetSync("key", version, "4"), false);
    assert.equal(text(store.getSync("key")), "3");
    await store.delete("key");
    assert.equal(await store.compareAndSet("key", undefined, "5"), true);
    await assert.rejects(store.compareAndSet("key", "1" as never, ""), misuse(TypeError, "Wrong expected version"));
    for (const none of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY]) {
      await assert.rejects(store.compareAndSet("key", none, ""), misuse(RangeError, `got ${none}`));
    }
    const bumps = await Promise.all(
      Array.from({ length: 20 }, () => store.compareAndSet("key", store.getEntrySync("key")?.version, "once")),
    );
    assert.equal(bumps.filter(Boolean).length, 20);
  });

  check("a transaction may have no limit, and may delete", async (store) => {
    await fill(store, 3);
    await store.transaction((tx) => {
      tx.delete(numbered(0));
      const limit = Number.POSITIVE_INFINITY;
      assert.deepEqual([...tx.keys({ limit })], [numbered(1), numbered(2)]);
      assert.equal(tx.countSync({ limit }), 2);
      assert.throws(() => tx.keys({ snapshot: {} as never }), misuse(TypeError, "only ranges of a store"));
    });
  });
}

/** Tests of snapshots. */
export function snapshots(check: Check): void {
  check("a snapshot stays as it was, whatever is written", async (store) => {
    await fill(store, 3000);
    const version = store.version;
    using snapshot = store.snapshot();
    await store.deleteRange({});
    await store.put("new", "1");
    await store.compact();
    assert.equal(snapshot.version, version);
    assert.equal(text(snapshot.getSync(numbered(7))), "7");
    assert.equal((await snapshot.getEntry(numbered(7)))?.version, version);
    assert.equal(await snapshot.has("new"), false);
    assert.equal(await snapshot.count(), 3000);
    assert.equal((await snapshot.scan("n00000")).size, 10);
    assert.deepEqual([...store.keys()], ["new"]);
    assert.deepEqual([...store.keys({ snapshot, limit: 1 })], [numbered(0)]);
    assert.equal([...store.entries({ snapshot })].length, 3000);
    assert.equal([...store.values({ snapshot, reverse: true, limit: 2 })].length, 2);
    assert.equal(await store.count({ snapshot }), 3000);
    assert.equal(store.countSync({ snapshot, prefix: "n00000" }), 10);
  });

  check("a disposed snapshot, and one of another store, are refused", async (store) => {
    const snapshot = store.snapshot();
    assert.equal(store.metrics().openSnapshots, 1);
    snapshot.dispose();
    snapshot.dispose();
    assert.equal(store.metrics().openSnapshots, 0);
    await assert.rejects(snapshot.get("key"), storeError("STORE_CLOSED", "disposed"));
    assert.throws(() => store.keys({ snapshot }), storeError("STORE_CLOSED", "disposed"));
    await using other = new MemoryStore();
    using foreign = other.snapshot();
    for (const wrong of [foreign, {} as never]) {
      assert.throws(() => store.keys({ snapshot: wrong }), misuse(TypeError, "expected one of this store"));
    }
    await assert.rejects(store.deleteRange({ snapshot: foreign } as never), misuse(TypeError, "'snapshot'"));
    assert.throws(() => store.snapshot({ version: store.version + 1 }), misuse(RangeError, "'version'"));
    assert.throws(() => store.snapshot({ version: "1" as never }), misuse(TypeError, "'version'"));
  });

  check("a snapshot, an iterator, a count and a transaction end with their store", async (store) => {
    await fill(store, 30_000);
    const snapshot = store.snapshot();
    const walks = [store.keys(), snapshot.keys()].map((walk) => walk[Symbol.iterator]());
    for (const walk of walks) walk.next();
    const closed = storeError("STORE_CLOSED");
    const ended = [
      store.transaction(async (tx) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return tx.get("key");
      }),
    ].map((promise) => assert.rejects(promise, closed));
    const closing = store.close();
    await Promise.all(ended);
    await closing;
    assert.throws(() => snapshot.getSync(numbered(0)), closed);
    assert.throws(() => [...snapshot.keys()], closed);
    for (const walk of walks) assert.throws(() => [...walk], closed);
    snapshot.dispose();
    await store.close();
  });
}

/** Tests of views. */
export function views(check: Check): void {
  const users = (store: Store) => store.view({ prefix: "users/", codec: jsonCodec<{ email: string }>() });

  check("a view has decoded values, and keys without its prefix", async (store) => {
    const view = users(store);
    const alice = { email: "alice@example.org" };
    await view.put("alice", alice);
    view.putSync("bob", { email: "" });
    await view.batch([
      { type: "put", key: "carol", value: { email: "c" }, ttl: 3_600_000 },
      { type: "delete", key: "bob" },
    ]);
    assert.deepEqual(await view.get("alice"), alice);
    assert.deepEqual(view.getSync("alice"), alice);
    assert.equal(await view.get("bob"), undefined);
    assert.deepEqual(await view.getMany(["alice", "bob"]), [alice, undefined]);
    assert.deepEqual([await view.has("alice"), view.hasSync("bob")], [true, false]);
    assert.deepEqual([...view.keys()], ["alice", "carol"]);
    assert.deepEqual([...view.entries({ reverse: true, limit: 1 })], [["carol", { email: "c" }]]);
    assert.deepEqual([...view.values({ lt: "b" })], [alice]);
    assert.equal(await view.count(), 2);
    assert.deepEqual([...store.keys()], ["users/alice", "users/carol"]);
    assert.ok((store.getEntrySync("users/carol")?.expiresAt ?? 0) > Date.now());
    await view.delete("alice");
    view.deleteSync("carol");
    assert.equal(store.countSync(), 0);
  });

  check("a view reaches no key outside its prefix, whatever range and prefix it gets", async (store) => {
    const around = ["users", "users.", "users/", "users0", "userz", "a", "z"];
    await store.batch(around.map((key) => ({ type: "put", key, value: '"outside"' })));
    const view = store.view({ prefix: "users/", codec: jsonCodec<string>() });
    await view.put("in", "side");
    // The entry whose key is the prefix itself has the empty key in the view.
    const inside = ["", "in"];
    for (const range of [{}, { gte: "\u0000" }, { lt: "\u{10FFFF}" }, { reverse: true }, { prefix: "" }]) {
      assert.deepEqual(
        [...view.keys(range)].filter((key) => !inside.includes(key)),
        [],
      );
      assert.ok([...view.keys(range)].includes("in"));
    }
    assert.equal(view.getSync("../a"), undefined);
    await view.deleteRange({ gte: "\u0000" });
    assert.equal(await view.deleteRange({}), 1);
    assert.deepEqual([...store.keys()], around.filter((key) => key !== "users/").sort());
    const last = store.view({ prefix: bytes(0xff), codec: utf8Codec });
    await last.put("k", "v");
    assert.deepEqual([...last.entries()], [["k", "v"]]);
    assert.equal(await last.deleteRange({ prefix: "k" }), 1);
  });

  check("a view of a view has both prefixes; a character may be split between them", async (store) => {
    const outer = store.view({ prefix: "a/", codec: utf8Codec });
    const inner = outer.view({ prefix: "b/", codec: utf8Codec });
    await inner.put("ü", "Straße");
    assert.deepEqual([...store.keys()], ["a/b/ü"]);
    assert.deepEqual([...outer.entries()], [["b/ü", "Straße"]]);
    assert.deepEqual([...inner.entries()], [["ü", "Straße"]]);
    const half = store.view({ prefix: bytes(0x61, 0x2f, 0x62, 0x2f, 0xc3), codec: utf8Codec });
    assert.throws(() => [...half.keys()], misuse(TypeError, "not UTF-8"));
    assert.deepEqual([...half.values()], ["Straße"]);
  });

  check("a view refuses wrong arguments, before anything is written", async (store) => {
    const wrong = store.view.bind(store) as (options: unknown) => unknown;
    for (const without of [{ value: undefined }, { codec: undefined }, { key: utf8Codec }]) {
      assert.throws(() => wrong({ prefix: "a", ...without }), misuse(TypeError, "'value'"));
    }
    assert.throws(() => wrong({ prefix: 1, codec: utf8Codec }), misuse(TypeError, "as a prefix"));
    const view = users(store);
    await assert.rejects(view.put("", { email: "" }), misuse(RangeError, "empty key"));
    await assert.rejects(view.put("k".repeat(64_995), { email: "" }), misuse(RangeError, "65001 bytes"));
    await assert.rejects(view.put("a", undefined as never), misuse(TypeError, "Cannot encode undefined as JSON"));
    await assert.rejects(view.getMany("ab" as never), misuse(TypeError, "as keys"));
    await assert.rejects(view.batch({} as never), misuse(TypeError, "as a batch"));
    await assert.rejects(view.batch([{ type: "move", key: "a" } as never]), misuse(TypeError, "Wrong operation"));
    assert.throws(
      () => store.view({ prefix: "", codec: utf8Codec }).putSync("a", 1 as never),
      misuse(TypeError, "text"),
    );
    assert.equal(store.countSync(), 0);
    await store.put("users/broken", "{");
    assert.throws(() => view.getSync("broken"), SyntaxError);
  });
}
