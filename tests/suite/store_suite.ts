/**
 * The tests that every store must pass, whatever its backend.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Key, Store, Value } from "../../mod.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { cursors, helpers, records } from "./iterables.ts";
import { conditionalWrites, updates } from "./key_writes.ts";
import { partsOfAStore, viewsOfOthers } from "./partitions.ts";
import { type Check, ranges, snapshots, turns, views, writes } from "./parts.ts";
import { watchedRanges } from "./watched_ranges.ts";

/** Runs `use` with a fresh, empty store and closes it afterwards. */
export type WithStore = (use: (store: Store) => Promise<void>) => Promise<void>;

const MiB = 1024 * 1024;
const bytes = (...values: number[]) => Uint8Array.from(values);

/** Defines the shared tests for one kind of store. */
export function storeSuite(name: string, withStore: WithStore): void {
  const check = (what: string, use: (store: Store) => Promise<void>) => test(what, () => withStore(use));
  describe(name, () => {
    readsAndWrites(check);
    scans(check);
    keysAndValues(check);
    badInput(check);
    ownership(check);
    ranges(check);
    turns(check);
    writes(check);
    snapshots(check);
    views(check);
    conditionalWrites(check);
    updates(check);
    watchedRanges(check);
    records(check);
    helpers(check);
    cursors(check);
    partsOfAStore(check);
    viewsOfOthers(check);
    agreement(withStore);
  });
}

function readsAndWrites(check: Check): void {
  check("a key that was never put is not there", async (store) => {
    assert.equal(await store.get("missing"), undefined);
    assert.equal(store.getSync("missing"), undefined);
    assert.equal(await store.has("missing"), false);
    assert.equal(store.hasSync("missing"), false);
  });

  check("a put is visible at once, before its promise settles", async (store) => {
    const put = store.put("key", "value");
    assert.equal(text(store.getSync("key")), "value");
    assert.equal(await put, undefined);
    assert.equal(text(await store.get("key")), "value");
    assert.equal(await store.has("key"), true);
  });

  check("the Sync forms write too", async (store) => {
    store.putSync("a", "1");
    store.putSync("b", "2");
    store.deleteSync("a");
    store.flushSync();
    assert.deepEqual(
      [...store.scanSync("")].map(([key, value]) => [key, text(value)]),
      [["b", "2"]],
    );
  });

  check("a later put replaces an earlier one", async (store) => {
    await store.put("key", "first, and longer");
    await store.put("key", "second");
    assert.equal(text(await store.get("key")), "second");
  });

  check("a delete removes the key, and only it", async (store) => {
    await Promise.all([store.put("a", "1"), store.put("ab", "2"), store.put("b", "3")]);
    const deleted = store.delete("a");
    assert.equal(store.hasSync("a"), false);
    await deleted;
    assert.deepEqual([...(await store.scan("")).keys()], ["ab", "b"]);
    await store.put("a", "again");
    assert.equal(text(await store.get("a")), "again");
  });

  check("a delete says whether the key existed", async (store) => {
    assert.equal(await store.delete("missing"), false);
    assert.equal(store.deleteSync("missing"), false);
    await store.put("key", "value");
    assert.equal(await store.delete("key"), true);
    await store.put("key", "value");
    assert.equal(store.deleteSync("key"), true);
    assert.equal(store.deleteSync("key"), false);
  });

  check("writes that are not awaited settle in the order of the calls", async (store) => {
    const settled: number[] = [];
    const writes = Array.from({ length: 50 }, (_, i) => store.put(`key${i % 7}`, `${i}`).then(() => settled.push(i)));
    await store.flush();
    await Promise.all(writes);
    assert.deepEqual(
      settled,
      Array.from({ length: 50 }, (_, i) => i),
    );
    assert.equal(text(await store.get("key0")), "49");
  });

  check("a thousand writers in flight lose nothing", async (store) => {
    const writer = async (i: number) => {
      await store.put(`writer/${i}`, "1");
      await store.put(`writer/${i}`, "2");
      if (i % 2) await store.delete(`writer/${i}`);
    };
    await Promise.all(Array.from({ length: 1000 }, (_, i) => writer(i)));
    assert.equal((await store.scan("writer/")).size, 500);
  });
}

