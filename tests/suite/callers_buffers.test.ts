/**
 * Callers may change what they passed as soon as a call returns, and what they got. That holds for a `Buffer`, too,
 * whose `slice` shares its memory.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type Codec, MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import { cloneCodec } from "../../src/codecs/mod.ts";
import { tupleKey } from "../../src/keys/mod.ts";
import { text } from "../support/expect.ts";

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  MemoryStore: async () => new MemoryStore(),
  SledStore: () => open({ path: "/store", fileSystem: new MemoryFileSystem(), writeBufferSize: 256 * 1024 }),
};

/** A Buffer of some text, which is overwritten when the caller is done with it. */
class Reused {
  readonly #buffers: Buffer[] = [];

  of(content: string): Buffer {
    const buffer = Buffer.from(content);
    this.#buffers.push(buffer);
    return buffer;
  }

  overwrite(): void {
    for (const buffer of this.#buffers) buffer.fill("?");
  }
}

async function contentOf(store: Store): Promise<Record<string, string | undefined>> {
  const entries = await store.entries().toArray();
  return Object.fromEntries(entries.map(([key, value]) => [key, text(value)]));
}

for (const [name, create] of Object.entries(STORES)) {
  describe(`${name}: a Buffer that its caller reuses`, () => {
    test("in a transaction", async () => {
      await using store = await create();
      await store.batch(["gone", "end", "read"].map((key) => ({ type: "put", key, value: "before" })));
      const reused = new Reused();
      await store.transaction(async (transaction) => {
        transaction.put(reused.of("key"), reused.of("value"));
        transaction.delete(reused.of("gone"));
        transaction.append(reused.of("end"), reused.of("+"));
        await transaction.get(reused.of("read"));
        reused.overwrite();
        assert.equal(text(await transaction.get("key")), "value");
      });
      assert.deepEqual(await contentOf(store), { end: "before+", key: "value", read: "before" });
    });

    test("in a view of a transaction, from a codec that has one Buffer", async () => {
      await using store = await create();
      const buffer = Buffer.alloc(1);
      const codec: Codec<number> = { encode: (value) => buffer.fill(value), decode: ([value = 0]) => value };
      const view = store.view({ prefix: "view/", value: codec });
      await store.transaction((transaction) => {
        for (const value of [1, 2, 3]) transaction.view(view).put(String(value), value);
      });
      assert.deepEqual(await view.values().toArray(), [1, 2, 3]);
    });

    test("what a transaction read of its own write", async () => {
      await using store = await create();
      await store.transaction(async (transaction) => {
        transaction.put("key", Buffer.from("value"));
        (await transaction.get("key"))?.fill(0);
        for await (const [, value] of transaction.entries()) value.fill(0);
      });
      assert.deepEqual(await contentOf(store), { key: "value" });
    });

    test("in writes of one call", async () => {
      await using store = await create();
      const reused = new Reused();
      const put = { type: "put", key: reused.of("in a batch"), value: reused.of("1") } as const;
      const checks = [{ key: reused.of("absent"), version: undefined }];
      const writes = [
        store.put(reused.of("put"), reused.of("1")),
        store.batch([put]),
        store.commit([{ ...put, key: reused.of("in a commit") }], { checks }),
        store.compareAndSet(reused.of("compared"), undefined, reused.of("1")),
        store.append(reused.of("appended"), reused.of("1")),
        store.update(reused.of("updated"), () => reused.of("1")),
      ];
      reused.overwrite();
      await Promise.all(writes);
      const names = ["appended", "compared", "in a batch", "in a commit", "put", "updated"];
      assert.deepEqual(await contentOf(store), Object.fromEntries(names.map((key) => [key, "1"])));
    });

    test("as a key that an update changes, and in long reads", async () => {
      await using store = await create();
      const keys = Array.from({ length: 250 }, (_, i) => `key ${i}`);
      await store.batch(keys.map((key) => ({ type: "put", key, value: key })));
      const reused = new Reused();
      await store.update(reused.of("key 1"), () => {
        reused.overwrite();
        return "updated";
      });
      const values = store.getMany(keys.map((key) => reused.of(key)));
      const last = store.keys({ gte: reused.of("key 98"), lte: reused.of("key 99") });
      const part = store.view({ prefix: reused.of("key 24") });
      reused.overwrite();
      assert.deepEqual((await values).map(text), ["key 0", "updated", ...keys.slice(2)]);
      assert.deepEqual(await last.toArray(), ["key 98", "key 99"]);
      assert.equal(await part.count(), 11);
    });

    test("as the chunks of a backup", async () => {
      const source = new MemoryStore();
      await source.batch(
        Array.from({ length: 20_000 }, (_, i) => ({ type: "put", key: `key ${i}`, value: `value ${i}`.padEnd(60) })),
      );
      const backup = new Uint8Array(await new Response(source.backup()).arrayBuffer());
      const chunk = Buffer.alloc(700_000);
      let at = 0;
      const stream = new ReadableStream<Uint8Array>(
        {
          pull: (controller) => {
            const part = backup.subarray(at, at + chunk.length);
            at += part.length;
            chunk.set(part);
            if (part.length > 0) controller.enqueue(chunk.subarray(0, part.length));
            else controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      await using store = await create();
      await store.restore(stream);
      // Not `deepEqual`: it would explain all differences.
      assert.ok(isDeepStrictEqual(await contentOf(store), await contentOf(source)));
    });
  });
}

describe("a codec", () => {
  test("of structured clones decodes a Buffer, and keeps none of it", () => {
    const codec = cloneCodec<{ bytes: Uint8Array; doubles: Float64Array; buffer: ArrayBuffer }>();
    const value = { bytes: Uint8Array.of(1, 2, 3), doubles: Float64Array.of(0.5), buffer: Uint8Array.of(4).buffer };
    const buffer = Buffer.from(codec.encode(value));
    const decoded = codec.decode(buffer);
    buffer.fill(0);
    // First, because `deepEqual` would explain each of many thousand wrong bytes.
    assert.deepEqual([decoded.bytes.length, decoded.doubles.length, decoded.buffer.byteLength], [3, 1, 1]);
    assert.deepEqual(decoded, value);
  });

  test("of tuples decodes a Buffer, and keeps none of it", () => {
    const buffer = Buffer.from(tupleKey.encode(["user", Uint8Array.of(1, 2)]) as Uint8Array);
    const decoded = tupleKey.decode(buffer);
    buffer.fill(0);
    assert.deepEqual(decoded, ["user", Uint8Array.of(1, 2)]);
  });
});
