/**
 * A store closes everything that it opens: Deno's sanitizers fail a test that leaves a file, a timer or an operation
 * open.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding";
import { ByteSliceStream, toBytes } from "@std/streams";
import { MemoryStore, open, StoreError } from "../../mod.ts";
import { withDirectory } from "../support/temporary.ts";

const strict = { sanitizeOps: true, sanitizeResources: true } as const;

Deno.test("`await using` closes a store and leaves nothing open", strict, () =>
  withDirectory(async (path) => {
    {
      await using store = await open(path);
      await Promise.all(Array.from({ length: 100 }, (_, i) => store.put(`key${i}`, new Uint8Array(1000))));
      store.putSync("sync", "value");
      for await (const key of store.keys({ limit: 3 })) assertEquals(key.startsWith("key"), true);
    }
    await using store = await open(path);
    assertEquals(await store.count(), 101);
  }),
);

Deno.test("`await using` closes a store whose user throws", strict, () =>
  withDirectory(async (path) => {
    const use = async () => {
      await using store = await open(path);
      await store.put("key", "value");
      throw new RangeError("the user's");
    };
    await assertRejects(use, RangeError, "the user's");
    await using store = await open(path);
    assertEquals(await store.has("key"), true);
  }),
);

Deno.test("a failed open leaves nothing open", strict, () =>
  withDirectory(async (path) => {
    await using _ = await open(path);
    assertEquals((await assertRejects(() => open(path), StoreError)).code, "STORE_LOCKED");
    assertEquals((await assertRejects(() => open(`${path}/LUGE`), StoreError)).code, "PATH_NOT_DIRECTORY");
  }),
);

Deno.test("a watch that is left, and one that ends with its store, leave nothing open", strict, () =>
  withDirectory(async (path) => {
    await using store = await open(path);
    await store.put("a", "1");
    for await (const change of store.watch({}, { since: 0 })) {
      assertEquals(change.type === "put" && change.key, "a");
      break;
    }
    const ended = Array.fromAsync(store.watch());
    await store.close();
    assertEquals(await ended, []);
  }),
);

Deno.test("a backup is a stream of Deno: read completely, restored in parts, cancelled halfway", strict, async () => {
  await using store = new MemoryStore();
  for (let i = 0; i < 1000; i++) store.putSync(`key${i}`, decodeHex("c0ffee".repeat(100)));
  const bytes = await toBytes(store.backup());
  await using copy = new MemoryStore();
  await copy.restore(ReadableStream.from([bytes.subarray(0, 7), bytes.subarray(7)]));
  assertEquals(encodeHex(copy.getSync("key7") ?? new Uint8Array()), "c0ffee".repeat(100));
  const cut = ReadableStream.from([bytes]).pipeThrough(new ByteSliceStream(0, bytes.length - 2));
  await using other = new MemoryStore();
  assertEquals((await assertRejects(() => other.restore(cut), StoreError)).code, "BACKUP_INVALID");
  await store.backup().cancel();
});