function scans(check: Check): void {
  check("a scan has the keys with the prefix, in byte order", async (store) => {
    for (const key of ["b", "a", "ab", "aa", "abc", "B", "é", "z", "a\u0000"]) await store.put(key, key);
    assert.deepEqual([...(await store.scan("a")).keys()], ["a", "a\u0000", "aa", "ab", "abc"]);
    assert.deepEqual([...(await store.scan("")).keys()], ["B", "a", "a\u0000", "aa", "ab", "abc", "b", "z", "é"]);
    assert.equal((await store.scan("nothing")).size, 0);
    assert.deepEqual([...(await store.scan("é")).values()].map(text), ["é"]);
  });

  check("order is that of the UTF-8 bytes, not of JavaScript's strings", async (store) => {
    const keys = ["\u{1F600}", "\uFB01", "\u00FF", "a"];
    for (const key of keys) await store.put(key, "");
    assert.deepEqual([...(await store.scan("")).keys()], ["a", "\u00FF", "\uFB01", "\u{1F600}"]);
  });

  check("a prefix of bytes FF has an end", async (store) => {
    await store.put(bytes(0xff), "1");
    await store.put(bytes(0xff, 0xff), "2");
    await store.put(bytes(0xfe), "3");
    await assert.rejects(store.scan(bytes(0xff)), misuse(TypeError, /key ff .*not UTF-8/));
    assert.equal(text(await store.get(bytes(0xff, 0xff))), "2");
  });

  check("a scan of many large entries is complete", async (store) => {
    const value = new Uint8Array(100_000).fill(9);
    for (let i = 0; i < 40; i++) store.put(`large/${String(i).padStart(3, "0")}`, value);
    await store.flush();
    const found = await store.scan("large/");
    assert.equal(found.size, 40);
    assert.ok([...found.values()].every((each) => each.length === 100_000 && each[99_999] === 9));
  });

  check("a scan of ten thousand entries is complete and in order", async (store) => {
    for (let i = 0; i < 10_000; i++) store.put(`n${String((i * 7919) % 10_000).padStart(5, "0")}`, `${i}`);
    await store.flush();
    const keys = [...(await store.scan("n")).keys()];
    assert.equal(keys.length, 10_000);
    assert.deepEqual(keys, keys.toSorted());
  });
}

