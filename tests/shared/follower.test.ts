/** Followers read in their own process what the owner has: own writes, history, expiry, restores, and failovers. */

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { MemoryStore, open, type SharedStore, type Store } from "../../mod.ts";
import { Feed, gone } from "../../src/shared/feed.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { SetClock } from "../support/set_clock.ts";
import { withDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { untimed } from "../support/untimed.ts";

const SMALL = { syncWrites: false, writeBufferSize: 256 * 1024 } as const;

/** An owner and a follower in this process. */
async function withFollower(
  use: (follower: SharedStore, owner: SharedStore, path: string) => Promise<void>,
  options: { numVersionsToKeep?: number } = {},
): Promise<void> {
  await withDirectory(async (path) => {
    await using owner = await open({ path, shared: true, ...SMALL, ...options });
    await using follower = await open({ path, follow: true, ...SMALL, ...options });
    assert.deepEqual([owner.role, follower.role], ["owner", "follower"]);
    await use(follower, owner, path);
  });
}

const replicasIn = (path: string): string[] => {
  const folder = `${path}/shared/follow`;
  return existsSync(folder) ? readdirSync(folder) : [];
};

/** Settles once a follower has all that its owner has. */
const caughtUp = async (follower: SharedStore, owner: SharedStore): Promise<void> => {
  const { version } = owner;
  await until(() => follower.version >= version, "the follower has all");
};

/** All entries with their versions and expiries, and the versions of each key. A follower does not know when they were written. */
async function contentOf(store: Store): Promise<unknown> {
  const records = await store.records().toArray();
  const versions: unknown[] = [];
  for (const { key } of records.filter((_, i) => i % 101 === 0 || i < 100))
    versions.push(untimed(await store.versions(key)));
  return { records, versions };
}

describe("a follower", () => {
  test("finds each of its own writes at once, also without a promise", async () => {
    await withFollower(async (follower, owner) => {
      for (let i = 0; i < 50; i++) {
        await follower.put("n", `${i}`);
        assert.equal(text(follower.getSync("n")), `${i}`);
      }
      assert.equal(await follower.increment("count", 2), 2);
      assert.equal(follower.countSync(), 2);
      const version = await follower.commit([{ type: "put", key: "a", value: "1" }], { checks: [] });
      assert.ok(version !== undefined && follower.getEntrySync("a")?.version === version);
      await follower.transaction(async (tx) => tx.put("a", `${text(await tx.get("a"))}2`));
      assert.equal(text(follower.getSync("a")), "12");
      assert.equal(await follower.delete("a"), true);
      assert.equal(follower.hasSync("a"), false);
      await Promise.all(
        Array.from({ length: 300 }, (_, i) => follower.put(`key ${i}`, `${i}`, { durable: i % 2 > 0 })),
      );
      assert.equal([...follower.keys({ prefix: "key " })].length, 300);
      assert.equal(follower.version, owner.version);
      const { following } = follower;
      assert.ok(following && following.version === follower.version && following.newest >= following.version);
      assert.equal(owner.following, undefined);
    });
  });

  test("has the versions, expiries and entries of its owner, large values and large commits, too", async () => {
    await withFollower(
      async (follower, owner) => {
        const value = (i: number, bytes: number) => new Uint8Array(bytes).fill(i);
        for (let i = 0; i < 30; i++) {
          await owner.put(`key ${i % 7}`, value(i, i % 3 === 0 ? 9000 : 20), i % 4 === 0 ? { ttl: 3_600_000 } : {});
          if (i % 5 === 0) await owner.delete(`key ${(i + 3) % 7}`);
        }
        await owner.put("of 3 MiB", value(1, 3 * 1024 * 1024));
        // More than one page, and as one commit.
        const many = Array.from({ length: 20_000 }, (_, i) => `many ${String(i).padStart(6, "0")}`);
        const seen = new Set<number>();
        const watch = (async () => {
          while (!seen.has(many.length)) {
            seen.add(follower.countSync({ prefix: "many" }));
            await new Promise((resolve) => setImmediate(resolve));
          }
        })();
        await owner.batch(many.map((key) => ({ type: "put", key, value: key })));
        await caughtUp(follower, owner);
        await watch;
        assert.deepEqual([...seen], [0, many.length], "all of the commit or nothing");
        assert.deepEqual(await contentOf(follower), await contentOf(owner));
        const earlier = (await owner.versions("key 1")).at(-1)?.version as number;
        for (const store of [follower, owner]) {
          using snapshot = store.snapshot({ version: earlier });
          assert.equal((await snapshot.getEntry("key 1"))?.version, earlier);
        }
        assert.deepEqual((await follower.verify()).damages, []);
        assert.ok((await follower.approximateSize()) > 0);
      },
      { numVersionsToKeep: 50 },
    );
  });

  test("has what operands make of values, from its fork, in pages, and after the fold", async () => {
    await withDirectory(async (path) => {
      const versions = { numVersionsToKeep: 3 };
      await using owner = await open({ path, shared: true, ...SMALL, ...versions });
      const keys = Array.from({ length: 40 }, (_, i) => `counter ${i}`);
      const change = async (round: number) => {
        await owner.append("list", new Uint8Array(200).fill(round));
        await owner.append(`short ${round % 3}`, "abc");
        await owner.batch([
          ...keys.map((key, i) => ({ type: "increment", key, by: i % 2 === 0 ? round : BigInt(round) }) as const),
          { type: "append", key: "ends", value: `${round},`, ...(round % 5 === 0 ? { ttl: 3_600_000 } : {}) },
        ]);
        await owner.transaction((tx) => {
          tx.increment("in transactions", 1);
          tx.max("largest", round);
        });
      };
      for (let round = 0; round < 10; round++) await change(round);
      await owner.compact();
      // These values are on the disk, so what follows are operands.
      for (let round = 10; round < 20; round++) await change(round);
      await using follower = await open({ path, follow: true, ...SMALL, ...versions });
      assert.deepEqual(await contentOf(follower), await contentOf(owner));
      for (let round = 20; round < 60; round++) await change(round);
      await caughtUp(follower, owner);
      assert.deepEqual(await contentOf(follower), await contentOf(owner));
      await owner.compact();
      await change(60);
      await caughtUp(follower, owner);
      assert.deepEqual(await contentOf(follower), await contentOf(owner));
      assert.equal(follower.getSync("list")?.length, 61 * 200);
    });
  });

  test("sees a value expire when its owner does", async () => {
    await withFollower(async (follower, owner) => {
      await owner.put("short", "x", { ttl: 1000 });
      await owner.put("later", "x");
      await caughtUp(follower, owner);
      assert.deepEqual(follower.getEntrySync("short"), owner.getEntrySync("short"));
      const expiresAt = owner.getEntrySync("short")?.expiresAt as number;
      using time = new SetClock();
      time.ms = expiresAt - 1;
      assert.deepEqual([follower.hasSync("short"), owner.hasSync("short")], [true, true]);
      time.ms = expiresAt;
      assert.deepEqual([follower.hasSync("short"), owner.hasSync("short")], [false, false]);
      assert.equal(follower.countSync(), 1);
      await owner.put("short", "of the time before", { ttl: 1 });
      time.ms += 1;
      await caughtUp(follower, owner);
      assert.deepEqual(await contentOf(follower), await contentOf(owner));
      const versions = await follower.versions("short");
      assert.deepEqual(versions, untimed(await owner.versions("short")));
    });
  });

  test("watches what it can read", async () => {
    await withFollower(async (follower, owner) => {
      const changes = follower.watch({}, { since: owner.version })[Symbol.asyncIterator]();
      for (let i = 0; i < 20; i++) {
        await owner.put("n", `${i}`);
        const { value } = await changes.next();
        assert.ok(value && (follower.getEntrySync("n")?.version ?? 0) >= value.version);
      }
      await changes.return?.();
    });
  });

  test("keeps snapshots and walks while it begins again after a restore", async () => {
    await withFollower(async (follower, owner, path) => {
      await owner.put("before", "1");
      await caughtUp(follower, owner);
      const memory = new MemoryStore();
      const { version: since } = await memory.restore(owner.backup());
      await memory.put("restored", "2");
      await memory.delete("before");
      using snapshot = follower.snapshot();
      const walk = follower.keys()[Symbol.asyncIterator]();
      assert.equal((await walk.next()).value, "before");
      const before = replicasIn(path);
      assert.equal(before.length, 1);
      await owner.restore(memory.backup({ since }));
      await until(() => follower.hasSync("restored"), "the follower has the restored entry");
      assert.deepEqual(await contentOf(follower), await contentOf(owner));
      assert.deepEqual([...follower.keys()], ["restored"]);
      assert.equal(snapshot.countSync(), 1);
      assert.equal((await walk.next()).done, true);
      snapshot.dispose();
      await until(() => replicasIn(path).length === 1, "the old replica is removed");
      assert.notDeepEqual(replicasIn(path), before);
      await follower.put("own", "write");
      assert.equal(text(follower.getSync("own")), "write");
    });
  });

  test("deletes a range of a snapshot, and refuses one of another store", async () => {
    await withFollower(async (follower, owner) => {
      await follower.put("a", "1");
      using snapshot = follower.snapshot();
      await follower.put("b", "2");
      assert.equal(await follower.deleteRange({ snapshot }), 1);
      assert.deepEqual([...follower.keys()], ["b"]);
      await assert.rejects(owner.count({ snapshot }), misuse(TypeError, "expected one of this store"));
      assert.equal(await follower.count({ snapshot }), 1);
      snapshot.dispose();
      assert.throws(() => snapshot.getSync("a"), storeError("STORE_CLOSED"));
      await assert.rejects(follower.count({ snapshot }), storeError("STORE_CLOSED"));
    });
  });

  test("reads on while the owner changes, and becomes the owner itself", async () => {
    await withDirectory(async (path) => {
      const first = await open({ path, shared: true, ...SMALL });
      await using follower = await open({ path, follow: true, ...SMALL });
      await follower.put("a", "1");
      using snapshot = follower.snapshot();
      await follower.put("a", "2");
      await first.close();
      assert.equal(text(follower.getSync("a")), "2");
      await follower.put("a", "3");
      assert.deepEqual([follower.role, follower.following], ["owner", undefined]);
      assert.equal(text(follower.getSync("a")), "3");
      assert.equal(text(snapshot.getSync("a")), "1");
      snapshot.dispose();
      await until(() => replicasIn(path).length === 0, "the replica is given up");
      await using second = await open({ path, follow: true, ...SMALL });
      await follower.put("b", "4");
      await caughtUp(second, follower);
      assert.equal(text(second.getSync("b")), "4");
      await follower.close();
      await second.put("c", "5");
      assert.deepEqual([...second.keys()], ["a", "b", "c"]);
    });
  });

  test("goes on at another owner after the last commit that came", async () => {
    await withDirectory(async (path) => {
      const first = await open({ path, shared: true, ...SMALL });
      const second = await open({ path, shared: true, ...SMALL });
      await using follower = await open({ path, follow: true, ...SMALL });
      await second.put("a", "1");
      await caughtUp(follower, first);
      const before = replicasIn(path);
      await first.close();
      // One of the two owns the store now.
      await second.put("a", "2");
      const isOwner = follower.role === "owner";
      if (!isOwner) assert.deepEqual(replicasIn(path), before, "the same replica goes on");
      await until(() => text(follower.getSync("a")) === "2", "the follower has it");
      await second.close();
    });
  });

  test("gives everything back at its end", async () => {
    await withDirectory(async (path) => {
      await using owner = await open({ path, shared: true, ...SMALL });
      const follower = await open({ path, follow: true, ...SMALL });
      await follower.put("a", "1");
      using snapshot = follower.snapshot();
      assert.equal(replicasIn(path).length, 1);
      await follower.close();
      assert.deepEqual(replicasIn(path), []);
      assert.throws(() => follower.getSync("a"), storeError("STORE_CLOSED"));
      assert.throws(() => snapshot.getSync("a"), storeError("STORE_CLOSED"));
      assert.equal(text(owner.getSync("a")), "1");
    });
  });

  test("begins again, again and again, and finds its own writes all the same", async () => {
    const { page } = Feed.prototype;
    let isGone = true;
    let asked = 0;
    Feed.prototype.page = function (this: Feed, after: number) {
      asked += 1;
      if (isGone) throw gone(after);
      return page.call(this, after);
    };
    try {
      await withFollower(async (follower, owner) => {
        await owner.put("a", "1");
        await until(() => asked > 0 && follower.hasSync("a"), "another replica has it");
        // Its own write waits for a replica that has it.
        const put = follower.put("a", "2");
        await put;
        assert.equal(text(await follower.get("a")), "2");
        isGone = false;
        await owner.put("b", "3");
        await until(() => follower.role === "follower" && follower.hasSync("b"), "it follows");
      });
    } finally {
      Feed.prototype.page = page;
    }
  });

  test("is one of many, and all have the same", async () => {
    await withDirectory(async (path) => {
      await using owner = await open({ path, shared: true, ...SMALL });
      const options = { path, follow: true, ...SMALL, cacheSize: 1024 * 1024 } as const;
      const followers = await Promise.all(Array.from({ length: 8 }, () => open(options)));
      for (let i = 0; i < 40; i++) {
        await owner.put(`owner ${i % 7}`, `${i}`);
        const follower = followers[i % followers.length] as SharedStore;
        await follower.batch([
          { type: "put", key: `follower ${i % 5}`, value: `${i}` },
          { type: "increment", key: "n" },
        ]);
        assert.equal(text(follower.getSync(`follower ${i % 5}`)), `${i}`);
      }
      const all = await contentOf(owner);
      for (const follower of followers) {
        await caughtUp(follower, owner);
        assert.equal(follower.role, "follower");
        assert.deepEqual(await contentOf(follower), all);
      }
      assert.equal(replicasIn(path).length, followers.length);
      await Promise.all(followers.map((follower) => follower.close()));
      assert.deepEqual(replicasIn(path), []);
    });
  });

  test("is refused where sharing is", async () => {
    await assert.rejects(open({ path: ":memory:", follow: true }), misuse(TypeError, "only stores on the disk"));
    await assert.rejects(open({ path: "x", follow: 1 } as never), misuse(TypeError, "'follow': expected a boolean"));
  });
});
