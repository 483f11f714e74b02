/**
 * Lists: selectors, limits, orders and cursors.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Kv, KvKey, KvListSelector } from "../../../src/adapters/kv/mod.ts";
import { type Cases, collect, refuses, valuesOf } from "../subject.ts";

async function fill(kv: Kv): Promise<string> {
  const done = await kv
    .atomic()
    .set(["a"], -1)
    .set(["a", "a"], 0)
    .set(["a", "b"], 1)
    .set(["a", "c"], 2)
    .set(["a", "d"], 3)
    .set(["a", "e"], 4)
    .set(["b"], 99)
    .set(["b", "a"], 100)
    .commit();
  assert.ok(done.ok);
  return done.versionstamp;
}

const SELECTED: readonly (readonly [KvListSelector, readonly number[]])[] = [
  [{ prefix: [] }, [-1, 0, 1, 2, 3, 4, 99, 100]],
  [{ prefix: ["a"] }, [0, 1, 2, 3, 4]],
  [{ prefix: ["a", "b"] }, []],
  [{ prefix: ["c"] }, []],
  [{ prefix: ["a"], start: ["a", "c"] }, [2, 3, 4]],
  [{ prefix: ["a"], start: ["a", "f"] }, []],
  [{ prefix: ["a"], end: ["a", "c"] }, [0, 1]],
  [{ prefix: ["a"], end: ["a", "a"] }, []],
  [{ start: ["a", "a"], end: ["a", "z"] }, [0, 1, 2, 3, 4]],
  [{ start: ["a"], end: ["a", "d"] }, [-1, 0, 1, 2]],
  [{ start: ["a", "b"], end: ["a", "d"] }, [1, 2]],
  [{ start: ["a", "e"], end: ["b", "a"] }, [4, 99]],
  [{ start: ["a"], end: ["a"] }, []],
  [{ start: ["a", 1], end: ["z"] }, [99, 100]],
];

const WRONG: readonly (readonly [unknown, string])[] = [
  [{ prefix: ["a"], start: ["a", "b"], end: ["a", "c"] }, "can not specify both 'start' and 'end'"],
  [{ start: ["a", "b"] }, "must specify either 'prefix' or both 'start' and 'end'"],
  [{ end: ["a", "b"] }, "must specify either 'prefix' or both 'start' and 'end'"],
  [{}, "must specify either 'prefix' or both 'start' and 'end'"],
  [{ start: ["b"], end: ["a"] }, "Start key is greater than end key"],
  [{ prefix: ["a"], start: ["a"] }, "Start key is not in the keyspace defined by prefix"],
  [{ prefix: ["b"], start: ["a"] }, "Start key is not in the keyspace defined by prefix"],
  [{ prefix: ["a"], end: ["a"] }, "End key is not in the keyspace defined by prefix"],
  [{ prefix: ["a"], end: ["b"] }, "End key is not in the keyspace defined by prefix"],
  [{ prefix: [null] }, ""],
];

export const listCases: Cases = {
  "a list has keys, values and versionstamps": async (kv) => {
    const versionstamp = await fill(kv);
    assert.deepEqual(await collect(kv.list({ prefix: ["b"] })), [{ key: ["b", "a"], value: 100, versionstamp }]);
  },

  "selectors, in both orders, with all limits and sizes of batches": async (kv) => {
    await fill(kv);
    for (const [selector, expected] of SELECTED) {
      for (const reverse of [false, true]) {
        const all = reverse ? expected.toReversed() : expected;
        assert.deepEqual(await valuesOf(kv.list(selector, { reverse })), all);
        for (const limit of [1, 2, 3, 5, 100, 1000]) {
          for (const batchSize of [undefined, 1, 2, 5, 500]) {
            const found = await valuesOf(kv.list(selector, { reverse, limit, batchSize }));
            assert.deepEqual(found, all.slice(0, limit), JSON.stringify({ selector, reverse, limit, batchSize }));
          }
        }
      }
    }
  },

  "a cursor continues a list": async (kv) => {
    await fill(kv);
    for (const [selector, expected] of SELECTED) {
      for (const reverse of [false, true]) {
        const all = reverse ? expected.toReversed() : expected;
        for (let count = 1; count <= all.length; count++) {
          const first = kv.list(selector, { reverse, limit: count });
          assert.deepEqual(await valuesOf(first), all.slice(0, count));
          // Deno's cursor at the key that begins all others of a range is empty, and begins again.
          if (first.cursor === "") continue;
          const rest = kv.list(selector, { reverse, cursor: first.cursor });
          assert.deepEqual(await valuesOf(rest), all.slice(count));
        }
      }
    }
  },

  "cursors are those of Deno": async (kv) => {
    await fill(kv);
    const cursors: [KvListSelector, string][] = [
      [{ prefix: ["a"] }, "AmIA"],
      [{ prefix: [] }, "AmEAAmEA"],
      [{ start: ["a", "a"], end: ["a", "z"] }, "YgA="],
    ];
    for (const [selector, cursor] of cursors) {
      const list = kv.list(selector, { limit: 2 });
      await collect(list);
      assert.equal(list.cursor, cursor);
    }
    const bytes = kv.list({ prefix: ["x"] });
    await kv.set(["x", Uint8Array.of(0xff, 0xfb, 0xfe)], 1);
    await bytes.next();
    assert.equal(bytes.cursor, "Af_7_gA=");
  },

  "a cursor exists from the first entry on, and is empty after the last": async (kv) => {
    await fill(kv);
    const list = kv.list({ prefix: ["a"] });
    await refuses(() => list.cursor, "Error", "Cannot get cursor before first iteration");
    await collect(list);
    assert.equal(list.cursor, "");
    assert.deepEqual(await list.next(), { done: true, value: undefined });
    assert.equal((await valuesOf(kv.list({ prefix: ["a"] }, { cursor: "" }))).length, 5);
    assert.equal(kv.list({ prefix: ["a"] }, { cursor: "AmIA" }).cursor, "AmIA");
  },

  "wrong cursors are refused": async (kv) => {
    await fill(kv);
    for (const cursor of ["?", "a", "Am IA"]) {
      await refuses(() => collect(kv.list({ prefix: ["a"] }, { cursor })), "TypeError", "invalid cursor");
    }
    const beyond = { prefix: ["a"], start: ["a", "c"] };
    await refuses(() => collect(kv.list(beyond, { cursor: "AmEA" })), "TypeError", "cursor out of bounds");
    const before = { prefix: ["a"], end: ["a", "c"] };
    await refuses(
      () => collect(kv.list(before, { cursor: "AmQA", reverse: true })),
      "TypeError",
      "cursor out of bounds",
    );
  },

  "an iterator that was left continues where it was": async (kv) => {
    await fill(kv);
    const list = kv.list<number>({ prefix: ["a"] });
    for await (const { value } of list) if (value === 1) break;
    assert.deepEqual((await list.next()).value?.value, 2);
    assert.equal(list[Symbol.asyncIterator](), list);
  },

  "each batch sees the newest entries": async (kv) => {
    await fill(kv);
    const list = kv.list({ prefix: ["a"] }, { batchSize: 2 });
    assert.equal((await list.next()).value?.value, 0);
    await kv.atomic().delete(["a", "b"]).delete(["a", "c"]).set(["a", "cc"], 2.5).commit();
    // The first batch was read before the deletion.
    assert.deepEqual(await valuesOf(list), [1, 2.5, 3, 4]);
  },

  "wrong selectors are refused": async (kv) => {
    await fill(kv);
    for (const [selector, message] of WRONG) {
      await refuses(() => collect(kv.list(selector as KvListSelector)), "TypeError", message);
    }
  },

  "wrong limits and sizes are refused by the call": async (kv) => {
    for (const wrong of [0, -1, 2.3, Number.NaN]) {
      assert.throws(() => kv.list({ prefix: [] }, { limit: wrong }), { message: /^Limit must be a positive integer/ });
      const options = { batchSize: wrong };
      assert.throws(() => kv.list({ prefix: [] }, options), { message: /^batchSize must be a positive integer/ });
    }
  },

  "a list does not see changes of the caller's selector": async (kv) => {
    await fill(kv);
    const prefix: string[] = ["a"];
    const list = kv.list({ prefix });
    prefix[0] = "b";
    assert.equal((await valuesOf(list)).length, 5);
  },

  "many entries come in several batches": async (kv) => {
    const keys: KvKey[] = Array.from({ length: 250 }, (_, i) => ["n", i]);
    const atomic = kv.atomic();
    for (const [i, key] of keys.entries()) atomic.set(key, i);
    await atomic.commit();
    assert.deepEqual(
      (await collect(kv.list({ prefix: ["n"] }))).map(({ key }) => key),
      keys,
    );
    assert.equal((await collect(kv.list({ prefix: ["n"] }, { limit: 240 }))).length, 240);
  },
};
