/**
 * Backups and restores through the owner that do not come to their end.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryStore, open, type SharedStore } from "../../mod.ts";
import { misuse, storeError } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

async function withBoth(use: (store: SharedStore) => Promise<void>): Promise<void> {
  await withDirectory(async (path) => {
    await using owner = await open({ path, shared: true });
    await using client = await open({ path, shared: true });
    for (const store of [owner, client]) await use(store);
  });
}

describe("of a shared store", () => {
  test("a restore whose source fails rejects with that error, and the next one works", () =>
    withBoth(async (store) => {
      const failure = new Error("the source failed");
      const failing = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(failure) });
      await assert.rejects(store.restore(failing), failure);
      assert.equal(failing.locked, false);
      const wrong = new ReadableStream({ pull: (controller) => controller.enqueue("text") });
      await assert.rejects(store.restore(wrong as never), misuse(TypeError, "a stream of Uint8Array"));
      const backup = new MemoryStore().backup();
      await store.restore(backup);
    }));

  test("a restore ends with its signal, and cancels its source", () =>
    withBoth(async (store) => {
      const [ending, reason] = [new AbortController(), new Error("enough")];
      const cancelled = new Promise((resolve) => {
        const endless = new ReadableStream<Uint8Array>({ cancel: resolve });
        const restoring = store.restore(endless, { signal: ending.signal });
        restoring.catch(() => {});
        setTimeout(() => ending.abort(reason), 10);
        assert.rejects(restoring, reason).catch(resolve);
      });
      assert.equal(await cancelled, reason);
    }));

  test("a backup ends with its signal, and refuses what is wrong", () =>
    withBoth(async (store) => {
      const reason = new Error("enough");
      assert.throws(() => store.backup({ signal: AbortSignal.abort(reason) }), reason);
      assert.throws(() => store.backup({ sinc: 1 } as never), misuse(TypeError, "did you mean 'since'?"));
      const ending = new AbortController();
      const reader = store.backup({ signal: ending.signal }).getReader();
      await reader.read();
      ending.abort(reason);
      await assert.rejects(async () => {
        while (!(await reader.read()).done);
      }, reason);
      const late = store.backup({ since: 1_000_000_000 }).getReader();
      await assert.rejects(late.read(), (error) => error instanceof RangeError || storeError("VERSION_GONE")(error));
    }));
});
