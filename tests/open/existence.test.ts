/**
 * Stores that must exist or must not, whether one exists, and the removal of a store.
 */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { destroy, exists, MemoryFileSystem, open } from "../../mod.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

test("createIfMissing: false opens what exists, and creates nothing", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/store`;
    await assert.rejects(open({ path, createIfMissing: false }), storeError("NOT_A_STORE", "does not exist"));
    assert.deepEqual(readdirSync(directory), []);
    mkdirSync(path);
    await assert.rejects(open({ path, createIfMissing: false }), storeError("NOT_A_STORE", "holds no luge store"));
    assert.deepEqual(readdirSync(path), []);
    await (await open(path)).close();
    const store = await open({ path, createIfMissing: false });
    await store.close();
  }));

test("errorIfExists refuses a store, and changes nothing in it", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await open({ path: "/store", fileSystem, errorIfExists: true });
  await store.put("key", "value");
  await store.close();
  const again = open({ path: "/store", fileSystem, errorIfExists: true, numVersionsToKeep: 5 });
  await assert.rejects(again, storeError("STORE_EXISTS", "errorIfExists"));
  await using reopened = await open({ path: "/store", fileSystem });
  assert.equal(text(await reopened.get("key")), "value");
  assert.equal((await reopened.versions("key")).length, 1);
  for (const name of ["createIfMissing", "errorIfExists"]) {
    await assert.rejects(open({ path: "/other", fileSystem, [name]: 1 as never }), misuse(TypeError, name));
  }
});

test("exists says whether there is a store, open or closed", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/store`;
    assert.equal(await exists(path), false);
    mkdirSync(path);
    assert.equal(await exists(path), false);
    const store = await open(path);
    assert.equal(await exists(path), true);
    await store.close();
    assert.equal(await exists(path), true);
    await assert.rejects(exists(5 as never), misuse(TypeError, "path"));
    await assert.rejects(exists(path, { fs: 1 } as never), misuse(TypeError, "'fs'"));
  }));

test("destroy removes a closed store with its directory, and says whether there was one", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/store`;
    assert.equal(await destroy(path), false);
    const store = await open({ path, writeBufferSize: 256 * 1024 });
    for (let i = 0; i < 100; i++) store.putSync(`key${i}`, "v".repeat(10_000), { durable: false });
    await store.compact();
    await assert.rejects(destroy(path), storeError("STORE_LOCKED"));
    assert.ok(store.hasSync("key1"));
    const waiting = destroy(path, { waitForLock: 60_000 });
    await store.close();
    assert.equal(await waiting, true);
    assert.deepEqual(readdirSync(directory), []);
    assert.equal(await exists(path), false);
    await using fresh = await open(path);
    assert.equal(fresh.countSync(), 0);
  }));

test("destroy leaves what is no store, and a store beside other files", () =>
  withDirectory(async (directory) => {
    mkdirSync(`${directory}/log`);
    writeFileSync(`${directory}/log/mine`, "");
    assert.equal(await destroy(directory), false);
    const path = `${directory}/store`;
    await (await open(path)).close();
    writeFileSync(`${path}/notes.txt`, "mine");
    await assert.rejects(destroy(path), storeError("NOT_A_STORE", "notes.txt"));
    await (await open({ path, createIfMissing: false })).close();
    assert.deepEqual(readdirSync(`${directory}/log`), ["mine"]);
  }));

test("a store is destroyed as a whole or not at all, also when the disk fails", async () => {
  for (const failing of ["rename", "remove"] as const) {
    const fileSystem = new MemoryFileSystem();
    await (await open({ path: "/data/store", fileSystem })).close();
    const failure = Object.assign(new Error("EIO"), { code: "EIO" });
    const original = fileSystem[failing].bind(fileSystem);
    fileSystem[failing] = (from: string, ...rest: string[]) => {
      if (failing === "rename" || from.includes(".destroyed-")) throw failure;
      return (original as (...names: string[]) => void)(from, ...rest);
    };
    await assert.rejects(destroy("/data/store", { fileSystem }), storeError("PATH_UNAVAILABLE", "EIO"));
    fileSystem[failing] = original as never;
    assert.equal(await exists("/data/store", { fileSystem }), failing === "rename");
    const store = await open({ path: "/data/store", fileSystem });
    await store.close();
    assert.equal(await destroy("/data/store", { fileSystem }), true);
    const left = fileSystem.list(dirname("/data/store")).map(({ name }) => name);
    assert.deepEqual(left.length, failing === "rename" ? 0 : 1, left.join());
  }
});

test(":memory: is a new store each time, and touches no disk", async () => {
  const store = await open(":memory:");
  await store.put("key", "value");
  assert.equal(text(store.getSync("key")), "value");
  await using other = await open({ path: ":memory:", numVersionsToKeep: 3 });
  assert.equal(other.countSync(), 0);
  await store.backupTo("/copy");
  await store.close();
  assert.equal(await exists(":memory:"), false);
});
