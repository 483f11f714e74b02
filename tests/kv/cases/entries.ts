/**
 * Entries: get, getMany, set, delete, and values of all types.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { KvU64 } from "../../../src/adapters/kv/mod.ts";
import { type Cases, refuses } from "../subject.ts";

const VALUES: Readonly<Record<string, unknown>> = {
  text: "hello \u0000 ä 😀",
  "empty text": "",
  number: 42.5,
  "minus zero": -0,
  NaN: Number.NaN,
  infinity: Number.NEGATIVE_INFINITY,
  bigint: -(2n ** 70n),
  boolean: true,
  null: null,
  undefined: undefined,
  date: new Date(1234),
  bytes: Uint8Array.of(0, 1, 255),
  "no bytes": new Uint8Array(0),
  buffer: Uint8Array.of(1, 2).buffer,
  floats: Float64Array.of(1.5, -2),
  array: [1, "two", null, [3]],
  object: { a: 1, b: { c: [undefined] }, "": 2 },
  map: new Map<unknown, unknown>([
    ["a", 1],
    [2, new Date(5)],
  ]),
  set: new Set([1, "a"]),
  pattern: /ab+c/giu,
  "bytes in an object": { bytes: Uint8Array.of(1) },
};

const REFUSED: Readonly<Record<string, unknown>> = {
  function: () => {},
  symbol: Symbol("s"),
  WeakMap: new WeakMap(),
  "shared memory": new SharedArrayBuffer(3),
  "a function inside": { a: [() => {}] },
};

export const entryCases: Cases = {
  "an entry is set, read, overwritten and removed": async (kv) => {
    const key = ["a"];
    assert.deepEqual(await kv.get(key), { key, value: null, versionstamp: null });
    const first = await kv.set(key, "b");
    assert.equal(first.ok, true);
    assert.match(first.versionstamp, /^[0-9a-f]{20}$/);
    assert.deepEqual(await kv.get(key), { key, value: "b", versionstamp: first.versionstamp });
    const second = await kv.set(key, "c");
    assert.ok(second.versionstamp > first.versionstamp);
    assert.deepEqual(await kv.get(key), { key, value: "c", versionstamp: second.versionstamp });
    assert.equal(await kv.delete(key), undefined);
    assert.deepEqual(await kv.get(key), { key, value: null, versionstamp: null });
    await kv.delete(key);
    const third = await kv.set(key, "d");
    assert.ok(third.versionstamp > second.versionstamp);
  },

  "versionstamps are ordered as the commits are": async (kv) => {
    const stamps: string[] = [];
    for (let i = 0; i < 40; i++) stamps.push((await kv.set(["n", i], i)).versionstamp);
    assert.deepEqual(stamps.toSorted(), stamps);
    assert.equal(new Set(stamps).size, 40);
  },

  "values of all types come back": async (kv) => {
    for (const [name, value] of Object.entries(VALUES)) {
      await kv.set(["v", name], value);
      assert.deepEqual((await kv.get(["v", name])).value, value, name);
    }
  },

  "an error and a cycle come back": async (kv) => {
    const cycle: Record<string, unknown> = { name: "cycle" };
    cycle.self = cycle;
    await kv.set(["cycle"], cycle);
    const { value } = await kv.get<typeof cycle>(["cycle"]);
    assert.equal(value?.self, value);
    await kv.set(["error"], new RangeError("too far"));
    const error = (await kv.get<RangeError>(["error"])).value;
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, "too far");
  },

  "an object of a class comes back as a plain one": async (kv) => {
    class Point {
      x = 1;
      method(): number {
        return this.x;
      }
    }
    await kv.set(["p"], new Point());
    const { value } = await kv.get<object>(["p"]);
    assert.deepEqual(value, { x: 1 });
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  },

  "a KvU64 comes back as one, but only as a whole value": async (kv, { U64 }) => {
    for (const integer of [0n, 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      await kv.set(["u"], new U64(integer));
      const { value } = await kv.get<KvU64>(["u"]);
      assert.ok(value instanceof U64);
      assert.equal(value.value, integer);
    }
  },

  "values that cannot be cloned are refused, and nothing is written": async (kv) => {
    for (const [name, value] of Object.entries(REFUSED)) {
      await assert.rejects(async () => await kv.set(["a"], value), Error, name);
      assert.throws(() => kv.atomic().set(["a"], value), Error, name);
      await assert.rejects(async () => await kv.enqueue(value), Error, name);
    }
    assert.equal((await kv.get(["a"])).versionstamp, null);
  },

  "values are copies": async (kv) => {
    const value = { list: [1], bytes: Uint8Array.of(1) };
    const setting = kv.set(["a"], value);
    value.list.push(2);
    await setting;
    const { value: read } = await kv.get<typeof value>(["a"]);
    assert.deepEqual(read, { list: [1], bytes: Uint8Array.of(1) });
    read?.list.push(3);
    assert.deepEqual((await kv.get<typeof value>(["a"])).value?.list, [1]);
    await kv.set(["b"], Uint8Array.of(1, 2));
    (await kv.get<Uint8Array>(["b"])).value?.fill(9);
    assert.deepEqual((await kv.get(["b"])).value, Uint8Array.of(1, 2));
  },

  "several entries are read in the order of the keys": async (kv) => {
    const { versionstamp } = await kv.set(["a"], 1);
    const found = await kv.getMany([["b"], ["a"], ["a"]]);
    const absent = { key: ["b"], value: null, versionstamp: null };
    const present = { key: ["a"], value: 1, versionstamp };
    assert.deepEqual(found, [absent, present, present]);
    assert.deepEqual(await kv.getMany([]), []);
  },

  "both consistencies are accepted, others are refused": async (kv) => {
    await kv.set(["a"], 1);
    for (const consistency of ["strong", "eventual", undefined] as const) {
      assert.equal((await kv.get(["a"], { consistency })).value, 1);
      assert.equal((await kv.getMany([["a"]], { consistency }))[0].value, 1);
    }
    await refuses(() => kv.get(["a"], { consistency: "weak" as "strong" }), "TypeError");
  },

  "expireIn is an integer of at least 0": async (kv) => {
    for (const expireIn of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const message = "expireIn must be a non-negative integer";
      await refuses(() => kv.set(["a"], 1, { expireIn }), "TypeError", message);
      await refuses(() => kv.atomic().mutate({ type: "set", key: ["a"], value: 1, expireIn }), "TypeError", message);
      assert.throws(() => kv.atomic().set(["a"], 1, { expireIn }), TypeError);
    }
    const tooLarge = { expireIn: Number.MAX_SAFE_INTEGER };
    await refuses(() => kv.set(["a"], 1, tooLarge), "TypeError", "expireIn is too large");
    await refuses(() => kv.atomic().set(["a"], 1, tooLarge).commit(), "TypeError", "expireIn is too large");
    assert.equal((await kv.set(["a"], 1, { expireIn: 1_000_000 })).ok, true);
    assert.equal((await kv.set(["b"], 1, { expireIn: 4_000_000_000_000_000 })).ok, true);
    assert.deepEqual(
      (await kv.getMany([["a"], ["b"]])).map(({ value }) => value),
      [1, 1],
    );
  },

  "KvU64 takes bigints of 64 bits": async (_, { U64 }) => {
    assert.throws(() => new U64(2n ** 64n), RangeError);
    assert.throws(() => new U64(-1n), RangeError);
    assert.throws(() => new U64(1 as unknown as bigint), TypeError);
    const one = new U64(1n);
    assert.equal(one.value, 1n);
    assert.equal(one.valueOf(), 1n);
    assert.equal((one as unknown as bigint) + 1n, 2n);
    assert.equal(`${one}`, "1");
    assert.equal(Object.prototype.toString.call(one), "[object Deno.KvU64]");
    assert.ok(Object.isFrozen(one));
  },
};
