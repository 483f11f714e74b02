/**
 * A client of a shared store does what a store does, and so does a follower: the same calls on it and on a `MemoryStore`.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { jsonCodec, MemoryFileSystem, MemoryStore, open, type SharedStore, type Store } from "../../mod.ts";
import { tupleKey } from "../../src/keys/mod.ts";
import { deleteOnce } from "../../src/shared/delete_old.ts";
import { Requests } from "../../src/shared/requests.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";

/** What a second process is: see `SharedStore.role`. */
type Role = "client" | "follower";

/** An owner and a client or follower in this process. */
async function withTwo(role: Role, use: (client: SharedStore, owner: SharedStore) => Promise<void>): Promise<void> {
  await withDirectory(async (path) => {
    await using owner = await open({ path, shared: true, syncWrites: false });
    await using client = await open({ path, shared: true, follow: role === "follower", syncWrites: false });
    assert.deepEqual([owner.role, client.role], ["owner", role]);
    await use(client, owner);
    assert.deepEqual([owner.role, client.role], ["owner", role]);
  });
}

/** Settles once a client may read all that its owner has: a client at once. */
async function caughtUp(client: SharedStore, owner: SharedStore): Promise<void> {
  const { version } = owner;
  await until(() => client.role === "client" || client.version >= version, "the follower has all");
}

const HOUR = 3_600_000;

