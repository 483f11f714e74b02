/**
 * Part of the suite of stores that one only awaits: snapshots, transactions, watches, versions, expiry, backups, closing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type AsyncStore, type Change, MemoryStore, utf8Codec } from "../../mod.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import type { AsyncCheck } from "./async_check.ts";

/** The first changes of a watch. */
async function take(store: AsyncStore, count: number, ...watched: Parameters<AsyncStore["watch"]>): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const change of store.watch(...watched)) if (changes.push(change as Change) === count) break;
  return changes;
}

const told = ({ type, key, value }: Change) => `${type} ${key} ${text(value)}`;
const number = (value: Uint8Array | undefined) => Number(text(value) ?? 0);

/** Defines the tests. */
export function asyncLater(check: AsyncCheck): void {
  snapshots(check);
  transactions(check);
  watches(check);
  copies(check);
  endings(check);
}

function snapshots(check: AsyncCheck): void {
  check("a snapshot stays as it was, whatever is written after its call", async (store) => {
    await store.batch(["a", "b", "c"].map((key) => ({ type: "put", key, value: `old ${key}` })));
    const snapshot = store.snapshot();
    await store.batch([
      { type: "put", key: "a", value: "new" },
      { type: "delete", key: "b" },
      { type: "put", key: "d", value: "new" },
    ]);
    assert.equal(text(await snapshot.get("a")), "old a");
    assert.ok(snapshot.version < store.version);
    assert.deepEqual(await snapshot.keys().toArray(), ["a", "b", "c"]);
    assert.deepEqual(await snapshot.keys({ reverse: true, limit: 2 }).toArray(), ["c", "b"]);
    assert.deepEqual(await snapshot.hasMany(["b", "d"]), [true, false]);
    assert.equal(await snapshot.count({ gt: "a" }), 2);
    assert.deepEqual(await store.keys({ snapshot }).toArray(), ["a", "b", "c"]);
    assert.equal((await snapshot.scan("")).size, 3);
    using again = store.snapshot({ version: snapshot.version });
    assert.equal(text(await again.get("b")), "old b");
    snapshot.dispose();
    snapshot.dispose();
    await assert.rejects(snapshot.get("a"), storeError("STORE_CLOSED", "snapshot"));
  });

  check("versions are those that a key had, newest first", async (store) => {
    await store.put("key", "1");
    const { version } = store;
    using snapshot = store.snapshot();
    await snapshot.has("key");
    await store.put("key", "2");
    const versions = await store.versions("key");
    assert.deepEqual(
      versions.map((each) => [text(each.value), each.deleted]),
      [
        ["2", false],
        ["1", false],
      ],
    );
    assert.equal(versions[1]?.version, version);
    assert.deepEqual(await store.versions("missing"), []);
  });

  check("versions say when they were written, and not when a restore wrote them", async (store) => {
    const before = Date.now();
    await store.put("key", "1");
    await store.batch([{ type: "put", key: "key", value: "2" }]);
    const after = Date.now();
    const [{ writtenAt = 0, writtenBefore = 0 } = {}, older] = await store.versions("key");
    // Clocks of servers may differ a little.
    assert.ok(writtenBefore > before - 100 && writtenAt <= after + 100, `${writtenAt} to ${writtenBefore}`);
    assert.ok(writtenBefore > writtenAt && writtenBefore - writtenAt <= 1000);
    if (older) assert.ok((older.writtenAt ?? 0) <= writtenAt);
    const target = new MemoryStore();
    await target.restore(store.backup());
    const [restored] = await target.versions("key");
    assert.deepEqual(
      [text(restored?.value), restored?.writtenAt, restored?.writtenBefore],
      ["2", undefined, undefined],
    );
  });

  check("no read finds a value after its time", async (store) => {
    await store.put("short", "1", { ttl: 1 });
    await store.put("long", "1", { ttl: 600_000 });
    while (await store.has("short"));
    assert.equal(await store.get("short"), undefined);
    assert.deepEqual(await store.keys().toArray(), ["long"]);
    assert.equal(await store.count(), 1);
    assert.equal(await store.delete("short"), false);
    assert.equal(await store.compareAndSet("short", undefined, "2"), true);
    assert.equal(text(await store.get("short")), "2");
  });
}

