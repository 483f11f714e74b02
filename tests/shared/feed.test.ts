/** What an owner sends to followers: pages of whole commits, which an engine applies as they are. */

import assert from "node:assert/strict";
import { linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { open } from "../../mod.ts";
import { Feed } from "../../src/shared/feed.ts";
import { Forks } from "../../src/shared/forks.ts";
import type { OwnedSledStore } from "../../src/shared/owned_store.ts";
import { Replica, segmentBytes } from "../../src/shared/replica.ts";
import { type CommitPage, commitsAfter } from "../../src/wasm/commit_pages.ts";
import type { Engine } from "../../src/wasm/engine.ts";
import { storeError } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { untimed } from "../support/untimed.ts";

const IN_MEMORY = { path: ":memory:", syncWrites: false, numVersionsToKeep: 100 } as const;
const SMALL = { writeBufferSize: 256 * 1024 } as const;
const { signal } = new AbortController();

/** A store that keeps in memory what a test writes, or one whose memory is full soon. */
const openStore = async (options: object = {}): Promise<OwnedSledStore> => await open({ ...IN_MEMORY, ...options });

/** Applies a page as a replica does. */
async function apply(store: OwnedSledStore, { until, count, bytes }: CommitPage): Promise<void> {
  await Replica.prototype.apply.call({ store }, [until, 0, count, bytes]);
}

describe("the feed of an owner", () => {
  test("has whole commits, also one that is larger than a page", async () => {
    await using owner = await openStore();
    await using replica = await openStore();
    const versions: number[] = [];
    const commit = async (entries: number, bytes: number): Promise<void> => {
      const value = new Uint8Array(bytes).fill(versions.length);
      await owner.batch(Array.from({ length: entries }, (_, i) => ({ type: "put", key: `key ${i}`, value })));
      versions.push(owner.version);
    };
    // Pages of 128 KiB end in the middle of commits, and some commits are larger than a page.
    for (const [entries, bytes] of [
      [100, 10],
      [2, 100_000],
      [3, 90_000],
      [1, 10],
      [20_000, 1],
      [1, 600_000],
      [5, 10],
    ] as const) {
      await commit(entries, bytes);
    }
    await owner.delete("key 1");
    versions.push(owner.version);
    const feed = new Feed(owner);
    let pages = 0;
    for (let version = replica.version; version < owner.version; pages++) {
      const page = feed.page(version);
      assert.deepEqual(feed.page(version), page, "others get the same");
      assert.ok(page.until > version);
      assert.ok(versions.includes(page.until) || page.until === owner.version);
      await apply(replica, page);
      version = page.until;
      assert.equal(replica.version, version);
    }
    assert.ok(pages > 2, `${pages} pages`);
    assert.deepEqual(await replica.records().toArray(), await owner.records().toArray());
    for (const key of ["key 0", "key 1", "key 4"]) {
      assert.deepEqual(await replica.versions(key), untimed(await owner.versions(key)));
    }
  });

  test("tells who waits, and says when it has not all any more", async () => {
    await using owner = await openStore(SMALL);
    const feed = new Feed(owner);
    await owner.put("a", "1");
    const { version } = owner;
    const waiting = [feed.after(version, signal), feed.after(version, signal)];
    let isOver = false;
    void Promise.all(waiting).then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isOver, false);
    owner.putSync("b", "2");
    await Promise.all(waiting);
    assert.equal(feed.page(version).until, owner.version);
    assert.throws(() => feed.page(owner.version + 1), storeError("VERSION_GONE"));
    const value = new Uint8Array(1000);
    for (let i = 0; i < 1500; i++) await owner.put(`much ${i}`, value);
    await until(() => {
      const { core } = owner.opened;
      return core.run((backend) => commitsAfter((backend as Engine).calls, version, owner.version)) === undefined;
    }, "the commits are merged");
    assert.throws(() => new Feed(owner).page(version), storeError("VERSION_GONE"));
    const stop = new AbortController();
    const stopped = feed.after(owner.version, stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(stopped, /enough/);
  });
});

test("only files without another name count as the own ones of a replica", async () => {
  await withDirectory(async (path) => {
    for (const folder of ["a/log", "b/log", "b/bottom"]) mkdirSync(`${path}/${folder}`, { recursive: true });
    writeFileSync(`${path}/a/log/1`, new Uint8Array(100));
    linkSync(`${path}/a/log/1`, `${path}/b/log/1`);
    writeFileSync(`${path}/b/bottom/2`, new Uint8Array(7));
    assert.deepEqual(segmentBytes(`${path}/b`), { own: 7, all: 107 });
    rmSync(`${path}/a/log/1`);
    assert.deepEqual(segmentBytes(`${path}/b`), { own: 107, all: 107 });
  });
});

describe("the forks of an owner", () => {
  test("are bounded, and removed with their client", async () => {
    await withDirectory(async (path) => {
      const made: string[] = [];
      const store = {
        fork: async (directory: string | URL) => {
          mkdirSync(String(directory));
          made.push(String(directory));
          return { version: 1, linkedBytes: 0, copiedBytes: 0, copyReason: undefined };
        },
      };
      mkdirSync(`${path}/shared`);
      const forks = new Forks(store, path);
      const client = (number: number) => String(number).padStart(32, "0");
      const names = () => readdirSync(`${path}/shared/follow`).toSorted();
      for (let i = 0; i < 4; i++) assert.ok((await forks.make(client(0), signal)).name.startsWith(`${client(0)}.`));
      await assert.rejects(forks.make(client(0), signal), storeError("STORE_BUSY", "4 replicas"));
      await Promise.all(Array.from({ length: 63 }, (_, i) => forks.make(client(i + 1), signal)));
      await assert.rejects(forks.make(client(64), signal), storeError("STORE_BUSY", "64 followers"));
      assert.equal(names().length, 67);
      assert.equal(made.length, 67);
      forks.left(client(0), true);
      await until(() => names().length === 63, "its replicas are removed");
      assert.equal((await forks.make(client(64), signal)).name.slice(0, 32), client(64));
      // One that comes back keeps what it has.
      forks.left(client(1), false);
      forks.came(client(1));
      forks.left(client(2), false);
      await until(() => !names().some((name) => name.startsWith(client(2))), "it did not come back");
      assert.ok(names().some((name) => name.startsWith(client(1))));
      // So the next owner finds them.
      const next = new Forks(store, path);
      next.stop();
      forks.stop();
      assert.equal(names().length, 63);
    });
  });
});
