/**
 * The persistence for Yjs: documents converge, also after the store was closed and opened.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import * as Y from "yjs";
import { YjsPersistence } from "../../examples/yjs_persistence.ts";
import { MemoryStore, open } from "../../mod.ts";
import { withDirectory } from "../support/temporary.ts";

/** Stores each update of a document. Resolves with all of them. */
function stored(persistence: YjsPersistence, name: string, document: Y.Doc, change: () => void): Promise<unknown> {
  const writes: Promise<void>[] = [];
  const store = (update: Uint8Array) => writes.push(persistence.storeUpdate(name, update));
  document.on("update", store);
  change();
  document.off("update", store);
  return Promise.all(writes);
}

test("two documents that were changed apart converge after the store is opened again", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "documents");
    const [first, second] = [new Y.Doc(), new Y.Doc()];
    {
      await using store = await open(path);
      const persistence = new YjsPersistence(store);
      await stored(persistence, "page", first, () => {
        first.getText("body").insert(0, "Hello");
        first.getArray("list").push([1, { a: true }]);
      });
      Y.applyUpdate(second, await persistence.getDiff("page", Y.encodeStateVector(second)));
      // Both change the same place, and know nothing of each other.
      await stored(persistence, "page", first, () => first.getText("body").insert(5, ", Ada"));
      await stored(persistence, "page", second, () => second.getText("body").insert(5, ", Grace"));
      await stored(persistence, "page", second, () => second.getArray("list").delete(0));
    }
    await using store = await open(path);
    const persistence = new YjsPersistence(store);
    for (const document of [first, second]) {
      Y.applyUpdate(document, await persistence.getDiff("page", Y.encodeStateVector(document)));
    }
    const opened = await persistence.getYDoc("page");
    const bodies = [first, second, opened].map((document) => document.getText("body").toString());
    assert.deepEqual([...new Set(bodies)].length, 1);
    assert.match(bodies[0] ?? "", /^Hello(?=.*, Ada)(?=.*, Grace)/);
    assert.deepEqual(opened.getArray("list").toJSON(), [{ a: true }]);
  }));

test("a flush keeps the sum, its state vector, and updates that come meanwhile", async () => {
  await using store = new MemoryStore();
  const persistence = new YjsPersistence(store.view({ prefix: "documents/" }));
  const document = new Y.Doc();
  await stored(persistence, "a", document, () => {
    for (let i = 0; i < 1100; i++) document.getArray("list").push([i]);
  });
  assert.ok(store.countSync() < 1100, "updates are summed from time to time");
  const [vector] = await Promise.all([
    persistence.flushDocument("a"),
    stored(persistence, "a", document, () => document.getArray("list").push(["late"])),
  ]);
  assert.ok(vector.length > 0);
  assert.deepEqual(await persistence.getStateVector("a"), Y.encodeStateVector(document));
  const opened = await persistence.getYDoc("a");
  assert.deepEqual(opened.getArray("list").toJSON(), document.getArray("list").toJSON());
  await stored(persistence, "b", document, () => document.getArray("list").push([1]));
  assert.deepEqual(await persistence.getAllDocNames(), ["a", "b"]);
  await persistence.clearDocument("a");
  assert.deepEqual(await persistence.getAllDocNames(), ["b"]);
  assert.deepEqual((await persistence.getYDoc("a")).getArray("list").toJSON(), []);
});

test("a flush does not bring back a document that was cleared meanwhile, and a read makes none", async () => {
  await using store = new MemoryStore();
  const persistence = new YjsPersistence(store);
  const document = new Y.Doc();
  await stored(persistence, "page", document, () => document.getText("body").insert(0, "Hello"));
  await Promise.all([persistence.flushDocument("page"), persistence.clearDocument("page")]);
  assert.deepEqual(await persistence.getAllDocNames(), []);
  assert.ok((await persistence.getStateVector("none")).length > 0);
  assert.deepEqual([store.countSync(), await persistence.getAllDocNames()], [0, []]);
});

test("updates of many short programs are summed, too", async () => {
  await using store = new MemoryStore();
  const document = new Y.Doc();
  for (let program = 0; program < 12; program++) {
    await stored(new YjsPersistence(store), "page", document, () => {
      for (let i = 0; i < 100; i++) document.getArray("list").push([i]);
    });
  }
  assert.ok(store.countSync() < 700, `${store.countSync()} updates`);
  const opened = await new YjsPersistence(store).getYDoc("page");
  assert.equal(opened.getArray("list").length, 1200);
});