function keysAndValues(check: Check): void {
  check("a string means its UTF-8 bytes, as key and as value", async (store) => {
    await store.put("größe", "ß");
    assert.deepEqual(await store.get(new TextEncoder().encode("größe")), bytes(0xc3, 0x9f));
  });

  check("an empty value is not a missing one", async (store) => {
    await store.put("empty", "");
    await store.put("none", new Uint8Array(0));
    assert.deepEqual(await store.get("empty"), new Uint8Array(0));
    assert.equal(await store.has("none"), true);
  });

  check("any bytes make a key: NUL, FF, one byte", async (store) => {
    const keys = [bytes(0), bytes(0, 0), bytes(0xff), bytes(0xff, 0), bytes(0x80)];
    for (const [i, key] of keys.entries()) await store.put(key, bytes(i));
    for (const [i, key] of keys.entries()) assert.deepEqual(await store.get(key), bytes(i));
  });

  check("an array uses only its own part of a buffer, also of a shared or resizable one", async (store) => {
    const whole = bytes(1, 2, 3, 4, 5);
    await store.put(whole.subarray(1, 3), whole.subarray(2));
    assert.deepEqual(await store.get(bytes(2, 3)), bytes(3, 4, 5));
    const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(7);
    await store.put(shared, shared);
    assert.deepEqual(await store.get(bytes(7, 7)), bytes(7, 7));
    await store.put(Buffer.from("buffer"), Buffer.from("value"));
    assert.equal(text(await store.get("buffer")), "value");
  });

  check("keys up to 65,000 bytes", async (store) => {
    for (const length of [1, 64_999, 65_000]) {
      const key = "k".repeat(length);
      await store.put(key, `${length}`);
      assert.equal(text(await store.get(key)), `${length}`);
    }
    assert.equal((await store.scan("k".repeat(65_000))).size, 1);
  });

  check("values around every size that changes how they are stored", async (store) => {
    const sizes = [1, 4095, 4096, 65_536, 131_071, 131_072, 131_073, 524_287, 524_288, MiB, 5 * MiB + 3];
    for (const size of sizes) {
      const value = new Uint8Array(size).map((_, i) => (i * 31 + size) % 251);
      await store.put("value", value);
      assert.deepEqual(await store.get("value"), value);
    }
  });

  check("values up to 64 MiB", async (store) => {
    for (const size of [64 * MiB - 1, 64 * MiB]) {
      const value = new Uint8Array(size);
      value[size - 1] = 7;
      await store.put("large", value);
      const found = await store.get("large");
      assert.equal(found?.length, size);
      assert.equal(found?.[size - 1], 7);
    }
  });
}

function badInput(check: Check): void {
  const nonKeys: [unknown, typeof TypeError | typeof RangeError, string][] = [
    ["", RangeError, "at least 1 byte"],
    [new Uint8Array(0), RangeError, "at least 1 byte"],
    ["k".repeat(65_001), RangeError, "65001 bytes: the limit is 65000"],
    ["é".repeat(32_501), RangeError, "65002 bytes: the limit is 65000"],
    [new Uint8Array(65_001), RangeError, "65001 bytes"],
    ["a\uD800", TypeError, "lone surrogate"],
    [undefined, TypeError, "undefined as a key"],
    [null, TypeError, "null as a key"],
    [42, TypeError, "the number 42 as a key"],
    [{}, TypeError, "an instance of Object as a key"],
    [["a"], TypeError, "an instance of Array as a key"],
    [new Uint16Array(2), TypeError, "an instance of Uint16Array as a key"],
    [new ArrayBuffer(2), TypeError, "an instance of ArrayBuffer as a key"],
  ];

  check("a wrong key is refused by every method, and nothing is written", async (store) => {
    for (const [wrong, type, message] of nonKeys) {
      const key = wrong as Key;
      const expected = misuse(type, message);
      await assert.rejects(store.get(key), expected);
      await assert.rejects(store.has(key), expected);
      await assert.rejects(store.put(key, "value"), expected);
      await assert.rejects(store.delete(key), expected);
      for (const call of ["getSync", "hasSync", "deleteSync"] as const) assert.throws(() => store[call](key), expected);
      assert.throws(() => store.putSync(key, "value"), expected);
    }
    assert.equal((await store.scan("")).size, 0);
  });

  check("a wrong value is refused, and nothing is written", async (store) => {
    const nonValues: [unknown, typeof TypeError | typeof RangeError, string][] = [
      [undefined, TypeError, "undefined as a value"],
      [1, TypeError, "the number 1 as a value"],
      [{ a: 1 }, TypeError, "an instance of Object as a value"],
      ["\uDC00 low", TypeError, "lone surrogate"],
      [new Uint8Array(64 * MiB + 1), RangeError, "67108865 bytes: the limit is 67108864"],
    ];
    for (const [wrong, type, message] of nonValues) {
      await assert.rejects(store.put("key", wrong as Value), misuse(type, message));
      assert.throws(() => store.putSync("key", wrong as Value), misuse(type, message));
    }
    assert.equal(await store.has("key"), false);
  });

  check("a wrong prefix is refused", async (store) => {
    const nonPrefixes = nonKeys.filter(([, , message]) => message !== "at least 1 byte");
    for (const [wrong, type] of nonPrefixes) {
      await assert.rejects(store.scan(wrong as Key), misuse(type, /prefix|key/));
      assert.throws(() => store.scanSync(wrong as Key), misuse(type, /prefix|key/));
    }
  });

  check("a detached buffer is refused", async (store) => {
    const detached = bytes(1, 2, 3);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    await assert.rejects(store.put(detached, "value"), misuse(TypeError, "detached"));
    await assert.rejects(store.put("key", detached), misuse(TypeError, "detached"));
    await assert.rejects(store.get(detached), misuse(TypeError, "detached"));
    assert.equal((await store.scan("")).size, 0);
  });
}

