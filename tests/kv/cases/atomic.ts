/**
 * Atomic operations: checks, mutations, arithmetic.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Kv, KvKey, KvMutation, KvU64 } from "../../../src/adapters/kv/mod.ts";
import { type Cases, collect, refuses } from "../subject.ts";

/** The value of a key, as a plain one. */
async function read(kv: Kv, key: KvKey): Promise<unknown> {
  const { value } = await kv.get(key);
  return typeof value === "object" && value !== null && "value" in value ? (value as KvU64).value : value;
}

export const atomicCases: Cases = {
  "a check of a versionstamp": async (kv) => {
    const { versionstamp } = await kv.set(["a"], 1);
    const done = await kv
      .atomic()
      .check({ key: ["a"], versionstamp })
      .set(["a"], 2)
      .commit();
    assert.ok(done.ok && done.versionstamp > versionstamp);
    assert.deepEqual(await kv.get(["a"]), { key: ["a"], value: 2, versionstamp: done.versionstamp });
    const late = await kv
      .atomic()
      .check({ key: ["a"], versionstamp })
      .set(["a"], 3)
      .commit();
    assert.deepEqual(late, { ok: false });
    assert.equal(await read(kv, ["a"]), 2);
  },

  "a check of an entry that was read, there or not": async (kv) => {
    const nothing = await kv.get(["a"]);
    assert.equal((await kv.atomic().check(nothing).set(["a"], 1).commit()).ok, true);
    assert.equal((await kv.atomic().check(nothing).set(["a"], 2).commit()).ok, false);
    const something = await kv.get(["a"]);
    await kv.delete(["a"]);
    assert.equal((await kv.atomic().check(something).set(["a"], 3).commit()).ok, false);
    assert.equal((await kv.atomic().check(nothing).delete(["a"]).commit()).ok, true);
  },

  "all of several checks must be true": async (kv) => {
    const a = await kv.set(["a"], 1);
    const b = await kv.set(["b"], 1);
    const [checkA, checkB] = [
      { key: ["a"], versionstamp: a.versionstamp },
      { key: ["b"], versionstamp: b.versionstamp },
    ];
    assert.equal((await kv.atomic().check(checkA, checkB).set(["c"], 1).commit()).ok, true);
    const mixed = kv
      .atomic()
      .check(checkA)
      .check({ key: ["b"], versionstamp: null })
      .set(["c"], 2)
      .delete(["a"]);
    assert.equal((await mixed.commit()).ok, false);
    assert.deepEqual([await read(kv, ["a"]), await read(kv, ["c"])], [1, 1]);
    assert.equal((await kv.atomic().check(checkA, checkA).commit()).ok, true);
    assert.equal(
      (
        await kv
          .atomic()
          .check({ ...checkA, versionstamp: null }, checkA)
          .commit()
      ).ok,
      false,
    );
  },

  "an operation of checks only, and one of nothing": async (kv) => {
    const { versionstamp } = await kv.set(["a"], 1);
    const only = await kv
      .atomic()
      .check({ key: ["a"], versionstamp })
      .commit();
    assert.ok(only.ok && only.versionstamp >= versionstamp);
    assert.equal(
      (
        await kv
          .atomic()
          .check({ key: ["a"], versionstamp: null })
          .commit()
      ).ok,
      false,
    );
    assert.equal((await kv.atomic().commit()).ok, true);
    assert.equal((await kv.get(["a"])).versionstamp, versionstamp);
  },

  "wrong versionstamps are refused, unknown ones are not true": async (kv) => {
    await kv.set(["a"], 1);
    for (const versionstamp of ["", "xx".repeat(10), "aa".repeat(11), "0"]) {
      const commit = () =>
        kv
          .atomic()
          .check({ key: ["a"], versionstamp })
          .set(["a"], 2)
          .commit();
      await refuses(commit, "TypeError");
    }
    for (const versionstamp of ["0".repeat(20), "f".repeat(20), "FF".repeat(10), `${"0".repeat(19)}1`]) {
      for (const key of [["a"], ["none"]]) {
        assert.deepEqual(await kv.atomic().check({ key, versionstamp }).set(key, 2).commit(), { ok: false });
      }
    }
    const upper = (await kv.set(["a"], 3)).versionstamp.toUpperCase();
    assert.equal(
      (
        await kv
          .atomic()
          .check({ key: ["a"], versionstamp: upper })
          .commit()
      ).ok,
      true,
    );
    assert.equal(await read(kv, ["a"]), 3);
  },

  "the mutations of a key are done in their order": async (kv, { U64 }) => {
    await kv.set(["a"], "1");
    await kv.atomic().set(["a"], "2").delete(["a"]).commit();
    assert.equal(await read(kv, ["a"]), null);
    await kv.atomic().delete(["a"]).set(["a"], "3").set(["a"], "4").commit();
    assert.equal(await read(kv, ["a"]), "4");
    await kv.atomic().set(["n"], new U64(5n)).sum(["n"], 2n).sum(["n"], 3n).max(["n"], 7n).min(["n"], 9n).commit();
    assert.equal(await read(kv, ["n"]), 9n);
    await kv.atomic().delete(["n"]).sum(["n"], 2n).commit();
    assert.equal(await read(kv, ["n"]), 2n);
  },

  "all entries of an operation have its versionstamp": async (kv) => {
    const done = await kv.atomic().set(["a"], 1).set(["b"], 2).sum(["c"], 3n).commit();
    assert.ok(done.ok);
    const stamps = (await collect(kv.list({ prefix: [] }))).map(({ versionstamp }) => versionstamp);
    assert.deepEqual(stamps, [done.versionstamp, done.versionstamp, done.versionstamp]);
  },

  "sum, min and max": async (kv, { U64 }) => {
    for (const type of ["sum", "min", "max"] as const) {
      await kv.atomic()[type]([type], 10n).commit();
      assert.equal(await read(kv, [type]), 10n, type);
      await kv.atomic()[type]([type], 4n).commit();
      await kv
        .atomic()
        .mutate({ type, key: [type], value: new U64(12n) })
        .commit();
    }
    assert.deepEqual(await Promise.all(["sum", "min", "max"].map((type) => read(kv, [type]))), [26n, 4n, 12n]);
  },

  "a sum wraps around": async (kv, { U64 }) => {
    await kv.set(["a"], new U64(2n ** 64n - 1n));
    await kv.atomic().sum(["a"], 10n).commit();
    assert.equal(await read(kv, ["a"]), 9n);
    await kv
      .atomic()
      .sum(["a"], 2n ** 64n - 1n)
      .commit();
    assert.equal(await read(kv, ["a"]), 8n);
  },

  "a sum takes away the expiry": async (kv, { U64 }) => {
    await kv.set(["a"], new U64(1n), { expireIn: 1 });
    const now = await kv.atomic().sum(["a"], 1n).commit();
    assert.ok(now.ok);
    // The value may have expired before the sum.
    assert.ok([1n, 2n].includes((await read(kv, ["a"])) as bigint));
  },

  "arithmetic needs integers of 64 bits": async (kv, { U64 }) => {
    await kv.set(["text"], "1");
    await kv.set(["u"], new U64(1n));
    for (const type of ["sum", "min", "max"] as const) {
      const commit = () => kv.atomic()[type](["text"], 1n).set(["other"], 1).commit();
      await refuses(commit, "TypeError", `Failed to perform '${type}' mutation on a non-U64 value in the database`);
      assert.throws(() => kv.atomic()[type](["u"], 1 as unknown as bigint), TypeError);
      assert.throws(() => kv.atomic()[type](["u"], -1n), RangeError);
      assert.throws(() => kv.atomic()[type](["u"], 2n ** 64n), RangeError);
    }
    for (const type of ["min", "max"] as const) {
      const mutation = { type, key: ["u"], value: 1 } as unknown as KvMutation;
      const message = `Failed to perform '${type}' mutation on a non-U64 operand`;
      await refuses(() => kv.atomic().mutate(mutation).commit(), "TypeError", message);
    }
    const wrong = { type: "sum", key: ["u"], value: 1 } as unknown as KvMutation;
    await refuses(() => kv.atomic().mutate(wrong).commit(), "TypeError", "Cannot sum KvU64 with Number");
    assert.deepEqual([await read(kv, ["u"]), await read(kv, ["text"])], [1n, "1"]);
    // Checks come first.
    const unchecked = kv
      .atomic()
      .check({ key: ["u"], versionstamp: null })
      .sum(["text"], 1n);
    assert.deepEqual(await unchecked.commit(), { ok: false });
  },

  "a sum of numbers and of bigints": async (kv, { U64 }) => {
    const sum = (key: KvKey, value: unknown) =>
      kv
        .atomic()
        .mutate({ type: "sum", key, value } as KvMutation)
        .commit();
    await sum(["n"], 1.5);
    await sum(["n"], 2);
    assert.equal(await read(kv, ["n"]), 3.5);
    await sum(["b"], 2n ** 70n);
    await sum(["b"], -1n);
    assert.equal(await read(kv, ["b"]), 2n ** 70n - 1n);
    await kv.set(["u"], new U64(1n));
    await sum(["u"], 2n);
    assert.equal(await read(kv, ["u"]), 3n);
    await refuses(() => sum(["n"], 1n), "TypeError", "Cannot sum Number with BigInt");
    await refuses(() => sum(["b"], 1), "TypeError", "Cannot sum BigInt with Number");
    await refuses(() => sum(["u"], -1n), "TypeError", "Cannot sum KvU64 with BigInt");
    await refuses(() => sum(["x"], "text"), "TypeError");
    await refuses(() => sum(["x"], Uint8Array.of(1)), "TypeError");
  },

  "wrong mutations are refused": async (kv) => {
    const wrong: unknown[] = [
      { key: ["a"], type: "set" },
      { key: ["a"], type: "sum" },
      { key: ["a"], type: "delete", value: "123" },
      { key: ["a"], type: "other" },
      { key: ["a"], type: "other", value: "123" },
      { key: ["a"] },
      { key: "a", type: "set", value: 1 },
    ];
    for (const mutation of wrong) {
      await refuses(
        () =>
          kv
            .atomic()
            .mutate(mutation as KvMutation)
            .commit(),
        "TypeError",
      );
    }
    assert.deepEqual(await collect(kv.list({ prefix: [] })), []);
  },

  "mutations of all types by mutate": async (kv) => {
    await kv.set(["b"], 1);
    await kv
      .atomic()
      .mutate({ type: "set", key: ["a"], value: undefined }, { type: "delete", key: ["b"] })
      .commit();
    const [a, b] = await kv.getMany([["a"], ["b"]]);
    assert.equal(a.value, undefined);
    assert.notEqual(a.versionstamp, null);
    assert.equal(b.versionstamp, null);
  },

  "an operation is no promise": async (kv) => {
    const operation: unknown = kv.atomic().set(["a"], 1);
    await assert.rejects(async () => await operation, /is not a promise: did you forget to call 'commit\(\)'/);
    assert.equal(await read(kv, ["a"]), null);
  },

  "an operation may be committed twice": async (kv) => {
    const operation = kv.atomic().sum(["a"], 2n);
    await operation.commit();
    await operation.commit();
    assert.equal(await read(kv, ["a"]), 4n);
  },

  "writers that check do not lose updates": async (kv) => {
    await kv.set(["count"], 0);
    const add = async () => {
      for (;;) {
        const entry = await kv.get<number>(["count"]);
        const { ok } = await kv
          .atomic()
          .check(entry)
          .set(["count"], (entry.value ?? 0) + 1)
          .commit();
        if (ok) return;
      }
    };
    await Promise.all(Array.from({ length: 10 }, add));
    assert.equal(await read(kv, ["count"]), 10);
  },
};
