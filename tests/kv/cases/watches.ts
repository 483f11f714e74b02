/**
 * Watches.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Cases, refuses } from "../subject.ts";

/** The values of the next entries of a watch. */
async function nextValues(reader: ReadableStreamDefaultReader<readonly { value: unknown }[]>): Promise<unknown[]> {
  const { done, value } = await reader.read();
  assert.equal(done, false);
  return (value ?? []).map((entry) => entry.value);
}

export const watchCases: Cases = {
  "a watch begins with the present entries": async (kv) => {
    const { versionstamp } = await kv.set(["a"], 1);
    const reader = kv.watch([["a"], ["b"]]).getReader();
    const absent = { key: ["b"], value: null, versionstamp: null };
    assert.deepEqual((await reader.read()).value, [{ key: ["a"], value: 1, versionstamp }, absent]);
    await reader.cancel();
  },

  "a watch delivers changes, deletions and keys that appear": async (kv) => {
    const reader = kv.watch([["a"], ["b"]]).getReader();
    assert.deepEqual(await nextValues(reader), [null, null]);
    const { versionstamp } = await kv.set(["a"], 1);
    const second = (await reader.read()).value;
    assert.deepEqual(second?.[0], { key: ["a"], value: 1, versionstamp });
    await kv.set(["b"], 2);
    assert.deepEqual(await nextValues(reader), [1, 2]);
    await kv.delete(["a"]);
    assert.deepEqual(await nextValues(reader), [null, 2]);
    await kv.atomic().set(["a"], 3).sum(["c"], 1n).set(["b"], 4).commit();
    assert.deepEqual(await nextValues(reader), [3, 4]);
    await reader.cancel();
  },

  "a watch delivers arithmetic, and equal values with new versionstamps": async (kv) => {
    const reader = kv.watch([["n"]]).getReader();
    assert.deepEqual(await nextValues(reader), [null]);
    await kv.atomic().sum(["n"], 1n).commit();
    assert.equal(`${(await nextValues(reader))[0]}`, "1");
    await kv.set(["n"], "same");
    assert.deepEqual(await nextValues(reader), ["same"]);
    await kv.set(["n"], "same");
    assert.deepEqual(await nextValues(reader), ["same"]);
    await reader.cancel();
  },

  "changes that are not read yet become one": async (kv) => {
    const reader = kv.watch([["a"]]).getReader();
    assert.deepEqual(await nextValues(reader), [null]);
    for (let i = 1; i <= 50; i++) await kv.set(["a"], i);
    let [seen, reads] = [0, 0];
    for (; seen !== 50; reads++) seen = (await nextValues(reader))[0] as number;
    assert.ok(reads <= 3, `${reads} reads`);
    await reader.cancel();
  },

  "other keys do not count": async (kv) => {
    const reader = kv.watch([["a", 1]]).getReader();
    assert.deepEqual(await nextValues(reader), [null]);
    const next = nextValues(reader);
    for (const key of [["a"], ["a", 1, 0], ["a", 1n], ["a", 2], ["b"]]) await kv.set(key, "other");
    await kv.set(["a", 1], "this");
    assert.deepEqual(await next, ["this"]);
    await reader.cancel();
  },

  "with raw, a write that changes nothing counts, too": async (kv) => {
    const reader = kv.watch([["a"]], { raw: true }).getReader();
    assert.deepEqual(await nextValues(reader), [null]);
    await kv.delete(["a"]);
    assert.deepEqual(await nextValues(reader), [null]);
    await kv.set(["a"], 1);
    let value: unknown = null;
    while (value === null) [value] = await nextValues(reader);
    assert.equal(value, 1);
    await reader.cancel();
  },

  "several watches, and one that is cancelled": async (kv) => {
    const streams = [kv.watch([["a"]]), kv.watch([["a"]]), kv.watch([["b"], ["a"]])];
    const readers = streams.map((stream) => stream.getReader());
    for (const reader of readers) await reader.read();
    await readers[0]?.cancel();
    await kv.set(["a"], 1);
    assert.deepEqual(await Promise.all(readers.slice(1).map(nextValues)), [[1], [null, 1]]);
    assert.equal((await readers[0]?.read())?.done, true);
    for (const reader of readers) await reader.cancel();
  },

  "close ends a watch": async (kv) => {
    const reader = kv.watch([["a"]]).getReader();
    await reader.read();
    const end = reader.read();
    kv.close();
    assert.equal((await end).done, true);
    await refuses(() => kv.watch([["a"]]), "BadResource");
  },
};
