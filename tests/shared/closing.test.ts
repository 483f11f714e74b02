/**
 * What a shared store does while it closes.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open } from "../../mod.ts";
import { float64Codec } from "../../src/codecs/mod.ts";
import { storeError } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

describe("closing", () => {
  test("owner and client at once: every write that was begun is done", () =>
    withDirectory(async (path) => {
      const owner = await open({ path, shared: true, syncWrites: false });
      const client = await open({ path, shared: true, syncWrites: false });
      const writes = Array.from({ length: 2000 }, () => client.increment("n"));
      await Promise.all([owner.close(), client.close()]);
      assert.equal(new Set(await Promise.all(writes)).size, 2000);
      await using store = await open(path);
      assert.equal(float64Codec.decode(store.getSync("n") as Uint8Array), 2000);
    }));

  test("leaves no owner behind while a client becomes it", async () => {
    for (const ms of [0, 1, 2, 3, 4, 6, 8, 12]) {
      await withDirectory(async (path) => {
        const owner = await open({ path, shared: true });
        const client = await open({ path, shared: true });
        await owner.close();
        await new Promise((resolve) => setTimeout(resolve, ms));
        await client.close();
        await (await open(path)).close();
      });
    }
  });

  test("refuses new calls, ends watches, and waits for no transaction that does not end", () =>
    withDirectory(async (path) => {
      await using owner = await open({ path, shared: true });
      for (const store of [await open({ path, shared: true }), owner]) {
        await store.put("a", "1");
        const watch = store.watch()[Symbol.asyncIterator]();
        const next = watch.next();
        const transaction = store.transaction(() => new Promise(() => {}));
        const ended = assert.rejects(transaction, storeError("STORE_CLOSED"));
        await store.get("a");
        const closed = store.close();
        await assert.rejects(store.put("a", "2"), storeError("STORE_CLOSED"));
        await assert.rejects(store.get("a"), storeError("STORE_CLOSED"));
        await closed;
        await ended;
        assert.deepEqual(await next, { done: true, value: undefined });
      }
    }));
});
