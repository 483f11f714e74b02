/**
 * The store of an owner fails: its clients go on with the next owner, which may be the same process.
 */

import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { test } from "node:test";
import { open } from "../../mod.ts";
import { storeError, text } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

test("an owner whose store failed gives it up", () =>
  withDirectory(async (path) => {
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    await using owner = await open({ path, shared: true, logger });
    await using client = await open({ path, shared: true, logger });
    await client.put("a", "1");
    // It loses its lock.
    for (const name of readdirSync(path)) if (name.startsWith("LOCK.")) rmSync(`${path}/${name}`);
    await assert.rejects(client.put("b", "2"), storeError("LOCK_LOST"));
    await client.put("c", "3");
    assert.equal(text(await client.get("a")), "1");
    assert.deepEqual(await owner.keys().toArray(), ["a", "c"]);
    assert.equal([owner, client].filter(({ role }) => role === "owner").length, 1);
  }));

test("a store that is closed while its owner changes leaves no lock", () =>
  withDirectory(async (path) => {
    for (let i = 0; i < 10; i++) {
      const owner = await open({ path, shared: true });
      const client = await open({ path, shared: true });
      await client.put(`${i}`, "");
      await Promise.all([owner.close(), client.close()]);
    }
    await using store = await open({ path });
    assert.equal(await store.count(), 10);
  }));