for (const role of ["client", "follower"] as const) {
  describe(`a ${role} of a shared store`, () => {
    const withBoth = (use: (client: SharedStore, owner: SharedStore) => Promise<void>) => withTwo(role, use);

    test("writes and reads as a store does", async () => {
      await withBoth(async (client, owner) => {
        const both = async (call: (store: Store) => Promise<unknown>) => {
          const model = await call(memory);
          assert.deepEqual(await call(client), model);
          return model;
        };
        const memory = new MemoryStore();
        await both((store) => store.put("a", "1"));
        await both((store) => store.put("b", Uint8Array.of(0, 255)));
        await both((store) => store.get("a"));
        await both((store) => store.get("nothing"));
        await both((store) => store.has("a"));
        await both((store) => store.getMany(["b", "nothing", "a"]));
        await both((store) => store.hasMany(["b", "nothing"]));
        await both((store) => store.delete("nothing"));
        await both((store) => store.delete("b"));
        await both((store) => store.increment("n", 2.5));
        await both((store) => store.increment("big", 3n));
        await both((store) => store.min("n", 1));
        await both((store) => store.max("big", 2n ** 63n));
        await both((store) => store.append("a", "+"));
        await both((store) => store.touch("a", HOUR));
        await both((store) => store.touch("nothing", HOUR));
        await both((store) => store.update("a", (value) => `${text(value)}!`));
        await both((store) => store.update("a", () => undefined));
        await both((store) =>
          store.batch([
            { type: "put", key: "c", value: "3" },
            { type: "delete", key: "n" },
            { type: "increment", key: "big", by: 1n },
            { type: "append", key: "c", value: "4" },
          ]),
        );
        await both((store) => store.compareAndSet("c", 1_000_000, "no"));
        await both((store) => store.compareAndSet("d", undefined, "yes"));
        await both(async (store) => store.compareAndDelete("d", (await store.getEntry("d"))?.version ?? 0));
        await both((store) => store.scan(""));
        await both((store) => store.entries({ reverse: true, limit: 2 }).toArray());
        await both((store) => store.keys({ gt: "a", keyEncoding: "bytes" }).toArray());
        await both((store) => store.values().toArray());
        await both((store) => store.count({ gte: "b" }));
        await both(async (store) => (await store.records().toArray()).map(({ key, value }) => [key, value]));
        await both((store) => store.deleteRange({ prefix: "c" }));
        await both((store) => store.keys().toArray());
        const entry = await client.getEntry("a");
        assert.ok(Math.abs((entry?.expiresAt ?? 0) - Date.now() - HOUR) < 60_000, "update keeps the expiry");
        assert.deepEqual(await owner.getEntry("a"), entry);
        assert.equal(client.version, owner.version);
        await client.flush();
        assert.deepEqual((await client.verify()).damages, []);
        assert.ok((await client.ownerMetrics()).commits > 10);
      });
    });

    test("commits with checks, and returns the version", async () => {
      await withBoth(async (client, owner) => {
        const put = [{ type: "put", key: "a", value: "1" }] as const;
        const version = await client.commit(put, { checks: [{ key: "a", version: undefined }] });
        assert.equal(version, owner.version);
        assert.equal(await client.commit(put, { checks: [{ key: "a", version: undefined }] }), undefined);
        assert.equal(await client.commit([], {}), owner.version);
      });
    });

    test("runs transactions, again after a conflict, and reads its own writes", async () => {
      await withBoth(async (client, owner) => {
        await client.put("n", "0");
        const add = async (store: SharedStore) =>
          await store.transaction(async (tx) => {
            const value = Number(text(await tx.get("n")));
            tx.put("n", `${value + 1}`);
            assert.equal(text(await tx.get("n")), `${value + 1}`);
            return value + 1;
          });
        const results = await Promise.all([client, owner, client, owner, client].map(add));
        assert.deepEqual(results.toSorted(), [1, 2, 3, 4, 5]);
        await caughtUp(client, owner);
        assert.equal(text(await owner.get("n")), "5");
        const failure = new Error("no");
        const failing = client.transaction((tx) => {
          tx.put("n", "lost");
          throw failure;
        });
        await assert.rejects(failing, failure);
        assert.equal(text(await client.get("n")), "5");
        let ended: Parameters<Parameters<Store["transaction"]>[0]>[0] | undefined;
        await client.transaction((tx) => {
          ended = tx;
        });
        await assert.rejects(async () => await ended?.get("n"), storeError("TRANSACTION_ENDED"));
        await assert.rejects(
          client.transaction((tx) => tx.put("", "x")),
          misuse(RangeError, "empty key"),
        );
      });
    });

    test("holds snapshots, also those of a version", async () => {
      await withBoth(async (client) => {
        await client.put("a", "1");
        using snapshot = client.snapshot();
        await client.put("a", "2");
        assert.equal(text(await snapshot.get("a")), "1");
        assert.equal(await client.count({ snapshot }), 1);
        assert.deepEqual(await client.values({ snapshot }).map(text).toArray(), ["1"]);
        assert.equal(snapshot.version, client.version - 1);
        using same = client.snapshot({ version: snapshot.version });
        assert.equal(text(await same.get("a")), "1");
        snapshot.dispose();
        await assert.rejects(snapshot.get("a"), storeError("STORE_CLOSED"));
      });
    });

    test("walks pages, cursors and stages, at one version", async () => {
      await withBoth(async (client, owner) => {
        const keys = Array.from({ length: 5000 }, (_, i) => `key ${String(i).padStart(5, "0")}`);
        await client.batch(keys.map((key) => ({ type: "put", key, value: key })));
        const walked: string[] = [];
        for await (const [key, value] of client.entries()) {
          if (walked.length === 0) await owner.delete(keys.at(-1) ?? "");
          assert.equal(text(value), key);
          walked.push(key);
        }
        assert.deepEqual(walked, keys);
        using cursor = client.keys({ limit: 4000 }).cursor();
        assert.deepEqual(await cursor.nextMany(3), keys.slice(0, 3));
        cursor.seek(keys[2000] ?? "");
        assert.deepEqual(await cursor.nextMany(2), keys.slice(2000, 2002));
        cursor.seek("a");
        assert.equal((await cursor.nextMany(5000)).length, 3995);
        const staged = client
          .keys({ reverse: true })
          .map((key) => key.slice(-1))
          .filter((digit) => digit === "7")
          .take(2);
        assert.deepEqual(await staged.toArray(), ["7", "7"]);
        const first = client.keys()[Symbol.asyncIterator]();
        assert.deepEqual(await first.next(), { done: false, value: keys[0] });
        await first.return?.();
        assert.deepEqual(await first.next(), { done: true, value: undefined });
      });
    });

    test("watches ranges, from the past on", async () => {
      await withBoth(async (client, owner) => {
        await owner.put("a/1", "0");
        const since = owner.version;
        const changes = client.watch({ prefix: "a/" }, { since })[Symbol.asyncIterator]();
        await owner.batch([
          { type: "put", key: "a/2", value: "1" },
          { type: "delete", key: "a/1" },
          { type: "put", key: "b", value: "not in the range" },
        ]);
        const next = async () => (await changes.next()).value;
        assert.deepEqual(await next(), { type: "delete", key: "a/1", version: owner.version });
        assert.equal((await next())?.key, "a/2");
        const later = next();
        await client.put("a/3", "2");
        assert.equal((await later)?.key, "a/3");
        await changes.return?.();
        const aborted = new AbortController();
        const watch = client.watch({}, { signal: aborted.signal })[Symbol.asyncIterator]();
        const waiting = watch.next();
        aborted.abort(new Error("enough"));
        await assert.rejects(waiting, /enough/);
      });
    });

    test("has parts and typed views, whose codecs run here", async () => {
      await withBoth(async (client, owner) => {
        const part = client.view({ prefix: "p/" });
        await part.put("a", "1");
        assert.deepEqual(await part.keys().toArray(), ["a"]);
        assert.deepEqual(await owner.keys().toArray(), ["p/a"]);
        const view = client.view({ prefix: "v/", key: tupleKey, value: jsonCodec<{ n: number }>() });
        await view.put(["x", 1], { n: 1 });
        await view.put(["x", 2], { n: 2 });
        assert.deepEqual(await view.get(["x", 2]), { n: 2 });
        assert.deepEqual(await view.entries({ prefix: ["x"] }).toArray(), [
          [["x", 1], { n: 1 }],
          [["x", 2], { n: 2 }],
        ]);
        assert.deepEqual(await view.update(["x", 1], (value) => ({ n: (value?.n ?? 0) + 10 })), { n: 11 });
        assert.equal(await view.count(), 2);
        await client.transaction(async (tx) => {
          const inside = tx.view(view);
          inside.put(["y"], { n: ((await inside.get(["x", 1]))?.n ?? 0) * 2 });
        });
        using snapshot = client.snapshot();
        assert.deepEqual(await snapshot.view(view).get(["y"]), { n: 22 });
        assert.equal(await view.deleteRange({ prefix: ["x"] }), 2);
        assert.ok((await view.approximateSize()) > 0);
      });
    });

    test("backs up and restores", async () => {
      await withBoth(async (client, owner) => {
        await client.batch(Array.from({ length: 3000 }, (_, i) => ({ type: "put", key: `key ${i}`, value: `${i}` })));
        const memory = new MemoryStore();
        await memory.restore(client.backup());
        assert.equal(await memory.count(), 3000);
        const since = client.version;
        await client.put("large", new Uint8Array(300_000).fill(1));
        await client.delete("key 1");
        for (const store of [client, owner]) {
          const copy = new MemoryStore();
          await copy.restore(store.backup());
          assert.equal(await copy.count(), 3000, "no records of requests");
        }
        await memory.restore(client.backup({ since }));
        assert.equal(await memory.count(), 3000);
        assert.equal((await memory.get("large"))?.length, 300_000);
        await withBoth(async (other) => {
          await other.restore(memory.backup());
          assert.deepEqual(await other.scan(""), await memory.scan(""));
        });
      });
    });

    test("refuses what needs the owner, wrong arguments, and reserved keys, before anything is written", async () => {
      await withBoth(async (client, owner) => {
        const { version } = owner;
        if (role === "follower") assert.deepEqual([client.getSync("a"), ...client.keys()], [undefined]);
        else {
          assert.throws(() => client.getSync("a"), storeError("NOT_OWNER"));
          assert.throws(() => [...client.keys()], storeError("NOT_OWNER"));
        }
        assert.throws(() => client.putSync("a", ""), storeError("NOT_OWNER"));
        assert.throws(() => client.metrics(), storeError("NOT_OWNER"));
        await assert.rejects(client.put("", "x"), misuse(RangeError, "empty key"));
        await assert.rejects(client.put("a", 1 as never), misuse(TypeError, "as a value"));
        await assert.rejects(client.put("a", "x", { tll: 1 } as never), misuse(TypeError, "did you mean 'ttl'?"));
        await assert.rejects(client.put("a", "x", { ttl: -1 }), misuse(RangeError, "ttl"));
        await assert.rejects(client.increment("a", Number.NaN), misuse(RangeError, "NaN"));
        await assert.rejects(client.batch([{ type: "putt", key: "a" } as never]), misuse(TypeError, "got 'putt'"));
        await assert.rejects(client.batch("x" as never), misuse(TypeError, "expected an array"));
        assert.throws(() => client.keys({ gt: "a", gte: "b" }), misuse(TypeError, "got both"));
        const reserved = new Uint8Array(17).fill(0xff);
        for (const store of [client, owner]) {
          await assert.rejects(store.put(reserved, "x"), misuse(RangeError, "shared stores use them"));
          await assert.rejects(store.batch([{ type: "delete", key: reserved }]), misuse(RangeError, "shared stores"));
        }
        assert.equal(owner.version, version);
        await client.put("visible", "x");
        assert.deepEqual(await owner.keys().toArray(), ["visible"]);
        assert.deepEqual([...owner.keys()], ["visible"]);
        assert.equal(owner.countSync(), 1);
      });
    });

    test("shows the first keys and the last ones, and none of its own", async () => {
      await withBoth(async (client, owner) => {
        const keys = [Uint8Array.of(0), Uint8Array.of(0, 0, 255), new Uint8Array(15).fill(255)];
        for (const key of keys) await client.put(key, "x");
        const bytes = { keyEncoding: "bytes" } as const;
        for (const store of [client, owner]) {
          assert.deepEqual(await store.keys(bytes).toArray(), keys);
          assert.deepEqual(await store.keys({ ...bytes, reverse: true }).toArray(), keys.toReversed());
          assert.deepEqual(await store.keys({ ...bytes, gte: new Uint8Array(20).fill(255) }).toArray(), []);
          assert.deepEqual(await store.keys({ ...bytes, lte: new Uint8Array(20).fill(255) }).toArray(), keys);
          assert.equal(await store.count(), keys.length);
        }
        assert.deepEqual(owner.keys(bytes).toArraySync(), keys);
        assert.equal(owner.deleteRangeSync({}), keys.length);
        // The record of a write is still there: its result can be asked for again.
        assert.equal(await client.deleteRange({}), 0);
      });
    });

    test("deletes a range, but nothing that is newer than the call", async () => {
      const store = new MemoryStore();
      await store.batch(
        Array.from({ length: 2500 }, (_, i) => ({ type: "put", key: `${i}`.padStart(4, "0"), value: "" })),
      );
      const until = store.version;
      await store.put("0002", "newer");
      const { signal } = new AbortController();
      const all = { lower: new Uint8Array(), upper: undefined } as never;
      const requests = new Requests(store, "0".repeat(32));
      store.batchSync([requests.record(1, [until])]);
      const deletion = { range: all, held: store, sequence: 1, durable: undefined, signal };
      assert.equal(await deleteOnce(store, requests, deletion), 2499);
      assert.deepEqual(await store.keys({ lt: "9" }).toArray(), ["0002"]);
      await withBoth(async (client) => {
        await client.batch(
          Array.from({ length: 2500 }, (_, i) => ({ type: "put", key: `${i}`.padStart(4, "0"), value: "" })),
        );
        using snapshot = client.snapshot();
        await client.put("9", "");
        assert.equal(await client.deleteRange({ gte: "1", snapshot }), 1500);
        assert.equal(await client.deleteRange({ lt: "1", limit: 10 } as never), 10);
        assert.equal(await client.count(), 991);
      });
    });
  });
}

