/**
 * Old versions, on both stores: listed, read, and removed with a clear error.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type BatchOperation, MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { storeError, text } from "../support/expect.ts";
import { SetClock } from "../support/set_clock.ts";

const KEPT = 3;
/** A store on disk that checkpoints often. */
const DISK = { path: "/store", writeBufferSize: 256 * 1024 };
const START = Date.UTC(2027, 0, 1);
const STORES: Readonly<Record<string, (numVersionsToKeep?: number) => Promise<Store>>> = {
  MemoryStore: async (numVersionsToKeep = KEPT) => new MemoryStore({ numVersionsToKeep }),
  SledStore: (numVersionsToKeep = KEPT) => open({ ...DISK, fileSystem: new MemoryFileSystem(), numVersionsToKeep }),
};
const BATCHES = 60;
/** One of this many operations is a deletion. */
const DELETED = 5;

/** The versions of a key as `12 13-`: newest first. A dash marks versions without a value. */
function shown(versions: readonly { readonly version: number; readonly value?: Uint8Array }[]): string {
  return versions.map(({ version, value }) => `${version}${value ? "" : "-"}`).join(" ");
}

/**
 * Writes batches of puts and deletes, some of missing keys. Returns the expected `versions` of each key, and the keys
 * of each commit.
 */
async function writeHistory(store: Store, random: Random): Promise<[Map<string, string>, Map<number, Set<string>>]> {
  const [listed, commits] = [new Map<string, string>(), new Map<number, Set<string>>()];
  for (let batch = 0; batch < BATCHES; batch++) {
    const operations = Array.from({ length: 50 }, (_, i): BatchOperation => {
      const key = `k/${random.below(300)}`;
      return i % DELETED === 0 ? { type: "delete", key } : { type: "put", key, value: new Uint8Array(5000) };
    });
    await store.batch(operations);
    const last = new Map(operations.map(({ key, type }) => [String(key), type]));
    for (const [key, type] of last) {
      const now = `${store.version}${type === "put" ? "" : "-"}`;
      listed.set(key, listed.has(key) ? `${now} ${listed.get(key)}` : now);
    }
    commits.set(store.version, new Set(last.keys()));
  }
  return [listed, commits];
}

