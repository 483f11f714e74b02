/**
 * Parts of the shared suite: conditional writes, updates, expiry by touch, and durability by write.
 *
 * @module
 */

import assert from "node:assert/strict";
import { jsonCodec, type Transaction, utf8Codec } from "../../mod.ts";
import { float64Codec, uint64Codec } from "../../src/codecs/mod.ts";
import { misuse, text } from "../support/expect.ts";
import type { Check } from "./parts.ts";

const HOUR = 3_600_000;

/** Tests of commits with checks, and of conditional deletions. */
export function conditionalWrites(check: Check): void {
  check("a commit is done if all its checks are true, and says its version", async (store) => {
    await store.put("a", "1");
    const version = store.version;
    const operations = [
      { type: "put", key: "b", value: "2" },
      { type: "delete", key: "a" },
    ] as const;
    const checks = [
      { key: "a", version },
      { key: "b", version: undefined },
    ];
    assert.equal(await store.commit(operations, { checks }), store.version);
    assert.ok(store.version > version);
    assert.deepEqual([...store.keys()], ["b"]);
    const after = store.version;
    assert.equal(await store.commit(operations, { checks }), undefined);
    assert.equal(store.commitSync(operations, { checks: [{ key: "b", version: undefined }] }), undefined);
    assert.equal(store.version, after);
    assert.equal(store.commitSync([], { checks: [{ key: "b", version: after }] }), after);
    assert.equal(store.commitSync([{ type: "put", key: "c", value: "" }]), store.version);
    assert.ok(store.version > after);
  });

  check("a commit refuses wrong checks and operations, before anything is written", async (store) => {
    await store.put("a", "1");
    const put = { type: "put", key: "b", value: "" } as const;
    const wrong = (checks: unknown) => store.commit([put], { checks } as never);
    await assert.rejects(wrong({}), misuse(TypeError, "'checks'"));
    await assert.rejects(wrong([undefined]), misuse(TypeError, "expected a version"));
    await assert.rejects(wrong([{ key: "a" }]), misuse(TypeError, "expected a version"));
    await assert.rejects(wrong([{ key: "a", version: "1" }]), misuse(TypeError, "expected version"));
    await assert.rejects(wrong([{ key: "a", version: -1 }]), misuse(RangeError, "-1"));
    await assert.rejects(wrong([{ key: "", version: 1 }]), misuse(RangeError, "empty key"));
    await assert.rejects(wrong([{ key: "a", vers: 1 }]), misuse(TypeError, "Unknown property of a check 'vers'"));
    // A wrong check is refused even after one that is not true.
    await assert.rejects(
      wrong([
        { key: "a", version: 1_000_000 },
        { key: 5, version: 1 },
      ]),
      misuse(TypeError, "as a key"),
    );
    await assert.rejects(store.commit([{ ...put, key: "" }]), misuse(RangeError, "empty key"));
    assert.equal(store.countSync(), 1);
  });

  check("compareAndDelete removes a key whose version is the expected one", async (store) => {
    await store.put("key", "value");
    const { version = 0 } = (await store.getEntry("key")) ?? {};
    assert.equal(await store.compareAndDelete("key", version + 1), false);
    assert.equal(store.compareAndDeleteSync("other", version), false);
    assert.equal(await store.compareAndDelete("key", version), true);
    assert.equal(store.hasSync("key"), false);
    store.putSync("key", "again");
    assert.equal(store.compareAndDeleteSync("key", version), false);
    assert.equal(store.compareAndDeleteSync("key", store.version), true);
    await assert.rejects(store.compareAndDelete("key", undefined as never), misuse(TypeError, "undefined"));
    await assert.rejects(store.compareAndDelete("key", 1.5), misuse(RangeError, "1.5"));
  });
}