describe("open with shared", () => {
  test("refuses options that do not go with it", async () => {
    const shared = true;
    for (const [config, message] of [
      [{ path: ":memory:", shared }, /'shared': only stores on the disk/],
      [{ path: "x", shared, fileSystem: new MemoryFileSystem() }, /'shared': only stores on the disk/],
      [{ path: "x", shared, readOnly: true }, /'readOnly': a shared store can be written to/],
      [{ path: "x", shared: 1 }, /'shared': expected a boolean, got the number 1/],
    ] as const) {
      await assert.rejects(open(config as never), misuse(TypeError, message));
    }
  });

  test("refuses a store that is not shared, or has keys of shared stores", async () => {
    await withDirectory(async (path) => {
      await using store = await open(path);
      await assert.rejects(
        open({ path, shared: true, signal: AbortSignal.timeout(300) }),
        (error: Error) => error.name === "TimeoutError",
      );
      await store.put(new Uint8Array(16).fill(255), "mine");
      await store.close();
      await assert.rejects(open({ path, shared: true }), misuse(RangeError, "keys that begin with 16 bytes ff"));
      await using again = await open(path);
      assert.equal(await again.count(), 1);
    });
  });

  test("creates a store or does not, also if another process has it", async () => {
    await withDirectory(async (path) => {
      const config = { path: `${path}/store`, shared: true } as const;
      await assert.rejects(open({ ...config, createIfMissing: false }), storeError("NOT_A_STORE"));
      await using owner = await open({ ...config, errorIfExists: true });
      await assert.rejects(open({ ...config, errorIfExists: true }), storeError("STORE_EXISTS"));
      await using client = await open({ ...config, createIfMissing: false });
      await client.put("a", "1");
      await owner.close();
      assert.equal(text(await client.get("a")), "1");
      assert.equal(client.role, "owner");
    });
  });

  test("each process chooses whether its writes are durable", async () => {
    await withDirectory(async (path) => {
      await using owner = await open({ path, shared: true, syncWrites: false });
      await using durable = await open({ path, shared: true });
      const syncs = () => owner.latencies().sync.count;
      await owner.put("a", "1");
      const before = syncs();
      await owner.put("a", "2");
      assert.equal(syncs(), before);
      await durable.put("a", "3");
      await durable.transaction((tx) => tx.put("a", "4"));
      await durable.commit([{ type: "put", key: "a", value: "5" }]);
      assert.equal(syncs(), before + 3);
      await durable.put("a", "6", { durable: false });
      assert.equal(syncs(), before + 3);
    });
  });

  test("the last one leaves a store as any other one", async () => {
    await withDirectory(async (path) => {
      const owner = await open({ path, shared: true });
      const client = await open({ path, shared: true });
      await client.put("a", "1");
      await owner.close();
      await client.put("b", "2");
      await client.close();
      assert.ok(!existsSync(`${path}/shared`));
      await using store = await open(path);
      assert.deepEqual([...store.keys()], ["a", "b"]);
    });
  });
});
