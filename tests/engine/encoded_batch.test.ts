/** Batches in one buffer: what was added comes back, whatever is added while another one is made, and after one that failed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../mod.ts";
import { EncodedBatch, NO_VALUE } from "../../src/encoded_batch.ts";
import { KeySpace } from "../../src/key_space.ts";
import { NO_VALUE as ENGINE_NO_VALUE } from "../../src/wasm/interface.ts";

const never = () => 0;
const ALL_KEYS = new KeySpace();

function rows(batch: EncodedBatch): [string, string | undefined, number][] {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return Array.from(batch, ({ key, value, expiresMs }) => [text(key), value && text(value), expiresMs]);
}

test("keys and values of every kind and length come back from a batch that grew", () => {
  const keys = ["k", "ä", "k".repeat(64), "k".repeat(65), "k".repeat(20_000), `${"k".repeat(63)}ä`];
  const batch = new EncodedBatch(ALL_KEYS);
  const expected = keys.flatMap((key, i): [string, string | undefined, number][] => {
    const value = "value".repeat(i * 1000);
    batch.put(key, i % 2 === 0 ? value : new TextEncoder().encode(value), () => i);
    batch.delete(new TextEncoder().encode(key));
    return [
      [key, value, i],
      [key, undefined, 0],
    ];
  });
  assert.deepEqual(rows(batch), expected);
  assert.equal(batch.length, 12);
  assert.equal(batch.deletesOnly, false);
  const size = expected.reduce((sum, [key, value]) => sum + Buffer.byteLength(key + (value ?? "")), 0);
  assert.equal(batch.sizeBytes, size);
  assert.equal(batch.encoded.length, size + 16 * batch.length);
  assert.equal(NO_VALUE, ENGINE_NO_VALUE);
});

test("a batch that failed leaves nothing to the next one, which takes its buffer", () => {
  const failed = new EncodedBatch(ALL_KEYS);
  failed.put("first", "value", never);
  assert.throws(() => failed.put("", "value", never), RangeError);
  assert.throws(() => failed.put("key", 5 as never, never), TypeError);
  assert.throws(() => failed.put("key", "value", () => assert.fail("no expiry")), /no expiry/);
  assert.deepEqual(rows(failed), [["first", "value", 0]]);
  failed.release();
  assert.deepEqual(rows(failed), []);
  const next = new EncodedBatch(ALL_KEYS);
  next.delete("second");
  assert.deepEqual(rows(next), [["second", undefined, 0]]);
  assert.ok(next.deletesOnly);
  next.release();
});

test("a getter of an operation may commit another batch", async () => {
  const store = new MemoryStore();
  const values = new Map<string, string>();
  const operation = (key: string) => ({
    type: "put" as const,
    get key() {
      if (key === "outer") store.batchSync([{ type: "put", key: "inner", value: "inner" }]);
      return key;
    },
    value: key,
  });
  store.batchSync([operation("first"), operation("outer"), operation("last")]);
  for (const [key, value] of store.entries()) values.set(key, new TextDecoder().decode(value));
  assert.deepEqual(Object.fromEntries(values), { first: "first", inner: "inner", last: "last", outer: "outer" });
  await store.close();
});
