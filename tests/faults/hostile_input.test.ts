/**
 * Malicious arguments. The call reports a documented error and writes nothing, or it writes the content at the time of
 * the call.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryFileSystem, MemoryStore, open, type Store, StoreError } from "../../mod.ts";

const RUNS = 300;

class Thrown extends Error {}

const throws = () => {
  throw new Thrown("from a getter");
};

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** A view of a buffer that became too short for the view. */
function outOfBounds(): Uint8Array {
  const buffer = new ArrayBuffer(16, { maxByteLength: 32 });
  const bytes = new Uint8Array(buffer, 8, 8);
  buffer.resize(4);
  return bytes;
}

/** An array that lies about its length. */
class Liar extends Uint8Array {
  override get length(): number {
    return 100;
  }
}

const hostileBytes: readonly (() => unknown)[] = [
  detached,
  outOfBounds,
  () => new Proxy(new Uint8Array(4), {}),
  () => new Proxy(new Uint8Array(4), { get: throws }),
  () => Object.create(Uint8Array.prototype),
  () => Object.setPrototypeOf({ length: 4, 0: 1 }, Uint8Array.prototype),
  () => ({ length: 3, 0: 1, 1: 2, 2: 3 }),
  () => new Uint16Array(3),
  () => new DataView(new ArrayBuffer(4)),
  () => new ArrayBuffer(4),
  () => "\ud800",
  () => `${"x".repeat(100)}\udc00`,
  () => Symbol("key"),
  () => null,
  () => undefined,
  () => Number.NaN,
  () => 10n,
  () => ["a"],
  () => ({ toString: throws, valueOf: throws }),
  () => new String("boxed"),
  () => throws,
];

const hostileKeys = [
  ...hostileBytes,
  () => "",
  () => new Uint8Array(0),
  () => new Uint8Array(65_001),
  () => "é".repeat(40_000),
];
const hostileValues = [...hostileBytes, () => new Uint8Array(64 * 1024 * 1024 + 1)];

const hostileOptions: readonly (() => unknown)[] = [
  () => null,
  () => 5,
  () => "ttl",
  () => ({ ttl: Number.NaN }),
  () => ({ ttl: -1 }),
  () => ({ ttl: 0 }),
  () => ({ ttl: Number.POSITIVE_INFINITY }),
  () => ({ ttl: "1" }),
  () => ({ ttl: 1n }),
  () => ({
    get ttl() {
      return throws();
    },
  }),
  () => new Proxy({}, { get: throws }),
];

const hostileRanges: readonly (() => unknown)[] = [
  ...hostileBytes.filter((make) => make() !== undefined).map((make) => () => ({ gt: make() ?? 1 })),
  () => ({ gt: "a", gte: "a" }),
  () => ({ limit: Number.NaN }),
  () => ({ limit: -1 }),
  () => ({ limit: 1.5 }),
  () => ({ reverse: 1 }),
  () => ({ keyEncoding: "latin1" }),
  () => ({ unknown: 1 }),
  () => 7,
  () => new Proxy({ prefix: "a" }, { get: throws }),
  () => new Proxy({}, { ownKeys: throws }),
];

const hostileVersions: readonly (() => unknown)[] = [
  () => Number.NaN,
  () => -1,
  () => 0.5,
  () => Number.MAX_SAFE_INTEGER,
  () => Number.POSITIVE_INFINITY,
  () => "1",
  () => 1n,
  () => null,
];

type Attack = (store: Store) => unknown;

function pick<T>(choices: readonly (() => T)[]): fc.Arbitrary<() => T> {
  return fc.constantFrom(...choices);
}

