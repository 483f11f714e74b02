/**
 * A store without references releases its directory when the same process opens it.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Logger, open, type SledStore } from "../../mod.ts";
import { collectGarbage } from "../../scripts/lib/garbage.ts";
import { ended, start } from "../support/child.ts";
import { text } from "../support/expect.ts";
import { HeldSyncs } from "../support/held_syncs.ts";
import { withDirectory } from "../support/temporary.ts";

async function openAndForget(path: string): Promise<void> {
  const store = await open({ path, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  await store.put("key", "kept");
  await store.get("key");
}

async function reopened(path: string): Promise<SledStore> {
  for (let i = 0; i < 200; i++) {
    collectGarbage?.();
    await sleep(10);
    try {
      return await open(path);
    } catch (error) {
      assert.equal((error as { code?: string }).code, "STORE_LOCKED");
    }
  }
  throw new Error("the directory stays locked");
}

test(
  "a collected store releases its directory, with all acknowledged writes",
  {
    skip: !collectGarbage,
  },
  () =>
    withDirectory(async (path) => {
      for (let round = 0; round < 3; round++) {
        await openAndForget(path);
        await using store = await reopened(path);
        assert.equal(text(await store.get("key")), "kept");
      }
    }),
);

test(
  "a directory stays locked for other processes although its store was collected",
  {
    skip: !collectGarbage,
  },
  () =>
    withDirectory(async (path) => {
      await openAndForget(path);
      for (let i = 0; i < 20; i++) {
        collectGarbage?.();
        await sleep(5);
      }
      const { output } = await ended(start("node", join(import.meta.dirname, "../runtimes/child.ts"), ["check", path]));
      assert.match(output, /^STORE_LOCKED/);
      await (await reopened(path)).close();
    }),
);

/** Completes the syncs of a disk as they arrive. */
class Releasing implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;

  constructor({ held }: HeldSyncs) {
    this.#timer = setInterval(() => held[0]?.complete(), 0);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

async function putAndForget(disk: HeldSyncs, logger: Logger): Promise<{ written: Promise<void> }> {
  const releasing = new Releasing(disk);
  const store = await open({ path: "/store", fileSystem: disk, logger, loggingLevel: 2 });
  await store.put("first", "begins the log");
  while (disk.held.length > 0) await sleep(1);
  releasing[Symbol.dispose]();
  return { written: store.put("key", "kept") };
}

test("a dropped store is not released while one of its writes waits for the disk", {
  skip: !collectGarbage,
}, async () => {
  const disk = new HeldSyncs();
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const { written } = await putAndForget(disk, { debug: log, info: log, warn: log, error: log });
  for (let i = 0; i < 20; i++) {
    collectGarbage?.();
    await sleep(2);
  }
  assert.deepEqual(lines, []);
  using _ = new Releasing(disk);
  await written;
});

test("a store in use is not collected", { skip: !collectGarbage }, () =>
  withDirectory(async (path) => {
    const store = await open(path);
    for (let i = 0; i < 20; i++) {
      collectGarbage?.();
      await sleep(1);
      await store.put(`key${i}`, "value");
    }
    await store.close();
  }),
);