function transactions(check: AsyncCheck): void {
  check("a transaction reads its own writes, and commits all or nothing", async (store) => {
    await store.batch(["a", "b", "c"].map((key) => ({ type: "put", key, value: key })));
    const result = await store.transaction(async (tx) => {
      tx.put("b", "changed");
      tx.delete("a");
      tx.put("d", "new");
      tx.increment("n", 2);
      assert.equal(text(await tx.get("b")), "changed");
      assert.equal(await tx.has("a"), false);
      assert.deepEqual(await tx.keys().toArray(), ["b", "c", "d", "n"]);
      assert.deepEqual(await tx.keys({ reverse: true, limit: 2, lt: "n" }).toArray(), ["d", "c"]);
      assert.equal(await tx.count(), 4);
      assert.equal(await store.has("d"), false);
      return "result";
    });
    assert.equal(result, "result");
    assert.deepEqual(await store.keys().toArray(), ["b", "c", "d", "n"]);
    assert.equal(await store.increment("n", 0), 2);
    const failed = store.transaction((tx) => {
      tx.put("x", "1");
      throw new Error("enough");
    });
    await assert.rejects(failed, /enough/);
    assert.equal(await store.has("x"), false);
  });

  check("transactions that read what others change run again: the sum stays", async (store) => {
    const accounts = Array.from({ length: 5 }, (_, i) => `account/${i}`);
    await store.batch(accounts.map((key) => ({ type: "put", key, value: "100" })));
    const move = (i: number) =>
      store.transaction(async (tx) => {
        const [from = "", to = ""] = [accounts[i % 5], accounts[(i * 3 + 1) % 5]];
        if (from === to) return;
        const [a, b] = [number(await tx.get(from)), number(await tx.get(to))];
        tx.put(from, `${a - 1}`);
        tx.put(to, `${b + 1}`);
      });
    await Promise.all(Array.from({ length: 40 }, (_, i) => move(i)));
    const values = await store.values({ prefix: "account/" }).toArray();
    assert.equal(
      values.reduce((sum, value) => sum + number(value), 0),
      500,
    );
  });

  check("write skew is refused: of two that look at a range and write into it, one sees the other", async (store) => {
    const counts = await Promise.all(
      ["a", "b", "c"].map((name) =>
        store.transaction(async (tx) => {
          const count = await tx.count({ prefix: "seat/" });
          tx.put(`seat/${name}`, "1");
          return count;
        }),
      ),
    );
    assert.deepEqual(counts.toSorted(), [0, 1, 2]);
  });

  check("increments in transactions do not conflict; retries are bounded; an ended one refuses", async (store) => {
    let runs = 0;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        store.transaction((tx) => {
          runs += 1;
          tx.increment("n");
          tx.append("log", "x");
        }),
      ),
    );
    assert.equal(runs, 20);
    assert.equal(await store.increment("n", 0), 20);
    assert.equal((await store.get("log"))?.length, 20);
    const unlucky = store.transaction(
      async (tx) => {
        await tx.get("key");
        await store.put("key", `${Math.random()}`);
        tx.put("other", "");
      },
      { retries: 2 },
    );
    await assert.rejects(unlucky, storeError("TRANSACTION_CONFLICT", "each of 3 times"));
    const ended = await store.transaction((tx) => tx);
    await assert.rejects(ended.get("key"), storeError("TRANSACTION_ENDED"));
    assert.throws(() => ended.put("key", ""), storeError("TRANSACTION_ENDED"));
    const reason = new Error("enough");
    const aborted = store.transaction(() => new Promise<void>(() => {}), { signal: AbortSignal.abort(reason) });
    await assert.rejects(aborted, (error) => error === reason);
  });

  check("a view reads and writes in a transaction", async (store) => {
    const names = store.view({ prefix: "names/", value: utf8Codec });
    await names.put("ada", "Ada");
    await store.transaction(async (tx) => {
      const inside = tx.view(names);
      inside.put("bob", `${await inside.get("ada")} and Bob`);
      inside.delete("ada");
      assert.deepEqual(await inside.entries().toArray(), [["bob", "Ada and Bob"]]);
    });
    assert.deepEqual(await names.entries().toArray(), [["bob", "Ada and Bob"]]);
  });
}

