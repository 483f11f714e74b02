/**
 * A store with the permissions that Deno's test runner gives a test: its directory, and nothing else.
 */

import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { MemoryStore, open, StoreError } from "../../mod.ts";

const directory = Deno.makeTempDirSync({ prefix: "luge-deno-" });
const path = join(directory, "store");
Deno.test.afterAll(() => Deno.removeSync(directory, { recursive: true }));

const NOTHING = { read: false, write: false, net: false, env: false, run: false, sys: false, ffi: false } as const;

Deno.test({
  name: "a store needs only the permissions to read and write its directory",
  permissions: { ...NOTHING, read: [path], write: [path] },
  fn: async () => {
    await using store = await open(path);
    await store.put("city/bern", "137,000");
    assertEquals(new TextDecoder().decode(await store.get("city/bern")), "137,000");
  },
});

Deno.test({
  name: "a worker thread needs no other permission",
  permissions: { ...NOTHING, read: [path], write: [path] },
  fn: async () => {
    await using store = await open({ path, workers: "auto", writeBufferSize: 256 * 1024, syncWrites: false });
    const value = new Uint8Array(400);
    for (let round = 0; round < 200 && store.metrics().workerJobs < 2; round++) {
      const keys = Array.from({ length: 1000 }, (_, i) => `key/${(i * 7919 + round) % 100_000}`);
      await store.batch(keys.map((key) => ({ type: "put", key, value })));
    }
    const { workerJobs, workerFailures } = store.metrics();
    assertEquals([workerJobs >= 2, workerFailures], [true, 0]);
  },
});

Deno.test({
  name: "a fork needs the directory above, and links there",
  permissions: { ...NOTHING, read: [directory], write: [directory] },
  fn: async () => {
    await using store = await open(path);
    await store.put("city/bern", "137,000");
    const { linkedBytes, copyReason } = await store.fork(join(directory, "fork"));
    assertEquals([linkedBytes > 0, copyReason], [true, undefined]);
  },
});

Deno.test({
  name: "without that, the error of a fork names it, and nothing is left",
  permissions: { ...NOTHING, read: [path], write: [path] },
  fn: async () => {
    await using store = await open(path);
    const error = await assertRejects(() => store.fork(join(directory, "other")), StoreError, "other");
    assertEquals(error.code, "PATH_UNAVAILABLE");
  },
});

for (const missing of ["read", "write"] as const) {
  Deno.test({
    name: `without permission to ${missing}, the error names the directory`,
    permissions: { ...NOTHING, read: [path], write: [path], [missing]: false },
    fn: async () => {
      const error = await assertRejects(() => open(path), StoreError, "Cannot");
      assertEquals(error.code, "PATH_UNAVAILABLE");
      assertStringIncludes(error.message, path);
      assertInstanceOf(error.cause, Error);
    },
  });
}

Deno.test({
  name: "a MemoryStore needs no permission",
  permissions: NOTHING,
  fn: async () => {
    await using store = new MemoryStore();
    await store.put("key", "value");
    assertEquals([...(await store.scan("")).keys()], ["key"]);
  },
});