/** Calls that must be refused, whatever the hostile part is. */
const attacks: fc.Arbitrary<Attack> = fc.oneof(
  pick(hostileKeys).map(
    (key): Attack =>
      (store) =>
        store.put(key() as string, "x"),
  ),
  pick(hostileKeys).map(
    (key): Attack =>
      (store) =>
        store.putSync(key() as string, "x"),
  ),
  pick(hostileKeys).map(
    (key): Attack =>
      (store) =>
        store.getSync(key() as string),
  ),
  pick(hostileKeys).map(
    (key): Attack =>
      (store) =>
        store.delete(key() as string),
  ),
  pick(hostileKeys).map(
    (key): Attack =>
      (store) =>
        store.getMany(["a", key() as string]),
  ),
  pick(hostileKeys).map(
    (key): Attack =>
      (store) =>
        store.versions(key() as string),
  ),
  pick(hostileKeys).map(
    (key): Attack =>
      (store) =>
        store.compareAndSet(key() as string, undefined, "x"),
  ),
  pick(hostileValues).map(
    (value): Attack =>
      (store) =>
        store.put("a", value() as string),
  ),
  pick(hostileValues).map(
    (value): Attack =>
      (store) =>
        store.compareAndSet("new", undefined, value() as string),
  ),
  pick(hostileOptions).map(
    (options): Attack =>
      (store) =>
        store.put("a", "x", options() as object),
  ),
  pick(hostileValues).map(
    (value): Attack =>
      (store) =>
        store.batch([
          { type: "put", key: "a", value: "x" },
          { type: "put", key: "b", value: value() as string },
        ]),
  ),
  pick(hostileKeys).map(
    (key): Attack =>
      (store) =>
        store.batchSync([
          { type: "put", key: "a", value: "x" },
          { type: "delete", key: key() as string },
        ]),
  ),
  fc.constantFrom<unknown>(null, 7, "ab", {}, [null], [undefined], [{}], [{ type: "merge" }], [{ type: "put" }]).map(
    (operations): Attack =>
      (store) =>
        store.batch(operations as []),
  ),
  pick(hostileRanges).map(
    (range): Attack =>
      (store) => [...store.entries(range() as object)],
  ),
  pick(hostileRanges).map(
    (range): Attack =>
      (store) =>
        store.count(range() as object),
  ),
  pick(hostileRanges).map(
    (range): Attack =>
      (store) =>
        store.deleteRange(range() as object),
  ),
  pick(hostileValues).map(
    (value): Attack =>
      (store) =>
        store.transaction((tx) => {
          tx.put("a", "x");
          tx.put("b", value() as string);
        }),
  ),
  pick(hostileKeys).map(
    (key): Attack =>
      (store) =>
        store.transaction((tx) => {
          tx.put("a", "x");
          tx.delete(key() as string);
        }),
  ),
);

function isDocumented(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof Thrown;
}

const stores: readonly (readonly [string, () => Promise<Store>])[] = [
  ["MemoryStore", async () => new MemoryStore()],
  ["SledStore", () => open({ path: "store", fileSystem: new MemoryFileSystem(), loggingLevel: 3 })],
];

