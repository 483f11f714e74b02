/**
 * The store remembers how many versions it keeps. An open without that option drops none.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, open, type SledStoreConfig } from "../../mod.ts";
import { misuse } from "../support/expect.ts";
import { diskError, type FileSystemCall, ObservedFileSystem } from "../support/observed_file_system.ts";

/** A store whose key was written `writes` times. */
async function written(config: Partial<SledStoreConfig>, writes = 20): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  await using store = await open({ path: "/store", fileSystem, ...config });
  for (let i = 0; i < writes; i++) await store.put("key", `${i}`);
  return fileSystem;
}

/** How many versions are left after all work that drops versions. */
async function versionsAfter(fileSystem: MemoryFileSystem, config: Partial<SledStoreConfig> = {}): Promise<number> {
  await using store = await open({ path: "/store", fileSystem, ...config });
  await store.compact();
  return (await store.versions("key")).length;
}

describe("the number of versions that a store keeps", () => {
  test("is remembered by an open without the option, and no version is lost without a compaction either", async () => {
    const fileSystem = await written({ numVersionsToKeep: 1000 });
    for (let i = 0; i < 3; i++) assert.equal(await versionsAfter(fileSystem), 20);
    assert.equal(await versionsAfter(fileSystem, { dropVersions: true }), 20);
    assert.equal(await versionsAfter(fileSystem, { numVersionsToKeep: 1000 }), 20);
  });

  test("is 1 in a new store, and may be raised", async () => {
    const fileSystem = await written({}, 5);
    assert.equal(await versionsAfter(fileSystem), 1);
    {
      await using store = await open({ path: "/store", fileSystem, numVersionsToKeep: 3 });
      for (let i = 0; i < 5; i++) await store.put("key", `${i}`);
    }
    assert.equal(await versionsAfter(fileSystem), 3);
  });

  test("is lowered only with dropVersions, and then remembered", async () => {
    const fileSystem = await written({ numVersionsToKeep: 1000 });
    const config = { path: "/store", fileSystem, numVersionsToKeep: 2 };
    const expected = /keeps 1000 versions of each key, and 2 would drop older ones; .*dropVersions/;
    await assert.rejects(open(config), misuse(RangeError, expected));
    assert.equal(await versionsAfter(fileSystem), 20);
    assert.equal(await versionsAfter(fileSystem, { numVersionsToKeep: 2, dropVersions: true }), 2);
    assert.equal(await versionsAfter(fileSystem), 2);
    await assert.rejects(open({ ...config, numVersionsToKeep: 1 }), misuse(RangeError, "keeps 2 versions"));
  });

  test("is the old or the new number, whatever fails during the change", async () => {
    for (let failing = 0; ; failing++) {
      const disk = await written({ numVersionsToKeep: 10 });
      let changes = 0;
      const before = ({ name }: FileSystemCall) => {
        const isChange = ["open", "write", "sync", "rename", "syncDirectory"].includes(name);
        if (isChange && changes++ === failing) throw diskError("EIO");
      };
      const fileSystem = new ObservedFileSystem(disk, { before });
      const opening = open({ path: "/store", fileSystem, numVersionsToKeep: 20 });
      await opening.then(
        (store) => store.close(),
        () => {},
      );
      await assert.rejects(
        open({ path: "/store", fileSystem: disk, numVersionsToKeep: 9 }),
        misuse(RangeError, /keeps [12]0 versions/),
      );
      assert.ok((await versionsAfter(disk)) >= 10, `change ${failing}`);
      if (failing > 8) return;
    }
  });

  test("has no effect on a store that is open for reading only", async () => {
    const fileSystem = await written({ numVersionsToKeep: 10 });
    await using store = await open({ path: "/store", fileSystem, readOnly: true, numVersionsToKeep: 1 });
    assert.equal((await store.versions("key")).length, 10);
  });

  test("is kept in a copy", async () => {
    const fileSystem = await written({ numVersionsToKeep: 7 });
    {
      await using store = await open({ path: "/store", fileSystem });
      await store.backupTo("/copy");
    }
    await assert.rejects(open({ path: "/copy", fileSystem, numVersionsToKeep: 6 }), misuse(RangeError, "keeps 7"));
    await using copy = await open({ path: "/copy", fileSystem });
    for (let i = 0; i < 9; i++) await copy.put("key", `${i}`);
    await copy.compact();
    assert.equal((await copy.versions("key")).length, 7);
  });
});
