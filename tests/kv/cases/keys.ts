/**
 * Keys: their parts, their order, and what is no key.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { KvKey, KvKeyPart } from "../../../src/adapters/kv/mod.ts";
import { type Cases, collect, refuses } from "../subject.ts";

/** Parts in their order. */
const PARTS: readonly KvKeyPart[] = [
  new Uint8Array(0),
  Uint8Array.of(0),
  Uint8Array.of(0, 0),
  Uint8Array.of(0, 1),
  Uint8Array.of(1),
  Uint8Array.of(255),
  Uint8Array.of(255, 0),
  "",
  "\u0000",
  "\u0000a",
  "A",
  "a",
  "a\u0000",
  "a\u0000b",
  "a\u0001",
  "aa",
  "ä",
  "\uffff",
  "😀",
  -(2n ** 2039n),
  -(2n ** 64n),
  -(2n ** 64n) + 1n,
  -65_536n,
  -256n,
  -255n,
  -1n,
  0n,
  1n,
  255n,
  256n,
  2n ** 53n,
  2n ** 64n - 1n,
  2n ** 64n,
  2n ** 2039n,
  Number.NEGATIVE_INFINITY,
  -1e300,
  -1,
  -0.5,
  -5e-324,
  -0,
  0,
  5e-324,
  0.5,
  1,
  2,
  10,
  1e300,
  Number.POSITIVE_INFINITY,
  Number.NaN,
  false,
  true,
];

const NO_KEYS: readonly unknown[] = [
  [null],
  [undefined],
  [],
  [{}],
  [new Date()],
  [new ArrayBuffer(3)],
  [["a", "b"]],
  [() => {}],
  [Symbol("s")],
  ["a", null],
  "a",
  1,
  null,
  undefined,
  {},
];

async function setAll(kv: Parameters<Cases[string]>[0], keys: readonly KvKey[]): Promise<void> {
  const atomic = kv.atomic();
  for (const [i, key] of keys.entries()) atomic.set(key, i);
  await atomic.commit();
}

export const keyCases: Cases = {
  "every part comes back, alone and among others": async (kv) => {
    for (const part of PARTS) {
      for (const key of [[part], ["x", part], [part, "x"], [part, part]]) {
        await kv.set(key, "value");
        const { key: read, value } = await kv.get(key);
        assert.deepEqual([read, value], [key, "value"]);
        const [first] = await collect(kv.list({ start: key, end: [...key, 0] }));
        assert.deepEqual(first?.key, key);
        await kv.delete(key);
      }
    }
  },

  "parts have Deno's order": async (kv) => {
    await setAll(kv, PARTS.map((part) => [part]).toReversed());
    const keys = (await collect(kv.list({ prefix: [] }))).map(({ key }) => key[0]);
    assert.deepEqual(keys, PARTS);
    const reversed = (await collect(kv.list({ prefix: [] }, { reverse: true }))).map(({ key }) => key[0]);
    assert.deepEqual(reversed, PARTS.toReversed());
  },

  "a key comes before the keys that continue it, and after those of lower parts": async (kv) => {
    const keys: KvKey[] = [["a"], ["a", Uint8Array.of(0)], ["a", "b"], ["a", "b", 1], ["a", 1n], ["a", true], ["b"]];
    await setAll(kv, keys.toReversed());
    assert.deepEqual(
      (await collect(kv.list({ prefix: [] }))).map(({ key }) => key),
      keys,
    );
  },

  "-0 and 0 are two keys, and so are 1 and 1n": async (kv) => {
    await setAll(kv, [[0], [-0], [1n], [1]]);
    const found = await kv.getMany([[0], [-0], [1n], [1]]);
    assert.deepEqual(
      found.map(({ value }) => value),
      [0, 1, 2, 3],
    );
  },

  "lone surrogates become U+FFFD": async (kv) => {
    await kv.set(["a\ud800b"], 1);
    assert.equal((await kv.get(["a\ufffdb"])).value, 1);
    assert.deepEqual((await kv.get(["a\ud800b"])).key.length, 1);
  },

  "a view of a buffer counts as its bytes": async (kv) => {
    const bytes = Uint8Array.of(9, 1, 2, 9).subarray(1, 3);
    await kv.set([bytes], 1);
    const [entry] = await collect(kv.list({ prefix: [] }));
    assert.deepEqual(entry?.key, [Uint8Array.of(1, 2)]);
  },

  "keys are copies": async (kv) => {
    const key = ["a", "b"];
    const setting = kv.set(key, 1);
    await setting;
    key[1] = "c";
    const { key: read } = await kv.get(["a", "b"]);
    assert.deepEqual(read, ["a", "b"]);
    assert.equal((await kv.get(["a", "c"])).value, null);
  },

  "what is no key is refused everywhere": async (kv) => {
    for (const wrong of NO_KEYS as KvKey[]) {
      await assert.rejects(async () => await kv.set(wrong, 1), Error);
      await assert.rejects(async () => await kv.delete(wrong), Error);
      await assert.rejects(async () => await kv.atomic().check({ key: wrong, versionstamp: null }).commit(), Error);
      if (Array.isArray(wrong) && wrong.length === 0) continue;
      await refuses(() => kv.get(wrong), "TypeError");
      await refuses(() => kv.getMany([["a"], wrong]), "TypeError");
      await assert.rejects(async () => kv.watch([wrong]), Error);
      await assert.rejects(async () => await kv.enqueue(1, { keysIfUndelivered: [wrong] }), Error);
    }
    assert.deepEqual(await collect(kv.list({ prefix: [] })), []);
  },

  "the empty key is read as absent, and never written": async (kv) => {
    assert.deepEqual(await kv.get([]), { key: [], value: null, versionstamp: null });
    await refuses(() => kv.set([], 1), "TypeError", "key cannot be empty");
    await refuses(() => kv.delete([]), "TypeError", "key cannot be empty");
  },

  "bigints of more than 255 bytes are refused": async (kv) => {
    await kv.set([2n ** 2040n - 1n], 1);
    await kv.set([-(2n ** 2040n) + 1n], 1);
    await assert.rejects(async () => await kv.set([2n ** 2040n], 1), Error);
    await assert.rejects(async () => await kv.set([-(2n ** 2040n)], 1), Error);
  },

  "the versionstamp of the commit can be the last part of a key": async (kv) => {
    const first = await kv.set(["a", kv.commitVersionstamp()], "b");
    const second = await kv.atomic().set(["a", kv.commitVersionstamp()], "c").set(["plain"], 1).commit();
    assert.ok(second.ok);
    const stamps = [first.versionstamp, second.versionstamp];
    assert.deepEqual(await collect(kv.list({ prefix: ["a"] })), [
      { key: ["a", stamps[0]], value: "b", versionstamp: stamps[0] },
      { key: ["a", stamps[1]], value: "c", versionstamp: stamps[1] },
    ]);
    assert.equal((await kv.get(["plain"])).versionstamp, stamps[1]);
    await refuses(() => kv.set([kv.commitVersionstamp()], "alone"), "TypeError", "key cannot be empty");
    await refuses(
      () => kv.set(["a", kv.commitVersionstamp(), "a"], "x"),
      "TypeError",
      /expected string, number, bigint/,
    );
    await refuses(() => kv.get(["a", kv.commitVersionstamp()]), "TypeError");
    await refuses(() => kv.delete(["a", kv.commitVersionstamp()]), "TypeError");
  },
};
