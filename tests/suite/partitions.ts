/**
 * Parts of the shared suite: parts of a store that are stores, and views of snapshots and transactions.
 *
 * @module
 */

import assert from "node:assert/strict";
import { jsonCodec, MemoryStore, type Store, utf8Codec } from "../../mod.ts";
import { tupleKey } from "../../src/keys/mod.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import type { Check } from "./parts.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Tests of parts. */
export function partsOfAStore(check: Check): void {
  check("a part is a store of the keys with its prefix, and of no others", async (store) => {
    await store.batch(["a", "p", "p/a", "p/b", "p0"].map((key) => ({ type: "put", key, value: key })));
    const part: Store = store.view({ prefix: "p/" });
    assert.deepEqual([...part.keys()], ["a", "b"]);
    assert.deepEqual([...(await part.scan("a")).keys()], ["a"]);
    assert.equal(text(await part.get("a")), "p/a");
    assert.deepEqual(await part.getMany(["a", "p/a"]).then((all) => all.map((value) => value && text(value))), [
      "p/a",
      undefined,
    ]);
    await part.put("c", "3");
    assert.equal(await part.delete("b"), true);
    await part.batch([
      { type: "put", key: bytes(255), value: "last" },
      { type: "put", key: "x".repeat(100), value: "long" },
      { type: "delete", key: "a" },
    ]);
    assert.deepEqual([...part.keys({ keyEncoding: "bytes" })].at(-1), bytes(255));
    assert.equal([...store.keys({ prefix: "p/", keyEncoding: "bytes" })].length, 3);
    assert.equal(text(store.getSync(`p/${"x".repeat(100)}`)), "long");
    assert.equal(part.countSync(), 3);
    assert.equal(await part.count({ gte: "d" }), 2);
    assert.deepEqual([...part.keys({ prefix: "c" })], ["c"]);
    assert.deepEqual([...part.keys({ lt: "d", reverse: true })], ["c"]);
    assert.equal(await part.deleteRange({}), 3);
    assert.deepEqual([...store.keys()], ["a", "p", "p0"]);
    assert.equal(part.version, store.version);
    // The prefix alone is the empty key of the part, as in views: only ranges find it.
    await store.put("p/", "");
    assert.deepEqual([...part.keys()], [""]);
    assert.equal(await part.deleteRange({}), 1);
    assert.equal(store.hasSync("p/"), false);
  });

  check("conditional writes, versions, snapshots and transactions of a part have its keys", async (store) => {
    const part = store.view({ prefix: "p/" });
    await store.put("key", "outside");
    assert.equal(await part.compareAndSet("key", undefined, "1"), true);
    const { version } = store;
    assert.equal(
      await part.commit([{ type: "put", key: "b", value: "" }], { checks: [{ key: "key", version }] }),
      store.version,
    );
    assert.equal(await part.update("key", (value) => `${value && text(value)}2`), "12");
    assert.equal((await part.versions("key"))[0]?.version, store.version);
    assert.equal(part.versionsSync("none").length, 0);
    using snapshot = part.snapshot();
    await part.transaction((tx) => {
      assert.deepEqual([...tx.keys()], ["b", "key"]);
      assert.equal(text(tx.getSync("key")), "12");
      tx.put("key", "3");
      tx.put("new", "4");
      tx.delete("b");
      assert.deepEqual(
        [...tx.entries()].map(([key, value]) => [key, text(value)]),
        [
          ["key", "3"],
          ["new", "4"],
        ],
      );
    });
    assert.deepEqual([...store.keys()], ["key", "p/key", "p/new"]);
    assert.deepEqual([...snapshot.keys()], ["b", "key"]);
    using whole = store.snapshot();
    await part.deleteRange({});
    assert.deepEqual([...part.keys({ snapshot: whole })], ["key", "new"]);
    assert.equal(await part.count({ snapshot: whole }), 2);
    // Two transactions of parts that overlap conflict.
    const inner = store.view({ prefix: "p" }).view({ prefix: "/" });
    let runs = 0;
    await part.transaction(async (tx) => {
      runs += 1;
      await tx.get("key");
      if (runs === 1) await inner.put("key", "meanwhile");
      tx.put("result", `${runs}`);
    });
    assert.equal(text(part.getSync("result")), "2");
  });

  check("a watch of a part has its keys; views of a part have both prefixes", async (store) => {
    const part = store.view({ prefix: "p/" });
    const changes = part.watch({}, { since: store.version })[Symbol.asyncIterator]();
    await store.put("other", "1");
    await part.put("key", "2");
    const { value: change } = await changes.next();
    assert.deepEqual([change?.type, change?.key], ["put", "key"]);
    await changes.return?.();
    const users = part.view({ prefix: "users/", key: tupleKey, value: jsonCodec<number>() });
    await users.put(["a", 7], 1);
    assert.deepEqual([...users.keys()], [["a", 7]]);
    assert.equal([...part.keys({ prefix: "users/", keyEncoding: "bytes" })].length, 1);
  });

  check("what a part cannot do says so; closing it leaves the store open", async (store) => {
    const part = store.view({ prefix: "p/" });
    assert.throws(() => part.backup(), misuse(TypeError, "whole store"));
    await assert.rejects(part.restore(store.backup()), misuse(TypeError, "whole store"));
    await assert.rejects(part.put("", ""), misuse(RangeError, "empty key"));
    await assert.rejects(part.put("k".repeat(64_999), ""), misuse(RangeError, "65001 bytes"));
    assert.throws(
      () => part.batchSync([{ type: "put", key: "k".repeat(64_999), value: "" }]),
      misuse(RangeError, "65001"),
    );
    assert.throws(() => store.view({ prefix: "p".repeat(65_001) }), misuse(RangeError, "65001"));
    await part.put("key", "value");
    await part.close();
    await part.put("key", "again");
    assert.equal(text(store.getSync("p/key")), "again");
    await store.close();
    await part.close();
    await assert.rejects(part.get("key"), storeError("STORE_CLOSED"));
  });

  check("a range is deleted as a snapshot has it", async (store) => {
    await store.batch(["a", "b", "c"].map((key) => ({ type: "put", key, value: "" })));
    using snapshot = store.snapshot();
    await store.batch([
      { type: "put", key: "b", value: "again" },
      { type: "put", key: "d", value: "" },
      { type: "delete", key: "c" },
    ]);
    assert.equal(await store.deleteRange({ gt: "a", snapshot }), 2);
    assert.deepEqual([...store.keys()], ["a", "d"]);
    assert.equal(store.deleteRangeSync({ snapshot }), 3);
    assert.deepEqual([...store.keys()], ["d"]);
    const other = new MemoryStore();
    using foreign = other.snapshot();
    await assert.rejects(store.deleteRange({ snapshot: foreign }), misuse(TypeError, "'snapshot'"));
  });
}