function ownership(check: Check): void {
  check("the store keeps a copy of its arguments", async (store) => {
    const [key, value] = [bytes(1, 2), bytes(3, 4)];
    const put = store.put(key, value);
    key.fill(9);
    value.fill(9);
    await put;
    assert.deepEqual(await store.get(bytes(1, 2)), bytes(3, 4));
  });

  check("the caller owns the results", async (store) => {
    await store.put("key", bytes(1, 2));
    (await store.get("key"))?.fill(9);
    store.scanSync("").get("key")?.fill(9);
    const found = await store.get("key");
    assert.deepEqual(found, bytes(1, 2));
    await store.put("other", new Uint8Array(1000));
    store.scanSync("");
    assert.deepEqual(found, bytes(1, 2));
  });

  check("each value has its own buffer, without other bytes", async (store) => {
    const keys = ["a", "b", "c"];
    for (const length of [0, 1, 64, 100, 1000, 5000]) {
      await store.batch(keys.map((key, i) => ({ type: "put", key, value: new Uint8Array(length).fill(i + 1) })));
      const watched: (Uint8Array | undefined)[] = [];
      for await (const { value } of store.watch({}, { since: store.version - 1 })) if (watched.push(value) === 3) break;
      using snapshot = store.snapshot();
      const owned = [
        ...watched,
        await store.get("a"),
        store.getSync("b"),
        (await store.getEntry("a"))?.value,
        ...(await store.getMany(keys)),
        ...(await store.scan("")).values(),
        ...store.scanSync("").values(),
        ...(await store.versions("a")).slice(0, 1).map(({ value }) => value),
        snapshot.getSync("c"),
        ...(await snapshot.scan("")).values(),
        ...(await store.transaction(async (tx) => {
          tx.put("b", new Uint8Array(length));
          return [await tx.get("a"), await tx.get("b"), ...(await tx.scan("")).values()];
        })),
      ];
      for (const value of owned) assert.equal(value?.buffer.byteLength, length);
      assert.equal(new Set(owned.map((value) => value?.buffer)).size, owned.length);
    }
  });

  check("detaching the buffer of one value cannot detach another value", async (store) => {
    const keys = ["a", "b", "c", "d", "e", "f"];
    await store.batch(keys.map((key) => ({ type: "put", key, value: `the value of ${key}` })));
    const { port1, port2 } = new MessageChannel();
    const ways: ((value: Uint8Array<ArrayBuffer>) => unknown)[] = [
      ({ buffer }) => structuredClone(buffer, { transfer: [buffer] }),
      ({ buffer }) => port1.postMessage(buffer, [buffer]),
      ({ buffer }) => buffer.transfer?.(),
      (value) => new ReadableStream({ type: "bytes", start: (controller) => controller.enqueue(value) }),
    ];
    const values = async (): Promise<Uint8Array[]> => [
      ...[...store.entries()].map(([, value]) => value),
      ...store.values(),
      ...(await store.getMany(keys)).map((value) => value ?? bytes()),
      ...(await store.scan("")).values(),
    ];
    for (const take of ways) {
      const all = await values();
      for (let i = 0; i < all.length; i += 2) {
        try {
          take(all[i] as Uint8Array<ArrayBuffer>);
        } catch {
          // The buffer is shared, and cannot be detached.
        }
      }
      const kept = all.filter((_, i) => i % 2 === 1).map(text);
      const expected = Array.from({ length: 12 }, (_, i) => `the value of ${keys[(2 * i + 1) % 6]}`);
      assert.deepEqual(kept, expected, String(take));
    }
    port1.close();
    port2.close();
  });

  check("changes of a result change nothing in the store", async (store) => {
    const keys = Array.from({ length: 20 }, (_, i) => bytes(1, i + 1));
    await store.batch(keys.map((key) => ({ type: "put", key, value: bytes(5, 6, 7) })));
    const spoil = (...given: unknown[]) => {
      for (const each of given.flat(3)) if (each instanceof Uint8Array) each.fill(0);
    };
    const [prefix, key] = [bytes(1), bytes(1, 1)];
    for (let round = 0; round < 2; round++) {
      const changes: unknown[] = [];
      for await (const { key, value } of store.watch({ prefix, keyEncoding: "bytes" }, { since: 0 })) {
        if (changes.push(key, value) === 2 * keys.length) break;
      }
      assert.deepEqual(changes.slice(0, 2), [key, bytes(5, 6, 7)]);
      const entries = [...store.entries({ prefix, keyEncoding: "bytes" })];
      assert.deepEqual(
        entries.map(([each]) => each),
        keys,
      );
      const versions = await store.versions(key);
      await store.transaction((tx) => {
        const [own, value] = [bytes(1, 99), bytes(4)];
        tx.put(own, value);
        spoil(own, value, tx.getSync(bytes(1, 99)), [...tx.entries({ prefix, keyEncoding: "bytes" })]);
        assert.deepEqual(tx.getSync(bytes(1, 99)), bytes(4));
        tx.delete(bytes(1, 99));
      });
      spoil(
        changes,
        entries,
        versions.map(({ value }) => value),
        await store.get(key),
        store.getEntrySync(key)?.value,
      );
      spoil(await store.getMany(keys), [...store.keys({ keyEncoding: "bytes" })], [...store.values()]);
      for await (const chunk of store.backup()) spoil(chunk);
      for (const each of keys) assert.deepEqual(store.getSync(each), bytes(5, 6, 7));
    }
  });

  check("a closed store stays closed, and a second close does nothing more", async (store) => {
    await store.put("key", "value");
    const closing = store.close();
    assert.equal(store.close(), closing);
    await closing;
    await assert.rejects(store.get("key"), storeError("STORE_CLOSED", "Cannot get"));
  });
}

