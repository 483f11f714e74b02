/**
 * Waiting for a directory that another store has open.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MemoryFileSystem, NodeFileSystem, open } from "../../mod.ts";
import { storeError } from "../support/expect.ts";
import { diskError, ObservedFileSystem } from "../support/observed_file_system.ts";
import { withDirectory } from "../support/temporary.ts";

describe("an open of a locked directory", () => {
  for (const [name, makeDisk] of [
    ["on disk", () => new NodeFileSystem()],
    ["in memory", () => new MemoryFileSystem()],
  ] as const) {
    test(`${name} says what to do, or waits until the other store is closed`, () =>
      withDirectory(async (directory) => {
        const config = { path: `${directory}/store`, fileSystem: makeDisk() };
        const first = await open(config);
        await assert.rejects(open(config), storeError("STORE_LOCKED", /^The directory '.*close/));
        await assert.rejects(open({ ...config, waitForLock: 30 }), storeError("STORE_LOCKED"));
        const wait = () => open({ ...config, waitForLock: Number.POSITIVE_INFINITY });
        const waiting = new Map([1, 2, 3].map((at) => [at, wait()]));
        await sleep(50);
        await first.put("key", "value");
        await first.close();
        for (let i = 0; i < 3; i++) {
          const { store, at } = await Promise.race([...waiting].map(async ([at, each]) => ({ at, store: await each })));
          assert.ok(await store.has("key"));
          waiting.delete(at);
          if (i < 2) {
            await store.close();
            continue;
          }
          const reading = open({ ...config, waitForLock: 1e9, readOnly: true });
          await sleep(30);
          await store.close();
          await using reader = await reading;
          assert.ok(await reader.has("key"));
        }
      }));
  }

  test("stops waiting when its signal aborts, with the signal's reason, and locks nothing", () =>
    withDirectory(async (path) => {
      const reason = new Error("enough");
      await assert.rejects(open({ path, signal: AbortSignal.abort(reason) }), reason);
      const first = await open(path);
      const controller = new AbortController();
      const waiting = open({ path, waitForLock: 1e9, signal: controller.signal });
      await sleep(30);
      controller.abort(reason);
      await assert.rejects(waiting, reason);
      await first.close();
      await (await open({ path, signal: new AbortController().signal })).close();
    }));

  test("releases a lock that it gets after its signal was aborted", async () => {
    const disk = new MemoryFileSystem();
    const slow = new ObservedFileSystem(disk, {});
    let go = () => {};
    slow.lock = async (path) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return await disk.lock(path);
    };
    const controller = new AbortController();
    const waiting = open({ path: "/store", fileSystem: slow, signal: controller.signal });
    await sleep(30);
    controller.abort();
    await assert.rejects(waiting, { name: "AbortError" });
    go();
    await sleep(0);
    await (await open({ path: "/store", fileSystem: disk })).close();
  });

  test("does not wait after errors that waiting cannot cure", async () => {
    const fileSystem = new ObservedFileSystem(new MemoryFileSystem(), {});
    fileSystem.lock = async () => {
      throw diskError("EROFS");
    };
    const config = { path: "/store", fileSystem, waitForLock: 1e9 };
    await assert.rejects(open(config), storeError("PATH_UNAVAILABLE", "EROFS"));
  });
});
