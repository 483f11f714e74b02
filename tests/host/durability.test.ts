/**
 * The rules that keep the engine's files safe across a power cut: see "Rules of the host" in docs/design/durability.md.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, open } from "../../mod.ts";
import { parentOf } from "../../src/fs/filesystem.ts";
import { type FileSystemCall, ObservedFileSystem } from "../support/observed_file_system.ts";

type Call = FileSystemCall | { readonly name: "settled"; readonly path: "" };

/**
 * All calls of the disk in one life of a store: small and large values, deletions, full write buffers, reopening. With
 * the moments when a put settled.
 */
async function recordedLife(): Promise<Call[]> {
  const calls: Call[] = [];
  const disk = new MemoryFileSystem();
  disk.makeDirectory("/parent");
  const fileSystem = new ObservedFileSystem(disk, { after: (call) => calls.push(call) });
  for (let life = 0; life < 3; life++) {
    await using store = await open({ path: "/parent/store", fileSystem, writeBufferSize: 256 * 1024 });
    for (let i = 0; i < 20; i++) {
      await store.put(`key${i}`, new Uint8Array(i * 40_000).fill(life));
      calls.push({ name: "settled", path: "" });
    }
    for (let i = 0; i < 2000; i++) store.put(`small${i}`, new Uint8Array(200).fill(life));
    for (let i = 0; i < 20; i += 2) await store.delete(`key${i}`);
  }
  // The content of the reserve is never read, so it is not made durable.
  return calls.filter(({ path }) => !path.includes("/RESERVE"));
}

describe("durability rules of the host", () => {
  test("a written file is synced before it is closed", async () => {
    const unsynced = new Set<string>();
    let closes = 0;
    for (const { name, path } of await recordedLife()) {
      if (name === "write" || name === "truncate") unsynced.add(path);
      if (name === "sync") unsynced.delete(path);
      if (name !== "close" || !/\/(?:log|upper|bottom|index)\//.test(path)) continue;
      closes += 1;
      assert.ok(!unsynced.has(path), `${path} was closed unsynced`);
    }
    assert.ok(closes > 10, `only ${closes} files were closed`);
    assert.deepEqual([...unsynced], []);
  });

  test("the directory is synced after every rename, removal and new directory, before the next change of the index", async () => {
    const calls = await recordedLife();
    let changes = 0;
    for (const [i, { name, path }] of calls.entries()) {
      if (name !== "rename" && name !== "remove" && name !== "makeDirectory") continue;
      changes += 1;
      assert.ok(isSyncedBefore(calls, i, path, isOfIndex), `after ${name} of ${path}`);
    }
    assert.ok(changes > 5);
  });

  test("the directory is synced after every new file, before anything relies on it", async () => {
    const calls = await recordedLife();
    const known = new Set<string>();
    let created = 0;
    for (const [i, { name, path }] of calls.entries()) {
      if (name === "remove") known.delete(path);
      if (name !== "write" || known.has(path) || path.includes("LUGE")) continue;
      known.add(path);
      created += 1;
      const opened = calls.findLastIndex((call, at) => at < i && call.name === "open" && call.path === path);
      // What is in the log counts when a put settles. What is elsewhere counts when the index refers to it.
      const relies = path.includes("/log/") ? (call: Call) => call.name === "settled" : isOfIndex;
      assert.ok(
        isSyncedBefore(calls, opened, path, relies) || wasThere(calls, opened, path),
        `something relied on ${path} before its name was durable`,
      );
    }
    assert.ok(created >= 6, `only ${created} files were created`);
  });

  test("an acknowledged put ends with a sync of the log", async () => {
    const calls: FileSystemCall[] = [];
    const fileSystem = new ObservedFileSystem(new MemoryFileSystem(), { after: (call) => calls.push(call) });
    await using store = await open({ path: "/store", fileSystem });
    for (let i = 0; i < 10; i++) {
      calls.length = 0;
      await store.put(`key${i}`, "value");
      const last = calls.findLastIndex(({ name }) => name === "write");
      assert.ok(last >= 0);
      const synced = calls.slice(last).some(({ name, path }) => name === "sync" && path === calls[last]?.path);
      assert.ok(synced, "the log was not synced after its last write");
    }
  });

  test("writes that are in flight together share one sync", async () => {
    let syncs = 0;
    const after = ({ name }: FileSystemCall) => {
      if (name === "sync") syncs += 1;
    };
    const fileSystem = new ObservedFileSystem(new MemoryFileSystem(), { after });
    await using store = await open({ path: "/store", fileSystem });
    await store.put("first", "creates the log");
    syncs = 0;
    await Promise.all(Array.from({ length: 64 }, (_, i) => store.put(`key${i}`, "value")));
    assert.ok(syncs <= 2, `${syncs} syncs for 64 writes`);
  });
});

function isOfIndex({ name, path }: Call): boolean {
  return name === "rename" || name === "remove" || (name === "write" && path.endsWith("/index/db"));
}

/** Whether the directory of a path is synced after a call, before another one relies on that. */
function isSyncedBefore(calls: readonly Call[], at: number, path: string, relies: (call: Call) => boolean): boolean {
  const later = calls.slice(at + 1);
  const synced = later.findIndex((call) => call.name === "syncDirectory" && call.path === parentOf(path));
  const relied = later.findIndex(relies);
  return synced >= 0 && (relied < 0 || synced < relied);
}

/** Whether an earlier call wrote to the same path. Then that call made the name durable. */
function wasThere(calls: readonly Call[], before: number, path: string): boolean {
  return calls.slice(0, before).some((call) => call.name === "write" && call.path === path);
}
