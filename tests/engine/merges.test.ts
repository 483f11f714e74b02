/**
 * Operands of the engine, seen through a store: what every reader finds before and after they are folded.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Change, MemoryFileSystem, MemoryStore, open, type SledStore } from "../../mod.ts";
import { clock } from "../../src/clock.ts";
import { float64Codec, uint64Codec } from "../../src/codecs/number.ts";
import { text } from "../support/expect.ts";

const LIST = "line of text\n".repeat(1000);

/** Opens the same store again, so that its values are only on the disk. */
function reopener(options: { readonly numVersionsToKeep?: number } = {}) {
  const config = { path: "/store", fileSystem: new MemoryFileSystem(), writeBufferSize: 256 * 1024, ...options };
  let store: SledStore | undefined;
  return async () => {
    await store?.close();
    store = await open(config);
    return store;
  };
}

async function found(store: SledStore): Promise<readonly unknown[]> {
  const entries = Array.from(store.entries(), ([key, value]) => [key, value.length]);
  const backwards = Array.from(store.entries({ reverse: true }), ([key, value]) => [key, value.length]);
  assert.deepEqual(backwards.reverse(), entries);
  assert.equal(await store.count(), entries.length);
  return entries;
}

test("every reader finds whole values, in memory and after a restart", async () => {
  const reopen = reopener();
  let store = await reopen();
  await store.put("list", LIST);
  await store.put("number", float64Codec.encode(1.5));
  await store.put("short", "a");
  store = await reopen();
  await store.append("list", "end");
  await store.append("short", "b");
  await store.append("new", "begin");
  const version = store.version;
  await store.batch([
    { type: "increment", key: "number", by: 2 },
    { type: "max", key: "highest", value: 7n },
    { type: "append", key: "new", value: "!" },
    { type: "append", key: "new", value: "?" },
  ]);
  await store.transaction((tx) => {
    tx.increment("number");
    tx.put("put", "x");
    tx.append("put", "y");
  });
  for (let life = 0; life < 2; life++) {
    assert.equal(text(await store.get("list")), `${LIST}end`);
    assert.equal(text(await store.get("short")), "ab");
    assert.equal(text(await store.get("new")), "begin!?");
    assert.equal(text(await store.get("put")), "xy");
    assert.equal(float64Codec.decode((await store.get("number")) ?? new Uint8Array()), 4.5);
    assert.equal(uint64Codec.decode((await store.get("highest")) ?? new Uint8Array()), 7n);
    assert.deepEqual(await found(store), [
      ["highest", 8],
      ["list", LIST.length + 3],
      ["new", 7],
      ["number", 8],
      ["put", 2],
      ["short", 2],
    ]);
    assert.equal((await store.getEntry("number"))?.version, store.version);
    const copy = new MemoryStore();
    await copy.restore(store.backup());
    assert.equal(text(await copy.get("list")), `${LIST}end`);
    if (life === 0) {
      const told: Change[] = [];
      for await (const change of store.watch(undefined, { since: version })) {
        told.push(change);
        if (told.length === 5) break;
      }
      const values = told.map(({ key, value }) => [key, value?.length]);
      assert.deepEqual(values, [
        ["highest", 8],
        ["new", 7],
        ["number", 8],
        ["number", 8],
        ["put", 2],
      ]);
      store = await reopen();
    }
  }
  assert.deepEqual((await store.verify()).damages, []);
  await store.close();
});

test("versions and snapshots have the value of their time", async () => {
  const reopen = reopener({ numVersionsToKeep: 3 });
  let store = await reopen();
  await store.put("list", LIST);
  store = await reopen();
  await store.append("list", "a");
  const snapshot = store.snapshot();
  for (const end of "bcd") await store.append("list", end);
  const ends = (versions: readonly { readonly value?: Uint8Array | undefined }[]) =>
    versions.map(({ value }) => text(value)?.slice(LIST.length));
  assert.deepEqual(ends(await store.versions("list")), ["abcd", "abc", "ab", "a"]);
  await store.compact();
  assert.deepEqual(ends(await store.versions("list")), ["abcd", "abc", "ab", "a"]);
  assert.equal(text(await snapshot.get("list"))?.slice(LIST.length), "a");
  snapshot.dispose();
  await store.compact();
  assert.deepEqual(ends(await store.versions("list")), ["abcd", "abc", "ab"]);
  await store.close();
});

test("a value keeps its expiry, and one that had expired counts as none", async () => {
  const real = clock.now;
  const now = real();
  let passed = 0;
  clock.now = () => now + passed;
  try {
    await keepExpiries(now, (ms) => {
      passed = ms;
    });
  } finally {
    clock.now = real;
  }
});

async function keepExpiries(now: number, pass: (ms: number) => void): Promise<void> {
  const reopen = reopener();
  let store = await reopen();
  await store.put("short", LIST, { ttl: 100 });
  await store.put("long", float64Codec.encode(1), { ttl: 1000 });
  store = await reopen();
  await store.append("short", "x");
  await store.batch([{ type: "increment", key: "long", by: 1 }]);
  assert.equal((await store.getEntry("short"))?.expiresAt, now + 100);
  assert.equal((await store.getEntry("long"))?.expiresAt, now + 1000);
  await store.batch([{ type: "increment", key: "long", by: 1, ttl: 5000 }]);
  pass(200);
  assert.equal(await store.has("short"), false);
  assert.equal(await store.count(), 1);
  await store.append("short", "y");
  assert.equal(text(await store.get("short")), "y");
  pass(2000);
  await store.compact();
  assert.equal(await store.increment("long", 0), 3);
  pass(6000);
  assert.deepEqual([...store.keys()], ["short"]);
  await store.close();
}

test("a value that is no number is refused if memory has it, and stays as it is if not", async () => {
  const reopen = reopener();
  let store = await reopen();
  await store.put("text", "abc");
  const count = { type: "increment", key: "text" } as const;
  const { version } = store;
  await assert.rejects(store.batch([{ type: "put", key: "other", value: "x" }, count]), {
    name: "TypeError",
    message: "Cannot decode 3 bytes as a number: expected 8",
  });
  await assert.rejects(
    store.transaction((tx) => tx.increment("text")),
    TypeError,
  );
  assert.equal(store.version, version);
  assert.equal(await store.has("other"), false);
  store = await reopen();
  await store.batch([count]);
  assert.equal(text(await store.get("text")), "abc");
  store = await reopen();
  assert.equal(text(await store.get("text")), "abc");
  await assert.rejects(store.batch([count]), TypeError);
  await store.close();
});

test("an append beyond the largest value is refused, and the store goes on", async () => {
  const reopen = reopener();
  const store = await reopen();
  await store.put("list", new Uint8Array(64 * 1024 * 1024 - 1));
  await store.append("list", "a");
  await assert.rejects(store.append("list", "b"), RangeError);
  await store.put("other", "works");
  await store.close();
});
