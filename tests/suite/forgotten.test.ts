/**
 * Snapshots and backups that the program forgot: they end when they are collected as garbage.
 */

import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import { collectGarbage } from "../../scripts/lib/garbage.ts";
import { nodeTest } from "../support/node_only.ts";

/** After this many rounds of garbage collection, everything collectable is collected. */
const ROUNDS = 50;

async function assertForgotten(store: Store): Promise<void> {
  await store.put("key", "value");
  forget(store);
  assert.equal(store.metrics().openSnapshots, 30);
  for (let i = 0; i < ROUNDS && store.metrics().openSnapshots > 0; i++) {
    collectGarbage?.();
    await setImmediate();
  }
  assert.equal(store.metrics().openSnapshots, 0);
  await store.close();
}

/** A separate function, so that its variables end with it. */
function forget(store: Store): void {
  for (let i = 0; i < 10; i++) {
    store.snapshot();
    store.backup();
    store.backup({ since: store.version, signal: new AbortController().signal });
  }
}

nodeTest("forgotten snapshots and backups are released", async () => {
  await assertForgotten(new MemoryStore());
  await assertForgotten(await open({ path: "/store", fileSystem: new MemoryFileSystem() }));
});
