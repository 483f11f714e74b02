/**
 * Every object of options in the public interface refuses unknown names, and suggests the name that was meant.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Key, MemoryFileSystem, MemoryStore, open as openStore, utf8Codec } from "../../mod.ts";
import { misuse } from "../support/expect.ts";
import { nodeTest } from "../support/node_only.ts";
import { CALLS, type Subjects } from "./calls.ts";
import { parametersOf } from "./interface.ts";

async function withSubjects(use: (subjects: Subjects) => Promise<void>): Promise<void> {
  const fileSystem = new MemoryFileSystem();
  await using store = await openStore({ path: "/store", fileSystem });
  await store.put("key", "value");
  await use({ store, fileSystem });
}

/** Also for calls that throw synchronously. */
async function call(name: string, subjects: Subjects, given: unknown): Promise<unknown> {
  return await (CALLS[name] as (subjects: Subjects, given: unknown) => unknown)(subjects, given);
}

/** Calls of the table that copy the object that they are given. */
const SPREAD = /batch(Sync)?\(operations|commit(Sync)?\(operations|view\(|open|listen|destroy|exists|MemoryStore/;

describe("unknown names", () => {
  for (const name of Object.keys(CALLS)) {
    test(`are refused by ${name}, before anything is done`, () =>
      withSubjects(async (subjects) => {
        const { version } = subjects.store;
        for (const value of [1, undefined]) {
          const given = { expireIn: value };
          await assert.rejects(call(name, subjects, given), misuse(TypeError, /^Unknown .* 'expireIn'/), `${value}`);
        }
        const inherited = Object.create({ expireIn: 1 });
        if (!SPREAD.test(name)) await assert.rejects(call(name, subjects, inherited), TypeError);
        assert.equal(subjects.store.version, version);
        assert.equal(await subjects.store.count(), 1);
      }));
  }

  test("name the nearest known name, or all known names", () =>
    withSubjects(async (subjects) => {
      const said: [string, unknown, string][] = [
        ["AsyncStore.backup(options)", { snce: 1 }, "Unknown option 'snce': did you mean 'since'?"],
        ["AsyncStore.put(options)", { TTL: 1 }, "Unknown option 'TTL': did you mean 'ttl'?"],
        ["AsyncStore.put(options)", { expireIn: 60_000 }, "Unknown option 'expireIn': expected one of ttl, durable"],
        ["AsyncStore.watch(options)", { from: 1 }, "Unknown option 'from': expected one of since, signal"],
        ["AsyncStore.deleteRange(range)", { prefx: "a" }, "Unknown range option 'prefx': did you mean 'prefix'?"],
        ["Reader.keys(range)", { reversed: true }, "Unknown range option 'reversed': did you mean 'reverse'?"],
        ["AsyncStore.batch(operations)", { val: "" }, "Unknown property of an operation 'val': did you mean 'value'?"],
        ["open(config)", { syncWrite: true }, "Unknown option 'syncWrite': did you mean 'syncWrites'?"],
      ];
      for (const [name, given, message] of said) {
        await assert.rejects(call(name, subjects, given), { name: "TypeError", message });
      }
    }));

  test("are refused in values that are no objects, and in objects of another kind", () =>
    withSubjects(async (subjects) => {
      for (const name of Object.keys(CALLS)) {
        if (SPREAD.test(name)) continue;
        // A promise means a forgotten `await`: as a range it would mean everything.
        const promise = Promise.resolve({ prefix: "a" });
        const others = [promise, new Map([["prefix", "a"]]), new Set(), [], /a/, new Date(0), new ArrayBuffer(1)];
        for (const given of [null, 5, "a", AbortSignal.abort(), ...others]) {
          await assert.rejects(call(name, subjects, given), TypeError, `${name} of ${String(given)}`);
        }
      }
      const openAny = openStore as (...values: unknown[]) => Promise<unknown>;
      await assert.rejects(openAny("data", { readOnly: true }), misuse(TypeError, "second argument"));
      const { store } = subjects;
      const view = store.view({ prefix: "v/", codec: utf8Codec });
      const ttl = { ttl: 60_000 };
      for (const writes of [store, view]) {
        for (const write of [writes.delete, writes.deleteSync]) {
          const written = async () =>
            await Reflect.apply(write as (...given: unknown[]) => unknown, writes, ["key", ttl]);
          await assert.rejects(written, misuse(TypeError, "Unknown option 'ttl': expected durable"));
        }
        for (const write of [writes.batch, writes.batchSync]) {
          const written = async () => await Reflect.apply(write as (...given: unknown[]) => unknown, writes, [[], ttl]);
          await assert.rejects(written, misuse(TypeError, "Unknown option 'ttl': expected durable"));
        }
      }
      const deleted = store.transaction((tx) => Reflect.apply(tx.delete, tx, ["key", ttl]));
      await assert.rejects(deleted, misuse(TypeError, "Cannot take a second argument"));
      for (const given of [null, 5, "numVersionsToKeep"])
        assert.throws(() => new MemoryStore(given as never), TypeError);
      const put = { type: "put", key: "a", value: "b" };
      for (const operation of [null, undefined, 5, "put"]) {
        await assert.rejects(store.batch([put, operation] as never), TypeError);
      }
      // A hole in the array must not reach the engine, either.
      const sparse: unknown[] = [put];
      sparse[2] = put;
      await assert.rejects(subjects.store.batch(sparse as never), TypeError);
      for (const more of [{ value: "b" }, { ttl: 5 }]) {
        const operation = { type: "delete", key: "key", ...more } as never;
        await assert.rejects(subjects.store.batch([operation]), misuse(TypeError, `has no '${Object.keys(more)[0]}'`));
      }
      await subjects.store.batch([{ type: "delete", key: "key" as Key, value: undefined, ttl: undefined } as never]);
      assert.equal(await subjects.store.count(), 0);
    }));

  test("do not include names that a library added to every object", () =>
    withSubjects(async ({ store }) => {
      Object.defineProperty(Object.prototype, "polluted", { value: 1, enumerable: true, configurable: true });
      try {
        await store.put("key", "value", { ttl: 60_000 });
      } finally {
        delete (Object.prototype as { polluted?: number }).polluted;
      }
    }));

  test("wrong signals are refused", () =>
    withSubjects(async (subjects) => {
      for (const name of Object.keys(CALLS)) {
        const takesNone =
          /[pP]ut|compareAnd|[cC]ommit|delete(Sync)?\(|batch|touch|update|increment|min|max|append|snapshot|view|constructor|FileSystem|exists|destroy|listen/;
        if (!name.endsWith("(options)") || takesNone.test(name)) continue;
        for (const signal of [null, 5, "stop", new AbortController()]) {
          const expected = misuse(TypeError, "Wrong option 'signal': expected an AbortSignal");
          await assert.rejects(call(name, subjects, { signal }), expected, `${name} of ${String(signal)}`);
        }
      }
    }));
});

nodeTest(
  "every parameter of the public interface that takes an object is in the table, and takes each of its names",
  () =>
    withSubjects(async (subjects) => {
      const parameters = parametersOf("mod.ts").filter(({ name }) => name !== "StoreError.constructor(options)");
      // A method with two signatures counts once.
      const names = new Set(parameters.map(({ name }) => name));
      assert.deepEqual([...names].sort(), Object.keys(CALLS).sort());
      for (const { name, names } of parameters) {
        for (const each of names) {
          // Required names stay. The deletion of a range refuses a bound that is undefined.
          const needed = ["path", "fileSystem", "codec", "prefix", "key", "value", "type", "wasm"].includes(each);
          if (needed || name.includes("deleteRange")) continue;
          await call(name, subjects, { [each]: undefined });
        }
      }
    }),
);