function watches(check: AsyncCheck): void {
  check("no value has version 0", async (store) => {
    await store.put("there", "1");
    for (const key of ["there", "absent"]) {
      assert.equal(await store.compareAndSet(key, 0, "2"), false);
      assert.equal(await store.compareAndDelete(key, 0), false);
      const put = { type: "put", key, value: "2" } as const;
      assert.equal(await store.commit([put], { checks: [{ key, version: 0 }] }), undefined);
    }
    assert.deepEqual(await store.keys().toArray(), ["there"]);
  });

  check("a version of the future is refused, and changes nothing", async (store) => {
    await store.put("key", "1");
    const { version } = store;
    const future = version + 1000;
    await assert.rejects(
      async () => await store.snapshot({ version: future }).get("key"),
      misuse(RangeError, "'version'"),
    );
    await assert.rejects(async () => await take(store, 1, {}, { since: future }), misuse(RangeError, "'since'"));
    assert.equal(store.version, version);
    const later = take(store, 1, {}, { since: store.version });
    await store.put("key", "2");
    assert.deepEqual((await later).map(told), ["put key 2"]);
  });

  check("a watch has the past changes and the future ones, in the order of the commits", async (store) => {
    await store.put("a", "1");
    await store.batch([
      { type: "put", key: "c", value: "3" },
      { type: "put", key: "b", value: "2" },
    ]);
    const all = take(store, 5, {}, { since: 0 });
    const later = take(store, 2, { gte: "c" });
    await store.put("d", "4");
    await store.put("d", "5");
    assert.deepEqual((await all).map(told), ["put a 1", "put b 2", "put c 3", "put d 4", "put d 5"]);
    assert.deepEqual((await later).map(told), ["put d 4", "put d 5"]);
    const versions = (await all).map(({ version }) => version);
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    );
    const since = versions[2] ?? 0;
    assert.deepEqual((await take(store, 2, {}, { since })).map(told), ["put d 4", "put d 5"]);
    await store.delete("d");
    assert.deepEqual((await take(store, 1, {}, { since: versions[4] ?? 0 })).map(told), ["delete d undefined"]);
  });

  check("a watch of several ranges delivers each change once, over many pages", async (store) => {
    const keys = Array.from({ length: 2500 }, (_, i) => `k${String(i).padStart(5, "0")}`);
    await store.batch(keys.map((key) => ({ type: "put", key, value: "x".repeat(100) })));
    await Promise.all(keys.slice(0, 500).map((key) => store.put(key, "again")));
    const ranges = [{ prefix: "k0000" }, { gte: "k00005", lt: "k02000" }];
    const changes = await take(store, 2000 + 500, { ranges }, { since: 0 });
    assert.equal(new Set(changes.map(({ key, version }) => `${key} ${version}`)).size, 2500);
    assert.equal(changes.filter(({ value }) => text(value) === "again").length, 500);
  });

  check("a watch ends with its signal, with return, and with the store", async (store) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborted = take(store, 1, {}, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(aborted, (error) => error === reason);
    const left = store.watch()[Symbol.asyncIterator]();
    const waiting = left.next();
    await left.return?.();
    assert.deepEqual(await waiting, { done: true, value: undefined });
    const ended = take(store, 1);
    await store.close();
    assert.deepEqual(await ended, []);
    assert.throws(() => store.watch(), storeError("STORE_CLOSED"));
  });

  check("a view watches its keys", async (store) => {
    const names = store.view({ prefix: "names/", value: utf8Codec });
    const changes = names.watch()[Symbol.asyncIterator]();
    const first = changes.next();
    await store.put("other", "1");
    await names.put("ada", "Ada");
    const { value } = await first;
    assert.deepEqual([value?.key, value?.value], ["ada", "Ada"]);
    await changes.return?.();
  });
}