for (const [name, make] of stores) {
  describe(`${name}: hostile input`, () => {
    test("is refused with a documented error, and nothing is written", async () => {
      await using store = await make();
      await store.put("a", "1");
      await store.put("b", "2");
      const version = store.version;
      await fc.assert(
        fc.asyncProperty(attacks, async (attack) => {
          await assert.rejects(
            async () => await attack(store),
            (error) => {
              assert.ok(isDocumented(error), `${String(error)} is no documented error`);
              return true;
            },
          );
          assert.equal(store.version, version);
        }),
        { numRuns: RUNS, seed: 1 },
      );
      assert.deepEqual(
        [...store.entries()].map(([key, value]) => [key, String.fromCharCode(...value)]),
        [
          ["a", "1"],
          ["b", "2"],
        ],
      );
    });

    test("invalid versions are refused", async () => {
      await using store = await make();
      await store.put("a", "1");
      for (const make of hostileVersions) {
        const version = make() as number;
        const shown = `the version ${String(version)}`;
        await assert.rejects(
          async () => {
            for await (const _ of store.watch({}, { since: version })) break;
          },
          isDocumented,
          shown,
        );
        const set = await store.compareAndSet("a", version, "x").catch((error: unknown) => {
          assert.ok(isDocumented(error), String(error));
          return false;
        });
        assert.equal(set, false, shown);
      }
      assert.equal(String.fromCharCode(...(store.getSync("a") ?? [])), "1");
    });

    test("an argument that is changed, cut or transferred after the call is written as it was", async () => {
      await using store = await make();
      const buffer = new ArrayBuffer(16, { maxByteLength: 64 });
      const bytes = new Uint8Array(buffer).fill(7);
      const key = new Uint8Array([107]);
      const put = store.put(key, bytes);
      key[0] = 0;
      bytes.fill(9);
      buffer.resize(2);
      const given = new Uint8Array(5000).fill(5);
      const putGiven = store.put("given", given);
      structuredClone(given.buffer, { transfer: [given.buffer] });
      await Promise.all([put, putGiven]);
      assert.deepEqual(store.getSync("k"), new Uint8Array(16).fill(7));
      assert.deepEqual(store.getSync("given"), new Uint8Array(5000).fill(5));
    });

    test("shared and resizable memory is written as it is at the time of the call", async () => {
      await using store = await make();
      const shared = new Uint8Array(new SharedArrayBuffer(6000)).fill(3);
      await store.put("shared", shared);
      shared.fill(4);
      const resizable = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }));
      await store.put(resizable.fill(1), resizable);
      assert.deepEqual(store.getSync("shared"), new Uint8Array(6000).fill(3));
      assert.deepEqual(store.getSync(new Uint8Array(8).fill(1)), new Uint8Array(8).fill(1));
    });

    test("an array that lies about its length is written with its real bytes", async () => {
      await using store = await make();
      await store.put("before", new Uint8Array(200).fill(0x55));
      await store.put("liar", new Liar([1, 2, 3]));
      const own = Object.defineProperty(new Uint8Array([1, 2, 3]), "length", { value: 100 });
      await store.put("own", own);
      await store.put(new Liar([1, 2, 3]), "key");
      assert.deepEqual(store.getSync("liar"), new Uint8Array([1, 2, 3]));
      assert.deepEqual(store.getSync("own"), new Uint8Array([1, 2, 3]));
      assert.deepEqual(store.getSync(new Uint8Array([1, 2, 3])), new Uint8Array([107, 101, 121]));
    });

    test("a codec that throws or returns nonsense writes nothing", async () => {
      await using store = await make();
      const version = store.version;
      for (const encode of [throws, () => 5, () => undefined, detached, () => "\ud800"]) {
        const view = store.view({ prefix: "v/", codec: { encode: encode as () => string, decode: (bytes) => bytes } });
        await assert.rejects(
          view.batch([
            { type: "put", key: "a", value: new Uint8Array(1) },
            { type: "put", key: "b", value: new Uint8Array(1) },
          ]),
          isDocumented,
        );
        assert.throws(() => view.putSync("a", new Uint8Array(1)), isDocumented);
      }
      assert.equal(store.version, version);
      await store.put("v/a", "x");
      const broken = store.view({ prefix: "v/", codec: { encode: () => "", decode: throws } });
      assert.throws(() => broken.getSync("a"), Thrown);
      assert.throws(() => [...broken.entries()], Thrown);
      assert.equal(store.getSync("v/a")?.length, 1);
    });
  });
}

describe("SledStore: hostile configs", () => {
  const configs: readonly unknown[] = [
    null,
    5,
    [],
    {},
    { path: 5 },
    { path: "" },
    { path: "a\0b" },
    { path: "store", cacheSize: Number.NaN },
    { path: "store", writeBufferSize: -1 },
    { path: "store", numVersionsToKeep: 1.5 },
    { path: "store", numVersionsToKeep: Number.POSITIVE_INFINITY },
    { path: "store", syncWrites: 1 },
    { path: "store", logger: {} },
    { path: "store", fileSystem: { open: 1 } },
    { path: "store", wasm: "x" },
    { path: "store", unknown: true },
    new Proxy({ path: "store" }, { ownKeys: throws }),
    {
      get path() {
        return throws();
      },
    },
  ];

  test("are refused before anything is created", async () => {
    const fileSystem = new MemoryFileSystem();
    for (const config of configs) {
      const given = typeof config === "object" && config && "path" in config && !("fileSystem" in config);
      const whole =
        given && !Object.getOwnPropertyDescriptor(config, "path")?.get ? withFiles(config, fileSystem) : config;
      await assert.rejects(open(whole as string), isDocumented);
    }
    assert.deepEqual(fileSystem.list(""), []);
  });

  test("an invalid module is refused with a code", async () => {
    for (const wasm of [new Uint8Array(0), new Uint8Array(100), new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])]) {
      const opening = open({ path: "store", fileSystem: new MemoryFileSystem(), wasm });
      await assert.rejects(opening, (error) => error instanceof StoreError && /^ENGINE_/.test(error.code));
    }
  });
});

/** A proxy must stay a proxy. */
function withFiles(config: object, fileSystem: MemoryFileSystem): object {
  return Object.assign(config, { fileSystem });
}
