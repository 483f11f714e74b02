/**
 * Old versions, on both stores: listed, read, and gone with a clear error.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import { storeError, text } from "../support/expect.ts";

const KEPT = 3;
const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  MemoryStore: async () => new MemoryStore({ numVersionsToKeep: KEPT }),
  SledStore: () => open({ path: "/store", fileSystem: new MemoryFileSystem(), numVersionsToKeep: KEPT }),
};

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

    test("keeps so many versions and those that a snapshot sees; what is gone is an error", async () => {
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
      assert.deepEqual(store.versionsSync("gone"), []);
      assert.equal(text(store.getSync("key")), "11");
    });
  });
}