function copies(check: AsyncCheck): void {
  check("a backup has the entries of one version, and an increment the changes since", async (store) => {
    await store.batch(["a", "b", "c"].map((key) => ({ type: "put", key, value: key.repeat(100_000) })));
    await store.put("d", "4", { ttl: 600_000 });
    const { version } = store;
    const full = await new Response(store.backup()).blob();
    await using copy = new MemoryStore();
    assert.equal((await copy.restore(full.stream())).version, version);
    assert.deepEqual(await copy.records().toArray(), await store.records().toArray());
    await store.delete("a");
    await store.put("b", "new");
    const increment = await new Response(store.backup({ since: version })).blob();
    const restored = await copy.restore(increment.stream());
    assert.deepEqual([restored.entries, restored.deletions], [1, 1]);
    assert.deepEqual(await copy.records().toArray(), await store.records().toArray());
    assert.equal(copy.version, store.version);
  });

  check("a restore takes a backup of another kind of store, and only one that fits", async (store) => {
    await using source = new MemoryStore();
    await source.batch(Array.from({ length: 3000 }, (_, i) => ({ type: "put", key: `k${i}`, value: `${i}` })));
    source.putSync("large", new Uint8Array(300_000).fill(7), { ttl: 600_000 });
    const { version } = source;
    const full = await new Response(source.backup()).blob();
    const damaged = (await full.arrayBuffer()).slice(0, full.size - 10);
    await assert.rejects(store.restore(new Blob([damaged]).stream()), storeError("BACKUP_INVALID"));
    assert.equal(await store.count(), 0);
    const { entries } = await store.restore(full.stream());
    assert.equal(entries, 3001);
    assert.deepEqual(await store.records().toArray(), source.records().toArraySync());
    assert.equal(store.version, version);
    await assert.rejects(store.restore(full.stream()), storeError("BACKUP_MISMATCH", "not empty"));
    source.deleteSync("large");
    const increment = await new Response(source.backup({ since: version })).blob();
    await store.restore(increment.stream());
    assert.equal(await store.has("large"), false);
    await assert.rejects(store.restore(increment.stream()), storeError("BACKUP_MISMATCH", "it continues version"));
    await store.put("after", "1");
    assert.ok(store.version > source.version);
    await assert.rejects(take(store, 1, {}, { since: version }), storeError("VERSION_GONE"));
  });
}

function endings(check: AsyncCheck): void {
  check("a closed store refuses every call, and close returns the same promise", async (store) => {
    const put = store.put("key", "value");
    const closing = store.close();
    assert.equal(store.close(), closing);
    await Promise.all([put, closing]);
    const closed = storeError("STORE_CLOSED");
    await assert.rejects(store.get("key"), closed);
    await assert.rejects(store.put("key", ""), closed);
    await assert.rejects(store.increment("key"), closed);
    await assert.rejects(
      store.transaction(() => 1),
      closed,
    );
    assert.throws(() => store.snapshot(), closed);
    assert.throws(() => store.backup(), closed);
    assert.throws(() => store.keys(), closed);
  });

  check("a call that takes long ends with its signal", async (store) => {
    await store.put("key", "value");
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(store.count({}, { signal }), /enough/);
    await assert.rejects(store.getMany(["key"], { signal }), /enough/);
    await assert.rejects(store.deleteRange({}, { signal }), /enough/);
    assert.throws(() => store.backup({ signal }), /enough/);
    await assert.rejects(store.count({}, { signal: 5 as never }), misuse(TypeError, "'signal'"));
    assert.equal(await store.count(), 1);
  });
}