/** Tests of views of snapshots and in transactions. */
export function viewsOfOthers(check: Check): void {
  check("a view shows what a snapshot has", async (store) => {
    const users = store.view({ prefix: "users/", key: tupleKey, value: jsonCodec<{ age: number }>() });
    await users.put(["ada", 1], { age: 36 });
    using snapshot = store.snapshot();
    await users.put(["ada", 1], { age: 37 });
    await users.put(["bob", 2], { age: 20 });
    const before = snapshot.view(users);
    assert.deepEqual(await before.get(["ada", 1]), { age: 36 });
    assert.deepEqual([...before.keys()], [["ada", 1]]);
    assert.deepEqual(before.getEntrySync(["ada", 1])?.version, snapshot.version);
    assert.equal(await before.count(), 1);
    snapshot.dispose();
    assert.throws(() => before.getSync(["ada", 1]), storeError("STORE_CLOSED"));
    assert.throws(() => snapshot.view(store.view({ prefix: "" }) as never), misuse(TypeError, "as a view"));
    const foreign = new MemoryStore().view({ prefix: "", value: utf8Codec });
    assert.throws(() => snapshot.view(foreign), misuse(TypeError, "same store"));
  });

  check("a view reads and writes in a transaction, also in one of a part", async (store) => {
    const accounts = store.view({ prefix: "accounts/", value: jsonCodec<number>() });
    await accounts.batch(["a", "b"].map((key) => ({ type: "put", key, value: 10 })));
    const move = async (amount: number) => {
      await store.view({ prefix: "elsewhere/" }).transaction(async (tx) => {
        const inside = tx.view(accounts);
        const [a = 0, b = 0] = await inside.getMany(["a", "b"]);
        inside.put("a", a - amount);
        inside.put("b", b + amount);
        assert.deepEqual(
          [...inside.entries()],
          [
            ["a", a - amount],
            ["b", b + amount],
          ],
        );
        tx.put("moved", `${amount}`);
      });
    };
    await Promise.all([move(1), move(2), move(3)]);
    assert.deepEqual(
      [...accounts.entries()],
      [
        ["a", 4],
        ["b", 16],
      ],
    );
    assert.ok(store.hasSync("elsewhere/moved"));
    await store.transaction((tx) => {
      tx.view(accounts).delete("a");
      assert.equal(tx.hasSync("accounts/a"), false);
      assert.throws(() => tx.view({} as never), misuse(TypeError, "as a view"));
    });
    assert.deepEqual([...accounts.keys()], ["b"]);
    let ended: ReturnType<typeof accounts.view> | undefined;
    await store.transaction((tx) => {
      ended = tx.view(accounts) as never;
    });
    assert.throws(() => ended?.keys(), storeError("TRANSACTION_ENDED"));
  });
}
