/**
 * Parts of the shared suite: watches of several ranges at once.
 *
 * @module
 */

import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { type Change, jsonCodec, type KeyRange, type Store, type WatchedRanges } from "../../mod.ts";
import { tupleKey } from "../../src/keys/mod.ts";
import { misuse } from "../support/expect.ts";
import type { Check } from "./parts.ts";

type Ranges = Parameters<Store["watch"]>[0];

/** The next changes of a watch, as `type key`. */
async function some(store: Pick<Store, "watch">, range: Ranges, count: number, since?: number): Promise<string[]> {
  const told: string[] = [];
  for await (const { type, key } of store.watch(range, { since })) {
    if (told.push(`${type} ${key}`) === count) break;
  }
  return told;
}

/** Tests of watches of several ranges. */
export function watchedRanges(check: Check): void {
  check("a watch of several ranges delivers each change once, in the order of the commits", async (store) => {
    const ranges: KeyRange[] = [
      { prefix: "m/", limit: 1 },
      { gte: "b", lt: "d", reverse: true },
      { gt: "c", lte: "d" },
      { gte: "m/2", lte: "m/2" },
      { prefix: "z" },
    ];
    const live = some(store, { ranges }, 7);
    await turn();
    await store.put("z", "");
    const since = store.version;
    await store.batch(["a", "b", "cc", "d", "e", "m/1", "m/2", "n"].map((key) => ({ type: "put", key, value: "" })));
    await store.delete("cc");
    await store.delete("e");
    const expected = ["put b", "put cc", "put d", "put m/1", "put m/2", "delete cc"];
    assert.deepEqual(await live, ["put z", ...expected]);
    assert.deepEqual(await some(store, { ranges }, 6, since), expected);
    // The whole store, twice.
    assert.equal((await some(store, { ranges: [{}, { prefix: "m/" }, {}] }, 9, 0)).length, 9);
    const part = store.view({ prefix: "m/" });
    assert.deepEqual(await some(part, { ranges: [{ gte: "2" }, { prefix: "2" }] }, 1, 0), ["put 2"]);
  });

  check("a watch of several ranges resumes within a commit, and waits for later ones", async (store) => {
    const key = (i: number) => `${"ab"[i % 2]}${String(i).padStart(5, "0")}`;
    const operations = Array.from({ length: 3000 }, (_, i) => ({ type: "put", key: key(i), value: "" }) as const);
    await store.batch(operations);
    await store.put("a", "");
    const ranges = [{ gte: "a", lt: "a01" }, { prefix: "b02" }];
    const isWanted = (each: string) => (each >= "a" && each < "a01") || each.startsWith("b02");
    const expected = operations
      .map((each) => each.key)
      .filter(isWanted)
      .sort();
    const told: Change[] = [];
    for await (const change of store.watch({ ranges }, { since: 0 })) {
      told.push(change);
      if (change.key === "a") void store.put("c", "").then(() => store.put("b02", ""));
      if (change.key === "b02") break;
    }
    assert.deepEqual(
      told.map(({ key: each }) => each),
      [...expected, "a", "b02"],
    );
  });

  check("a typed view watches ranges of its keys", async (store) => {
    const view = store.view({ prefix: "v/", key: tupleKey, value: jsonCodec<number>() });
    for (const i of [1, 2, 3]) await view.put(["a", i], i);
    await view.put(["b"], 4);
    const told: unknown[] = [];
    for await (const { key, value } of view.watch({ ranges: [{ prefix: ["b"] }, { gte: ["a", 2] }] }, { since: 0 })) {
      if (told.push([key, value]) === 3) break;
    }
    assert.deepEqual(told, [
      [["a", 2], 2],
      [["a", 3], 3],
      [["b"], 4],
    ]);
    const bytes = store.watch({ ranges: [{ prefix: "v/" }, { prefix: "w" }], keyEncoding: "bytes" }, { since: 0 });
    for await (const { key } of bytes) {
      assert.ok(key instanceof Uint8Array);
      break;
    }
  });

  check("a watch refuses wrong ranges", async (store) => {
    const wrong = (range: unknown) => () => store.watch(range as WatchedRanges);
    assert.throws(wrong({ ranges: [] }), misuse(TypeError, "one or more ranges"));
    assert.throws(wrong({ ranges: "a" }), misuse(TypeError, "one or more ranges"));
    assert.throws(wrong({ ranges: undefined }), misuse(TypeError, "one or more ranges"));
    assert.throws(wrong({ ranges: [undefined] }), misuse(TypeError, "one or more ranges"));
    assert.throws(wrong({ ranges: [null] }), misuse(TypeError, "as a range"));
    assert.throws(wrong({ ranges: [{ prefix: 1 }] }), misuse(TypeError, "expected a string"));
    assert.throws(wrong({ ranges: [{ from: "a" }] }), misuse(TypeError, "'from'"));
    assert.throws(wrong({ ranges: [{}], prefix: "a" }), misuse(TypeError, "'prefix'"));
    assert.throws(wrong({ ranges: [{}], keyEncoding: "hex" }), misuse(TypeError, "keyEncoding"));
  });
}