for (const [name, openStore] of Object.entries(STORES)) {
  describe(`history of ${name}`, () => {
    test("lists the versions of a key, newest first, and reads the store at each", async () => {
      await using store = await openStore();
      const versions: number[] = [];
      for (const value of ["one", undefined, "three"]) {
        await (value === undefined ? store.delete("key") : store.put("key", value));
        versions.push(store.version);
      }
      const found = await store.versions("key");
      assert.deepEqual(
        found.map(({ version, value, deleted }) => [version, text(value), deleted]),
        [
          [versions[2], "three", false],
          [versions[1], undefined, true],
          [versions[0], "one", false],
        ],
      );
      assert.deepEqual(store.versionsSync("none"), []);
      const at = versions.map((version) => {
        using snapshot = store.snapshot({ version });
        return text(snapshot.getSync("key"));
      });
      assert.deepEqual(at, ["one", undefined, "three"]);
    });

    test("says when versions were written, after a restart, too", async () => {
      using time = new SetClock();
      const fileSystem = new MemoryFileSystem();
      const openHere = () =>
        name === "MemoryStore" ? openStore(20) : open({ ...DISK, fileSystem, numVersionsToKeep: 20 });
      let store = await openHere();
      const written: [version: number, ms: number][] = [];
      // The clock goes back twice.
      for (const ms of [0, 300, 999, 1000, 1500, 7000, 6999, 6999, 90_000, 0, 1]) {
        time.ms = START + ms;
        await store.put("key", "value");
        written.push([store.version, time.ms]);
      }
      const check = (found: Store) => {
        const versions = found.versionsSync("key").reverse();
        assert.equal(versions.length, written.length);
        for (const [i, { version, writtenAt = 0, writtenBefore = 0 }] of versions.entries()) {
          const [expected, ms] = written[i] ?? [];
          assert.equal(version, expected);
          assert.ok(
            ms !== undefined && writtenAt <= ms && ms < writtenBefore,
            `${ms}: ${writtenAt} to ${writtenBefore}`,
          );
          assert.equal(writtenBefore - writtenAt, name === "MemoryStore" ? 1 : 1000);
        }
      };
      check(store);
      if (name === "SledStore") {
        await store.close();
        store = await openHere();
        check(store);
      }
      await using emptied = await openStore();
      await emptied.restore(store.backup());
      assert.deepEqual(
        emptied.versionsSync("key").map(({ writtenAt, writtenBefore }) => [writtenAt, writtenBefore]),
        [[undefined, undefined]],
      );
      time.ms = START + 5000;
      await emptied.put("key", "value");
      assert.equal(emptied.versionsSync("key")[0]?.writtenAt, START + 5000);
      await store.close();
    });

    test("does not give restored versions the times of deleted ones", async () => {
      await using source = new MemoryStore();
      for (let i = 0; i < 30; i++) await source.put(`key/${i}`, "value");
      await using store = await openStore(1);
      for (let i = 0; i < 5; i++) await store.put("x", "value");
      await store.delete("x");
      await store.compact();
      await store.restore(source.backup());
      const versions = Array.from({ length: 30 }, (_, i) => store.versionsSync(`key/${i}`)).flat();
      assert.equal(versions.length, 30);
      assert.ok(versions.some(({ version }) => version <= 5));
      for (const { version, writtenAt } of versions) assert.equal(writtenAt, undefined, `version ${version}`);
    });

    test("keeps the configured versions and those that a snapshot sees; removed ones are an error", async () => {
      await using store = await openStore();
      await store.put("key", "0");
      const first = store.version;
      const snapshot = store.snapshot();
      for (let i = 1; i <= 10; i++) await store.put("key", `${i}`);
      await store.delete("gone");
      await store.compact();
      assert.equal(text(snapshot.getSync("key")), "0");
      assert.equal(store.versionsSync("key").length, KEPT + 1);
      snapshot.dispose();
      await store.put("key", "11");
      await store.compact();
      assert.equal(store.versionsSync("key").length, KEPT);
      assert.throws(() => store.snapshot({ version: first }), storeError("VERSION_GONE", `version ${first}`));
      assert.deepEqual(
        store.versionsSync("gone").map(({ deleted }) => deleted),
        [true],
      );
      assert.equal(text(store.getSync("key")), "11");
    });

    test("keeps deletions as it keeps puts: in versions, watches, snapshots of the past and increments", async () => {
      await using store = await openStore(1000);
      await store.put("first", "1");
      const since = store.version;
      const [listed, commits] = await writeHistory(store, new Random(19));
      await store.compact();
      for (const [key, versions] of listed) assert.equal(shown(store.versionsSync(key)), versions, key);
      const told = new Map<number, Set<string>>();
      let left = [...commits.values()].reduce((sum, { size }) => sum + size, 0);
      for await (const { key, version } of store.watch({}, { since })) {
        told.set(version, (told.get(version) ?? new Set()).add(key));
        left -= 1;
        if (left === 0) break;
      }
      assert.deepEqual(told, commits);
      for (const version of [since, ...commits.keys()]) {
        using past = store.snapshot({ version });
        let there = 0;
        for (const versions of listed.values()) {
          const seen = versions.split(" ").find((each) => Number.parseInt(each, 10) <= version);
          if (seen && !seen.endsWith("-")) there += 1;
        }
        assert.equal(past.countSync({ prefix: "k/" }), there, `at ${version}`);
      }
      await using copy = new MemoryStore();
      await copy.restore(store.backup());
      const to = copy.version;
      await store.delete("never there");
      await store.compact();
      const reader = store.backup({ since: to }).getReader();
      assert.equal((await reader.read()).done, false);
      await reader.cancel();
    });

    test("counts deletions: newer ones replace the oldest, others stay as long as they count", async () => {
      await using store = await openStore();
      const versions: number[] = [];
      for (let i = 0; i < 10; i++) {
        await store.delete("key");
        versions.unshift(store.version);
      }
      await store.compact();
      const newest = versions.slice(0, KEPT);
      assert.equal(shown(store.versionsSync("key")), newest.map((version) => `${version}-`).join(" "));
      for (const version of [...versions, 0]) store.snapshot({ version }).dispose();
    });

    test("with one version to keep, deletions go, and the past can be read while its data exists", async () => {
      await using store = await openStore(1);
      await store.put("kept", "1");
      const first = store.version;
      for (let i = 0; i < 100; i++) await store.delete(`${i}`);
      await store.compact();
      assert.deepEqual(store.versionsSync("7"), []);
      using past = store.snapshot({ version: first });
      assert.equal(text(past.getSync("kept")), "1");
      await store.put("kept", "2");
      const second = store.version;
      await store.delete("0");
      await store.compact();
      assert.equal(text(past.getSync("kept")), "1");
      past.dispose();
      store.snapshot({ version: second }).dispose();
      await store.put("kept", "3");
      await store.compact();
      assert.throws(() => store.snapshot({ version: second }), storeError("VERSION_GONE", `version ${second}`));
      store.snapshot().dispose();
    });

    test("counts expired versions, without their values", async () => {
      await using store = await openStore();
      await store.put("key", new Uint8Array(1000), { ttl: 1 });
      const { version } = store;
      await store.put("other", "1");
      while ((await store.get("key")) !== undefined) await delay(5);
      await store.compact();
      assert.equal(shown(store.versionsSync("key")), `${version}-`);
      for await (const change of store.watch({ prefix: "key" }, { since: version - 1 })) {
        assert.deepEqual([change.type, change.version, change.value], ["put", version, undefined]);
        break;
      }
      await store.put("key", "again");
      await store.put("key", "and again");
      await store.compact();
      assert.equal(store.versionsSync("key").length, KEPT);
      await store.put("key", "and once more");
      await store.compact();
      assert.equal(
        store.versionsSync("key").some(({ value }) => value === undefined),
        false,
      );
    });
  });
}