/** Random operations on the store and on a plain map must agree. */
function agreement(withStore: WithStore): void {
  const key = fc.uint8Array({ minLength: 1, maxLength: 4, max: 3 }).map((values) => values.map((value) => value + 97));
  const operation = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant("put" as const), key, fc.uint8Array({ maxLength: 300 })) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("delete" as const), key, fc.constant(new Uint8Array())) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("scan" as const), key, fc.constant(new Uint8Array())) },
  );
  test("random operations agree with a plain map", () =>
    fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 80 }), (operations) =>
        withStore(async (store) => {
          const model = new Map<string, Uint8Array>();
          for (const [kind, key, value] of operations) {
            const name = text(key) ?? "";
            if (kind === "put") model.set(name, value.slice());
            if (kind === "put") store.put(key, value);
            if (kind === "delete") model.delete(name);
            if (kind === "delete") store.delete(key);
            if (kind === "scan") assert.deepEqual([...store.scanSync(key)], sortedEntries(model, name));
            assert.deepEqual(store.getSync(key), model.get(name));
          }
          assert.deepEqual([...(await store.scan(""))], sortedEntries(model, ""));
        }),
      ),
      { numRuns: 25, seed: 1 },
    ));
}

function sortedEntries(model: Map<string, Uint8Array>, prefix: string): [string, Uint8Array][] {
  return [...model].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
}
