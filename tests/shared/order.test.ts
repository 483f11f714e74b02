/**
 * The calls of one process are done in the order in which they are made, in the owner, in a client, and while a client
 * becomes the owner.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open, type SharedStore } from "../../mod.ts";
import { text } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

async function eachRole(use: (store: SharedStore) => Promise<void>): Promise<void> {
  for (const role of ["owner", "client"] as const) {
    await withDirectory(async (path) => {
      await using owner = await open({ path, shared: true, syncWrites: false });
      await using client = await open({ path, shared: true, syncWrites: false });
      await use(role === "owner" ? owner : client);
    });
  }
}

describe("in order", () => {
  test("a snapshot, a transaction and a watch begin at their call", () =>
    eachRole(async (store) => {
      await store.put("k", "1");
      using snapshot = store.snapshot();
      const watch = store.watch()[Symbol.asyncIterator]();
      const write = store.put("k", "2");
      assert.equal(text(await snapshot.get("k")), "1");
      await write;
      const { value } = await watch.next();
      assert.equal(value?.key, "k");
      assert.equal(value?.type === "put" && text(value.value), "2");
      await watch.return?.();
      const seen = store.transaction(async (tx) => text(await tx.get("k")));
      await store.put("k", "3");
      // It began before the put, and did not change anything: so it need not run again.
      assert.equal(await seen, "2");
    }));

  test("writes that waited for the next owner come before later ones", () =>
    withDirectory(async (path) => {
      const owner = await open({ path, shared: true, syncWrites: false });
      await using client = await open({ path, shared: true, syncWrites: false });
      const writes = Array.from({ length: 4000 }, (_, i) => client.put("k", `${i}`));
      const closed = owner.close();
      while (client.role === "client") await new Promise((resolve) => setTimeout(resolve, 1));
      await client.put("k", "last");
      await Promise.all([...writes, closed]);
      assert.equal(text(await client.get("k")), "last");
    }));

  test("a transaction goes on beside more writes than may be without an answer", () =>
    withDirectory(async (path) => {
      await using owner = await open({ path, shared: true, syncWrites: false });
      await using client = await open({ path, shared: true, syncWrites: false });
      const found = await client.transaction(async (tx) => {
        const writes = Array.from({ length: 1500 }, (_, i) => client.put(`k${i}`, "v"));
        const value = await tx.get("k1");
        await Promise.all(writes);
        return [value, await tx.get("k1")];
      });
      assert.deepEqual(found, [undefined, undefined]);
      assert.equal(await owner.count(), 1500);
    }));
});