/** Tests of updates and of expiry. */
export function updates(check: Check): void {
  check("update changes a value in one step, and keeps its expiry", async (store) => {
    const add = (value: Uint8Array | undefined) => `${value ? text(value) : ""}x`;
    const writes = Array.from({ length: 100 }, () => store.update("key", add));
    assert.equal((await Promise.all(writes)).at(-1), "x".repeat(100));
    assert.equal(store.updateSync("key", add), "x".repeat(101));
    assert.equal(store.getEntrySync("key")?.expiresAt, undefined);
    store.updateSync("key", add, { ttl: HOUR });
    const { expiresAt } = store.getEntrySync("key") ?? {};
    assert.ok(expiresAt);
    store.updateSync("key", add);
    assert.equal(store.getEntrySync("key")?.expiresAt, expiresAt);
    store.updateSync("key", add, { ttl: Number.POSITIVE_INFINITY });
    assert.equal(store.getEntrySync("key")?.expiresAt, undefined);
    const { version } = store;
    assert.equal(
      store.updateSync("key", () => undefined),
      undefined,
    );
    assert.equal(await store.update("missing", () => undefined), undefined);
    assert.equal(store.version, version);
  });

  check("an update that fails, waits or writes itself changes nothing", async (store) => {
    await store.put("key", "value");
    const { version } = store;
    const reason = new Error("enough");
    const failing = () => {
      throw reason;
    };
    await assert.rejects(store.update("key", failing), reason);
    assert.throws(() => store.updateSync("key", failing), reason);
    await assert.rejects(store.update("key", (async () => "later") as never), misuse(TypeError, "as a value"));
    await assert.rejects(store.update("key", "value" as never), misuse(TypeError, "expected a function"));
    assert.equal(store.version, version);
    const writing = () => {
      store.putSync("key", "between");
      return "lost";
    };
    await assert.rejects(store.update("key", writing), misuse(TypeError, "wrote to the store"));
    assert.equal(text(store.getSync("key")), "between");
  });

  check("touch sets when a value expires; Infinity is never", async (store) => {
    await store.put("key", "value", { ttl: Number.POSITIVE_INFINITY });
    assert.equal(store.getEntrySync("key")?.expiresAt, undefined);
    assert.equal(await store.touch("key", HOUR), true);
    const left = (store.getEntrySync("key")?.expiresAt ?? 0) - Date.now();
    assert.ok(left > HOUR - 60_000 && left <= HOUR);
    assert.equal(store.touchSync("key", Number.POSITIVE_INFINITY), true);
    assert.deepEqual([store.getEntrySync("key")?.expiresAt, text(store.getSync("key"))], [undefined, "value"]);
    assert.equal(await store.touch("missing", HOUR), false);
    for (const ttl of [undefined, "1"])
      await assert.rejects(store.touch("key", ttl as never), misuse(TypeError, "ttl"));
    await assert.rejects(store.touch("key", 0), misuse(RangeError, "ttl"));
  });

  check("writes that need not be durable settle, are read at once, and reach watches", async (store) => {
    const changes = store.watch({}, { since: 0 })[Symbol.asyncIterator]();
    await store.put("a", "1", { durable: false });
    await store.batch([{ type: "put", key: "b", value: "2" }], { durable: false });
    store.putSync("c", "3", { durable: false });
    await store.transaction((tx) => tx.put("d", "4"), { durable: false });
    await store.delete("a", { durable: false });
    store.deleteSync("b", { durable: false });
    await store.commit([{ type: "put", key: "e", value: "5" }], { durable: true });
    assert.deepEqual([...store.keys()], ["c", "d", "e"]);
    const seen: string[] = [];
    while (seen.at(-1) !== "put e") {
      const { value } = await changes.next();
      seen.push(`${value?.type} ${value?.key}`);
    }
    assert.equal(seen.length, 7);
    await changes.return?.();
    await assert.rejects(store.put("a", "", { durable: 1 as never }), misuse(TypeError, "'durable'"));
    await assert.rejects(store.delete("a", { durable: "no" as never }), misuse(TypeError, "'durable'"));
    await assert.rejects(
      store.transaction(() => {}, { durable: 1 as never }),
      misuse(TypeError, "'durable'"),
    );
  });

  check("updates and conditional writes of a view take and give values", async (store) => {
    const counts = store.view({ prefix: "count/", value: jsonCodec<number>() });
    const one = (count = 0) => count + 1;
    assert.equal(await counts.update("a", one), 1);
    assert.equal(counts.updateSync("a", one), 2);
    const entry = await counts.getEntry("a");
    assert.deepEqual([entry?.value, entry?.version], [2, store.version]);
    assert.equal(await counts.compareAndSet("a", entry?.version, 10), true);
    assert.equal(counts.compareAndSetSync("a", entry?.version, 11), false);
    assert.equal(
      await counts.commit([{ type: "put", key: "b", value: 3 }], { checks: [{ key: "a", version: store.version }] }),
      store.version,
    );
    assert.equal(counts.commitSync([{ type: "delete", key: "b" }], { checks: [{ key: "a", version: 1 }] }), undefined);
    assert.deepEqual(counts.getManySync(["a", "b", "c"]), [10, 3, undefined]);
    assert.deepEqual(
      (await counts.getEntries(["b", "c"])).map((each) => each?.value),
      [3, undefined],
    );
    assert.deepEqual(await counts.hasMany(["a", "c"]), [true, false]);
    counts.batchSync([{ type: "put", key: "c", value: 4, ttl: HOUR }]);
    assert.equal(await counts.touch("c", Number.POSITIVE_INFINITY), true);
    assert.equal(counts.getEntrySync("c")?.expiresAt, undefined);
    assert.deepEqual(
      counts
        .records({ gte: "b" })
        .map(({ key, value }) => [key, value])
        .toArraySync(),
      [
        ["b", 3],
        ["c", 4],
      ],
    );
    assert.equal(await counts.compareAndDelete("c", store.version), true);
    assert.equal(await counts.delete("c"), false);
    assert.equal(counts.deleteRangeSync({ gte: "b" }), 1);
    assert.equal(counts.countSync(), 1);
  });

  check("counters never lose an increment, and keep their expiry", async (store) => {
    const numbers = await Promise.all(Array.from({ length: 100 }, (_, i) => store.increment("n", i)));
    assert.deepEqual([numbers[0], numbers.at(-1)], [0, 4950]);
    assert.equal(await store.increment("n"), 4951);
    assert.equal(await store.increment("n", 0.5), 4951.5);
    assert.equal(store.view({ prefix: "", value: float64Codec }).getSync("n"), 4951.5);
    // Each number has bytes of its own.
    const bytes = [1n, 2n].map(uint64Codec.encode) as Uint8Array[];
    assert.deepEqual(bytes.map(uint64Codec.decode), [1n, 2n]);
    assert.equal(await store.increment("big", 2n ** 64n - 1n, { ttl: HOUR }), 2n ** 64n - 1n);
    assert.equal(await store.increment("big", 2n), 1n);
    assert.equal(await store.increment("big", -3n), 2n ** 64n - 2n);
    assert.ok(store.getEntrySync("big")?.expiresAt);
    assert.equal(store.view({ prefix: "", value: uint64Codec }).getSync("big"), 2n ** 64n - 2n);
    assert.deepEqual([await store.min("m", 3), await store.min("m", 5), await store.min("m", -1)], [3, 3, -1]);
    assert.deepEqual([await store.max("M", 3n), await store.max("M", 5n), await store.max("M", 4n)], [3n, 5n, 5n]);
    await Promise.all(["a", "b", "c"].map((end) => store.append("log", end)));
    assert.equal(text(store.getSync("log")), "abc");
  });

  check("a counter of integers returns what it stores, and takes no number that it cannot hold", async (store) => {
    assert.equal(await store.increment("down", -1n), 2n ** 64n - 1n);
    assert.equal(await store.increment("down", 0n), 2n ** 64n - 1n);
    assert.equal(await store.increment("over", 2n ** 64n + 5n), 5n);
    await store.max("n", 3n);
    const { version } = store;
    const beyond = misuse(RangeError, "expected 0 to 2^64 - 1");
    await assert.rejects(store.min("n", -5n), beyond);
    const noNumber = misuse(RangeError, "Cannot count with NaN");
    for (const method of ["increment", "min", "max"] as const)
      await assert.rejects(store[method]("n", Number.NaN), noNumber);
    await assert.rejects(store.batch([{ type: "increment", key: "n", by: Number.NaN }]), noNumber);
    await assert.rejects(store.batch([{ type: "putt", key: "n" } as never]), misuse(TypeError, "got 'putt'"));
    await assert.rejects(store.max("new", 2n ** 64n), beyond);
    await assert.rejects(store.batch([{ type: "min", key: "n", value: 2n ** 64n }]), beyond);
    await assert.rejects(
      store.transaction((tx) => tx.max("n", -1n)),
      beyond,
    );
    assert.deepEqual([store.version, await store.min("n", 9n)], [version, 3n]);
  });

  check("many small appends to a large value are a small batch", async (store) => {
    await store.put("log", new Uint8Array(1024 * 1024));
    await store.batch(Array.from({ length: 300 }, () => ({ type: "append", key: "log", value: "x" }) as const));
    assert.equal(store.getSync("log")?.length, 1024 * 1024 + 300);
    const append = (value: string) => ({ type: "append", key: "log", value }) as const;
    await store.batch([append("a"), { type: "put", key: "log", value: "b" }, append("c"), append("d")]);
    assert.equal(text(store.getSync("log")), "bcd");
    await store.batch([append("e"), { type: "delete", key: "log" }]);
    assert.equal(store.hasSync("log"), false);
  });

  check("a check that is not true keeps a commit from counting what is no counter", async (store) => {
    await store.put("n", "three");
    const { version } = store;
    const checks = [{ key: "n", version: version - 1 }];
    assert.equal(await store.commit([{ type: "increment", key: "n" }], { checks }), undefined);
    assert.equal(store.commitSync([{ type: "max", key: "n", value: 1n }], { checks }), undefined);
    const wrong = [{ type: "increment", key: "n", by: "1" }] as never;
    await assert.rejects(store.commit(wrong, { checks }), misuse(TypeError, "expected a number"));
    const now = [{ key: "n", version }];
    const writes = {
      type: "put",
      key: "other",
      get value() {
        store.putSync("n", "four");
        return "";
      },
    } as const;
    assert.equal(await store.commit([writes], { checks: now }), undefined);
    assert.equal(store.hasSync("other"), false);
  });

  check("a batch counts and appends, and sees its earlier operations", async (store) => {
    await store.put("log", "a", { ttl: HOUR });
    await store.increment("n", 5);
    await store.batch([
      { type: "increment", key: "n", by: 2 },
      { type: "increment", key: "n" },
      { type: "put", key: "new", value: "x" },
      { type: "append", key: "new", value: "y" },
      { type: "append", key: "log", value: "b" },
      { type: "increment", key: "gone", by: 7n, ttl: HOUR },
      { type: "delete", key: "gone" },
      { type: "max", key: "gone", value: 3n },
      { type: "min", key: "m", value: -1 },
    ]);
    assert.deepEqual(
      [await store.increment("n", 0), await store.max("gone", 0n), await store.min("m", 0)],
      [8, 3n, -1],
    );
    assert.deepEqual([text(store.getSync("new")), text(store.getSync("log"))], ["xy", "ab"]);
    assert.ok(store.getEntrySync("log")?.expiresAt && !store.getEntrySync("gone")?.expiresAt);
    store.batchSync([{ type: "append", key: "log", value: "c", ttl: Number.POSITIVE_INFINITY }]);
    assert.equal(store.getEntrySync("log")?.expiresAt, undefined);
    const part = store.view({ prefix: "part/" });
    const version = await part.commit([{ type: "increment", key: "n", by: 3 }], {
      checks: [{ key: "n", version: undefined }],
    });
    assert.equal(store.getEntrySync("part/n")?.version, version);
    const many = Array.from({ length: 2000 }, () => ({ type: "increment", key: "many" }) as const);
    await store.batch(many);
    assert.equal(await store.increment("many", 0), 2000);
  });

  check("a batch with a wrong counter writes nothing", async (store) => {
    await store.put("text", "three");
    const { version } = store;
    const put = { type: "put", key: "other", value: "" } as const;
    const wrong = (operation: unknown) => store.batch([put, operation] as never);
    await assert.rejects(wrong({ type: "increment", key: "text" }), misuse(TypeError, "5 bytes as a number"));
    await assert.rejects(wrong({ type: "increment", key: "n", by: "1" }), misuse(TypeError, "expected a number"));
    await assert.rejects(wrong({ type: "increment", key: "n", value: 1 }), misuse(TypeError, "has no 'value'"));
    await assert.rejects(wrong({ type: "increment", key: "n", by: null }), misuse(TypeError, "with null"));
    for (const type of ["incremnt", Symbol("put"), ["increment"], undefined])
      await assert.rejects(wrong({ type, key: "n", by: 1 }), misuse(TypeError, "expected a type"));
    const view = store.view({ prefix: "", value: utf8Codec });
    for (const operation of [undefined, null])
      await assert.rejects(view.batch([operation] as never), misuse(TypeError, "expected a type"));
    // A codec would not see what they write.
    for (const type of ["increment", "min", "max", "append"]) {
      const operations = [put, { type, key: "text", ...(type === "increment" ? {} : { value: "!" }) }] as never;
      const refused = misuse(TypeError, `a typed view has no "${type}"`);
      await assert.rejects(view.batch(operations), refused);
      await assert.rejects(view.commit(operations), refused);
      assert.throws(() => view.batchSync(operations), refused);
      assert.throws(() => view.commitSync(operations), refused);
    }
    await assert.rejects(wrong({ type: "max", key: "n" }), misuse(TypeError, "undefined"));
    await assert.rejects(wrong({ type: "max", key: "n", by: 1 }), misuse(TypeError, "has no 'by'"));
    await assert.rejects(wrong({ ...put, by: 1 }), misuse(TypeError, "has no 'by'"));
    await assert.rejects(wrong({ type: "append", key: "n", value: 1 }), misuse(TypeError, "as a value"));
    await assert.rejects(wrong({ type: "increment", key: "" }), misuse(RangeError, "empty key"));
    assert.equal(store.version, version);
  });

  check("transactions that increment one key do not conflict, unless they read it", async (store) => {
    let runs = 0;
    const count = (by: number) =>
      store.transaction(async (tx) => {
        runs += 1;
        tx.increment("n", by);
        tx.append("log", `${by};`);
        await new Promise((resolve) => setTimeout(resolve));
      });
    await Promise.all(Array.from({ length: 20 }, (_, by) => count(by)));
    assert.deepEqual([runs, await store.increment("n", 0)], [20, 190]);
    assert.equal(text(store.getSync("log"))?.split(";").length, 21);

    for (const read of [
      (tx: Transaction) => tx.getSync("n"),
      (tx: Transaction) => tx.hasSync("n"),
      (tx: Transaction) => [...tx.entries({ prefix: "n" })],
      (tx: Transaction) => tx.countSync(),
    ]) {
      runs = 0;
      const { version } = store;
      await store.transaction((tx) => {
        runs += 1;
        tx.increment("n");
        read(tx);
        if (runs === 1) store.putSync("n", new Uint8Array(8));
      });
      assert.equal(runs, 2, String(read));
      assert.ok(store.version > version);
      assert.equal(await store.increment("n", 0), 1);
    }
  });

  check("a transaction that reads a part of a range reads none of its counters behind it", async (store) => {
    const keys = Array.from({ length: 20 }, (_, i) => `n${String(i).padStart(2, "0")}`);
    await store.batch(keys.map((key) => ({ type: "increment", key })));
    for (const [range, seen, free, taken] of [
      [{ limit: 2 }, ["n00", "n01"], "n02", "n01"],
      [{ limit: 1, reverse: true }, ["n19"], "n18", "n19"],
      [{ gt: "n04", lt: "n06" }, ["n05"], "n06", "n05"],
      [{ gte: "n04", lte: "n05", reverse: true }, ["n05", "n04"], "n03", "n04"],
    ] as const) {
      for (const [other, runs] of [
        [free, 1],
        [taken, 2],
      ] as const) {
        let run = 0;
        await store.transaction((tx) => {
          run += 1;
          for (const key of [...keys].reverse()) tx.increment(key);
          const before = [...store.entries(range)].map(([key, value]) => [key, float64Codec.decode(value) + 1]);
          const found = [...tx.entries(range)].map(([key, value]) => [key, float64Codec.decode(value)]);
          assert.deepEqual(found, before);
          assert.deepEqual(
            found.map(([key]) => key),
            seen,
          );
          if (run === 1) store.batchSync([{ type: "increment", key: other, by: 1 }]);
        });
        assert.equal(run, runs, `${JSON.stringify(range)} ${other}`);
      }
    }
    assert.deepEqual([await store.increment("n06", 0), await store.increment("n07", 0)], [10, 9]);
  });

  check("a transaction reads what it counts, and settles it when it commits", async (store) => {
    await store.put("text", "three", { ttl: HOUR });
    await store.increment("n", 1);
    await store.transaction((tx) => {
      tx.increment("n");
      tx.increment("n", 2);
      assert.equal(tx.view(store.view({ prefix: "", value: float64Codec })).getSync("n"), 4);
      tx.max("n", 10);
      tx.min("n", 9);
      tx.append("text", "!");
      assert.deepEqual([...tx.keys()], ["n", "text"]);
      tx.append("text", "?");
      tx.increment("gone", 7n);
      tx.delete("gone");
      tx.increment("other", 7n);
      tx.put("other", "");
      tx.delete("new");
      tx.increment("new", 7n);
    });
    assert.deepEqual([await store.increment("n", 0), text(store.getSync("text"))], [9, "three!?"]);
    assert.deepEqual([...store.keys()], ["n", "new", "other", "text"]);
    assert.ok(store.getEntrySync("text")?.expiresAt);
    const { version } = store;
    const failed = store.transaction((tx) => {
      tx.put("put", "");
      tx.increment("text");
    });
    await assert.rejects(failed, misuse(TypeError, "7 bytes as a number"));
    await assert.rejects(
      store.transaction((tx) => tx.increment("n", "1" as never)),
      misuse(TypeError, "a number"),
    );
    await assert.rejects(
      store.transaction((tx) => {
        tx.increment("text");
        assert.throws(() => tx.getSync("text"), misuse(TypeError, "7 bytes as a number"));
      }),
      misuse(TypeError, "7 bytes as a number"),
    );
    assert.equal(store.version, version);
    const part = store.view({ prefix: "part/" });
    await part.transaction((tx) => tx.increment("n", 4, { ttl: HOUR }));
    assert.ok(store.getEntrySync("part/n")?.expiresAt);
  });

  check("a counter refuses what is no number, and values that are none", async (store) => {
    await store.put("text", "three");
    const { version } = store;
    await assert.rejects(store.increment("text"), misuse(TypeError, "5 bytes as a number"));
    await assert.rejects(store.increment("n", "1" as never), misuse(TypeError, "expected a number or a bigint"));
    await assert.rejects(store.max("n", undefined as never), misuse(TypeError, "undefined"));
    await assert.rejects(store.append("n", 5 as never), misuse(TypeError, "as a value"));
    await store.append("large", new Uint8Array(64 * 1024 * 1024 - 1));
    await assert.rejects(store.append("large", "xx"), misuse(RangeError, "67108865 bytes"));
    assert.equal(store.getSync("large")?.length, 64 * 1024 * 1024 - 1);
    await store.delete("large");
    assert.ok(store.version > version && store.countSync() === 1);
  });
}
