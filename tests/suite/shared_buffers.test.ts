/**
 * Values that share buffers, with `shareBuffers`.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryFileSystem, open } from "../../mod.ts";
import { text } from "../support/expect.ts";

test("with shareBuffers values may share a buffer, which nobody can detach", async () => {
  await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem(), shareBuffers: true });
  const keys = Array.from({ length: 500 }, (_, i) => `key ${i}`);
  await store.batch(keys.map((key) => ({ type: "put", key, value: `the value of ${key}` })));
  const values = keys.map((key) => store.getSync(key) as Uint8Array<ArrayBuffer>);
  values.forEach(({ buffer }, i) => {
    if (i % 2 === 1) return;
    try {
      structuredClone(buffer, { transfer: [buffer] });
    } catch {
      // The buffer is shared.
    }
  });
  for (let i = 1; i < keys.length; i += 2) assert.equal(text(values[i]), `the value of ${keys[i]}`);
});
