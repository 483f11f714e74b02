/**
 * The driver of unstorage: what unstorage's own tests of drivers show, with versions 1 and 2, and what is luge's.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createStorage, prefixStorage, restoreSnapshot, snapshot } from "unstorage";
import { createStorage as createStorage2 } from "unstorage-2";
import { MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import lugeDriver, { type LugeDriver } from "../../src/adapters/unstorage/mod.ts";
import { misuse, storeError } from "../support/expect.ts";

type Storage = ReturnType<typeof createStorage>;

/** The same interface, as far as the tests use it. */
const VERSIONS: Readonly<Record<string, (driver: LugeDriver) => Storage>> = {
  "unstorage 1": (driver) => createStorage({ driver }),
  "unstorage 2": (driver) => createStorage2({ driver }) as unknown as Storage,
};

const STORES: Readonly<Record<string, () => LugeDriver>> = {
  "a store of its own": () => lugeDriver({ path: "data", fileSystem: new MemoryFileSystem() }),
  "a part of an open store": () => lugeDriver(new MemoryStore().view({ prefix: "kv/" })),
};

const plain = (meta: object) => ({ ...meta });

/** Waits until `isTrue`, for at most 20 s. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !isTrue(); i++) await setTimeout(10);
  assert.ok(isTrue());
}

for (const [version, create] of Object.entries(VERSIONS)) {
  for (const [where, driverOf] of Object.entries(STORES)) {
    const check = (name: string, run: (storage: Storage, driver: LugeDriver) => Promise<void>) =>
      test(`${version}, ${where}: ${name}`, async () => {
        const driver = driverOf();
        const storage = create(driver);
        await run(storage, driver);
        await storage.dispose();
      });

    check("items are set, found and removed", async (storage) => {
      await storage.setItem("foo:bar", "test_data");
      assert.equal(await storage.hasItem("foo:bar"), true);
      assert.equal(await storage.hasItem("foo"), false);
      assert.equal(await storage.getItem("foo:bar"), "test_data");
      assert.equal(await storage.getItem("missing"), null);
      assert.equal(await storage.getItemRaw("missing"), null);
      await storage.removeItem("foo:bar");
      await storage.removeItem("foo:bar");
      assert.equal(await storage.hasItem("foo:bar"), false);
      await storage.setItem("gone", "x");
      await storage.setItem("gone", undefined as unknown as string);
      assert.equal(await storage.hasItem("gone"), false);
    });

    check("values of all types, also false ones", async (storage) => {
      for (const value of [
        0,
        1,
        "",
        "text",
        "\ufeffmark",
        "\u00e4\u{1f600}",
        true,
        false,
        null,
        { a: [1] },
        [1, "2"],
      ]) {
        await storage.setItem("value", value);
        assert.deepEqual(await storage.getItem("value"), value, JSON.stringify(value));
      }
      class Dated {
        toJSON() {
          return { date: "today" };
        }
      }
      await storage.setItem("value", new Dated());
      assert.deepEqual(await storage.getItem("value"), { date: "today" });
      await assert.rejects(storage.setItem("value", new (class {})()));
    });

    check("several items in one call, in one commit", async (storage, driver) => {
      await storage.setItems([
        { key: "s1:a", value: "one", options: { ttl: 86_400 } },
        { key: "s1:b", value: { two: 2 } as unknown as string },
      ]);
      assert.deepEqual(await storage.getItems(["s1:a", { key: "s1:b" }, "s1:c"]), [
        { key: "s1:a", value: "one" },
        { key: "s1:b", value: { two: 2 } },
        { key: "s1:c", value: null },
      ]);
      const store = await driver.getInstance();
      const [a, b] = await store.getEntries(["s1:a", "s1:b"]);
      assert.equal(a?.version, b?.version);
      assert.ok(a?.expiresAt !== undefined && b?.expiresAt === undefined);
    });

    check("keys by base and by depth", async (storage) => {
      for (const key of ["a", "s1:a", "s1:b", "s1:c:d", "s1:c:e:f", "s10:a", "s2"]) await storage.setItem(key, 1);
      assert.deepEqual(await storage.getKeys(), ["a", "s10:a", "s1:a", "s1:b", "s1:c:d", "s1:c:e:f", "s2"]);
      assert.deepEqual(await storage.getKeys("s1"), ["s1:a", "s1:b", "s1:c:d", "s1:c:e:f"]);
      assert.deepEqual(await storage.getKeys("s1:c:"), ["s1:c:d", "s1:c:e:f"]);
      assert.deepEqual(await storage.getKeys("", { maxDepth: 0 }), ["a", "s2"]);
      assert.deepEqual(await storage.getKeys("", { maxDepth: 1 }), ["a", "s10:a", "s1:a", "s1:b", "s2"]);
      assert.deepEqual(await storage.getKeys("s1", { maxDepth: 2 }), ["s1:a", "s1:b", "s1:c:d"]);
      assert.deepEqual(await prefixStorage(storage, "s1").getKeys(), ["a", "b", "c:d", "c:e:f"]);
    });

    check("raw values", async (storage) => {
      const bytes = new Uint8Array(1000).map((_, i) => i);
      const raw = async (value: unknown) => {
        await storage.setItemRaw("raw", value);
        return await storage.getItemRaw("raw");
      };
      assert.deepEqual(await raw(bytes), bytes);
      assert.deepEqual(await raw(bytes.buffer), bytes);
      assert.deepEqual(await raw(new DataView(bytes.buffer, 10, 5)), bytes.slice(10, 15));
      assert.deepEqual(await raw("text"), new TextEncoder().encode("text"));
      assert.deepEqual(await raw(new Blob([bytes])), bytes);
      assert.deepEqual(await raw(new Blob([bytes]).stream()), bytes);
      await assert.rejects(storage.setItemRaw("raw", { a: 1 }), misuse(TypeError, "a raw object"));
      assert.deepEqual(await storage.getItemRaw("raw"), bytes);
      await storage.setItemRaw("raw", "12");
      assert.equal(await storage.getItem("raw"), 12);
    });

    check("meta, of luge and of the caller", async (storage) => {
      await storage.setItem("item", "12345", { ttl: 86_400 });
      const { size, version, ttl } = (await storage.getMeta("item")) as Record<string, number>;
      assert.equal(size, 5);
      assert.ok(version !== undefined && version > 0 && ttl !== undefined && ttl > 86_000 && ttl <= 86_401);
      await storage.setItem("ever", "1");
      const mtime = new Date(0);
      await storage.setMeta("ever", { mtime, owner: "me" });
      const meta = plain(await storage.getMeta("ever"));
      assert.deepEqual(meta, { size: 1, version: (meta as { version: number }).version, mtime, owner: "me" });
      assert.deepEqual(plain(await storage.getMeta("missing")), {});
      await storage.removeItem("ever", { removeMeta: true });
      assert.deepEqual(plain(await storage.getMeta("ever")), {});
    });

    check("clear, all and below a base", async (storage, driver) => {
      for (const key of ["a", "s1:a", "s1:b", "s10:a"]) await storage.setItem(key, 1);
      await driver.clear("s1:");
      assert.deepEqual(await storage.getKeys(), ["a", "s10:a"]);
      await storage.clear();
      assert.deepEqual(await storage.getKeys(), []);
    });

    check("snapshots of unstorage", async (storage) => {
      await storage.setItem("s1:a", "x");
      const data = await snapshot(storage, "s1");
      assert.deepEqual(data, { a: "x" });
      await restoreSnapshot(storage, data, "s2");
      assert.equal(await storage.getItem("s2:a"), "x");
    });

    check("a watch delivers each change, and ends", async (storage, driver) => {
      const seen: string[] = [];
      await storage.setItem("before", 1);
      const unwatch = await storage.watch((event, key) => {
        seen.push(`${event} ${key}`);
      });
      await storage.setItem("s1:a", 1);
      await storage.setItems([{ key: "b", value: 2 }]);
      await storage.removeItem("s1:a");
      await (await driver.getInstance()).put("c", "directly");
      await until(() => seen.length === 4);
      assert.deepEqual(seen, ["update s1:a", "update b", "remove s1:a", "update c"]);
      await unwatch();
      await storage.setItem("after", 1);
      await setTimeout(20);
      assert.equal(seen.length, 4);
      await storage.watch((event, key) => {
        seen.push(`${event} ${key}`);
      });
      await storage.clear();
      await until(() => seen.length === 8);
      assert.deepEqual(seen.slice(4), ["remove after", "remove b", "remove before", "remove c"]);
    });
  }
}

test("a callback of a watch that throws is reported, and hears of the next changes", async () => {
  const reported: unknown[][] = [];
  const { error } = console;
  console.error = (...parts) => reported.push(parts);
  try {
    const store = new MemoryStore();
    const storage = createStorage({ driver: lugeDriver(store) });
    const seen: string[] = [];
    await storage.watch((_, key) => {
      seen.push(key);
      if (key === "a") throw new Error("thrown by a callback");
    });
    await storage.setItem("a", 1);
    await storage.setItem("b", 2);
    await until(() => seen.length === 2);
    assert.deepEqual(seen, ["a", "b"]);
    await store.close();
    await setTimeout(20);
    assert.deepEqual(
      reported.map(([, reason]) => (reason as Error).message),
      ["thrown by a callback"],
    );
  } finally {
    console.error = error;
  }
});

test("a driver closes the store that it opened, and leaves an open one alone", async () => {
  const fileSystem = new MemoryFileSystem();
  // As Nitro passes its options on.
  const driver = lugeDriver({ driver: "@luge/luge/unstorage", base: "data", fileSystem, ttl: 86_400 });
  assert.deepEqual(fileSystem.list("."), []);
  const storage = createStorage({ driver });
  await storage.setItem("key", "value");
  await storage.setItem("own", "value", { ttl: 1_000_000 });
  const unwatch = await storage.watch(() => {});
  await storage.dispose();
  await unwatch();
  await assert.rejects(storage.getItem("key"), storeError("STORE_CLOSED"));

  const store: Store = await open({ path: "data", fileSystem });
  const left = ((await store.getEntry("key"))?.expiresAt ?? 0) - Date.now();
  assert.ok(left > 86_000_000 && left <= 86_400_001);
  assert.ok(((await store.getEntry("own"))?.expiresAt ?? 0) - Date.now() > 900_000_000);
  const shared = createStorage({ driver: lugeDriver({ store }) });
  assert.equal(await shared.getItem("key"), "value");
  await shared.dispose();
  assert.ok(await store.has("key"));
  await store.close();
});

test("wrong options are refused", async () => {
  for (const given of [undefined, null, 7]) {
    assert.throws(() => lugeDriver(given as unknown as string), misuse(TypeError, "expected a path"));
  }
  await assert.rejects(lugeDriver("").hasItem("a"), misuse(TypeError, "empty"));
  await assert.rejects(lugeDriver({}).hasItem("a"), misuse(TypeError, "'path'"));
  await assert.rejects(lugeDriver({ base: "x", cachSize: 1 } as object).hasItem("a"), misuse(TypeError, "cacheSize"));
  const driver = lugeDriver(new MemoryStore());
  assert.equal(driver.name, "luge");
  await assert.rejects(driver.setItem("key", "value", { ttl: -1 }), misuse(RangeError, "ttl"));
});
