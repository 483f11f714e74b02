/**
 * Stores with the option `compression`: whatever it was, everything reads back, and only the files differ.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Compression, MemoryFileSystem, NodeFileSystem, open, type SledStore } from "../../mod.ts";
import { storeError } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

const PATH = "/store";
const SMALL = { cacheSize: 2 ** 20, writeBufferSize: 256 * 1024, syncWrites: false };
/** Around each size at which something changes: stored in the log, read in pages, compressed, passed in parts. */
const LENGTHS = [
  0,
  1,
  100,
  4095,
  4096,
  5000,
  65_535,
  65_536,
  65_537,
  300_000,
  2 ** 20 - 1,
  2 ** 20,
  2 ** 20 + 1,
  3_000_000,
];

const textOf = (length: number, seed = 0) =>
  new TextEncoder().encode(`{"name":"${seed}","city":"Zürich"}`.repeat(length / 27 + 1)).slice(0, length);

function noiseOf(length: number, seed: number): Uint8Array {
  let state = seed + 1;
  return new Uint8Array(length).map(() => {
    state = (state * 1_103_515_245 + 12_345) % 0x7fffffff;
    return state >>> 8;
  });
}

/** Every key with its value. */
function valuesOf(): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  for (const length of LENGTHS) {
    values.set(`text/${length}`, textOf(length));
    values.set(`noise/${length}`, noiseOf(length, length));
  }
  for (let i = 0; i < 2000; i++) values.set(`small/${i}`, textOf(100 + (i % 300), i));
  return values;
}

async function fill(store: SledStore, values: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const all = [...values];
  // Some one by one, others together.
  for (const [key, value] of all.slice(0, 40)) await store.put(key, value);
  const rest = all.slice(40).map(([key, value]) => ({ type: "put", key, value }) as const);
  for (let i = 0; i < rest.length; i += 100) await store.batch(rest.slice(i, i + 100));
}

async function assertHas(store: SledStore, values: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const seen = new Map<string, Uint8Array>();
  for await (const [key, value] of store.entries({})) seen.set(key as string, value);
  assert.equal(seen.size, values.size);
  for (const [key, value] of values) {
    assert.deepEqual(seen.get(key), value, `${key} of a range`);
    assert.deepEqual(await store.get(key), value, key);
  }
  assert.deepEqual((await store.verify()).damages, []);
}

function markerOf(fileSystem: MemoryFileSystem, path = PATH): string {
  const file = fileSystem.open(`${path}/LUGE`, {});
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0);
  file.close();
  return new TextDecoder().decode(bytes);
}

function bytesOf(fileSystem: MemoryFileSystem, path: string): number {
  return fileSystem.list(path).reduce((sum, { name }) => sum + (fileSystem.stat(`${path}/${name}`)?.size ?? 0), 0);
}

async function restored(store: SledStore, compression: Compression): Promise<SledStore> {
  const copy = await open({ path: "/copy", fileSystem: new MemoryFileSystem(), compression, ...SMALL });
  await copy.restore(store.backup());
  return copy;
}

describe("the option compression", () => {
  test("changes the files and nothing else, in all orders of settings", async () => {
    const values = valuesOf();
    for (const settings of [
      ["none", "lz4", "none"],
      ["lz4", "none", "lz4"],
    ] as const) {
      const fileSystem = new MemoryFileSystem();
      for (const [i, compression] of settings.entries()) {
        const store = await open({ path: PATH, fileSystem, compression, ...SMALL });
        if (i > 0) await assertHas(store, values);
        for (const key of [...values.keys()].filter((_, at) => at % 3 === i)) {
          const value = key.startsWith("noise") ? noiseOf(values.get(key)?.length ?? 0, i) : values.get(key);
          values.set(key, value ?? new Uint8Array(0));
        }
        await fill(store, values);
        await assertHas(store, values);
        await store.compact();
        await assertHas(store, values);
        for (const setting of ["none", "lz4"] as const) {
          await using copy = await restored(store, setting);
          await assertHas(copy, values);
        }
        await store.close();
        await using reader = await open({ path: PATH, fileSystem, readOnly: true });
        await assertHas(reader, values);
      }
    }
  });

  test("makes text smaller, leaves noise as it is, and metrics say by how much", async () => {
    const sizes: Record<string, number> = {};
    for (const compression of ["none", "lz4"] as const) {
      const fileSystem = new MemoryFileSystem();
      await using store = await open({ path: PATH, fileSystem, compression, ...SMALL });
      for (let i = 0; i < 3000; i++) store.put(`key${i}`, textOf(300, i));
      for (let i = 0; i < 10; i++) await store.put(`large${i}`, textOf(100_000, i));
      await store.compact();
      sizes[compression] = bytesOf(fileSystem, `${PATH}/bottom`);
      const { compressionInputBytes, compressionOutputBytes, logLiveBytes } = store.metrics();
      if (compression === "none") {
        assert.deepEqual([compressionInputBytes, compressionOutputBytes, logLiveBytes], [0, 0, 1_000_000]);
      } else {
        assert.ok(compressionInputBytes > 1_900_000, `${compressionInputBytes}`);
        assert.ok(compressionOutputBytes < compressionInputBytes / 5, `${compressionOutputBytes}`);
        assert.ok(logLiveBytes < 20_000, `${logLiveBytes}`);
      }
      const before = store.metrics();
      for (let i = 0; i < 10; i++) await store.put(`noise${i}`, noiseOf(10_000, i));
      const after = store.metrics();
      const added = after.compressionOutputBytes - before.compressionOutputBytes;
      assert.equal(added, compression === "none" ? 0 : 100_000);
    }
    assert.ok((sizes.lz4 ?? 0) < (sizes.none ?? 0) / 4, JSON.stringify(sizes));
  });

  test("is remembered, and gives the store format 5 once it is lz4", async () => {
    const fileSystem = new MemoryFileSystem();
    const reopen = async (compression?: Compression) => {
      await using store = await open({ path: PATH, fileSystem, ...(compression ? { compression } : {}), ...SMALL });
      await store.put("key", textOf(5000));
      return [
        markerOf(fileSystem)
          .replace(/\ncrc32.*\n$/, "")
          .split("\n")
          .join(),
        store.metrics().compressionInputBytes > 0,
      ];
    };
    assert.deepEqual(await reopen(), [`luge 4,numVersionsToKeep 1`, false]);
    assert.deepEqual(await reopen("none"), [`luge 4,numVersionsToKeep 1`, false]);
    assert.deepEqual(await reopen("lz4"), ["luge 5,numVersionsToKeep 1,compression lz4", true]);
    assert.deepEqual(await reopen(), ["luge 5,numVersionsToKeep 1,compression lz4", true]);
    assert.deepEqual(await reopen("none"), ["luge 5,numVersionsToKeep 1,compression none", false]);
    assert.deepEqual(await reopen(), ["luge 5,numVersionsToKeep 1,compression none", false]);
  });

  test("applies to a store that was filled before, once it is compacted", async () => {
    const fileSystem = new MemoryFileSystem();
    const sizes: number[] = [];
    for (const compression of [undefined, "lz4", undefined, "none"] as const) {
      const setting = compression === undefined ? {} : { compression };
      await using store = await open({ path: PATH, fileSystem, ...setting, ...SMALL });
      if (sizes.length === 0) for (let i = 0; i < 3000; i++) store.put(`key${i}`, textOf(300, i));
      await store.compact();
      sizes.push(bytesOf(fileSystem, `${PATH}/bottom`));
    }
    const [plain = 0, packed = 0, again = 0, back = 0] = sizes;
    assert.ok(packed < plain / 4 && again < packed * 1.1 && back > plain / 2, sizes.join());
  });

  test("goes to forks and copies of the store", () =>
    withDirectory(async (directory) => {
      const root = directory.replaceAll("\\", "/");
      const values = valuesOf();
      const fileSystem = new NodeFileSystem();
      await using store = await open({ path: `${root}/store`, compression: "lz4", ...SMALL });
      await fill(store, values);
      await store.fork(`${root}/fork`);
      await store.backupTo(`${root}/copy`);
      for (const name of ["fork", "copy"]) {
        const file = fileSystem.open(`${root}/${name}/LUGE`, {});
        const bytes = new Uint8Array(file.size());
        file.read(bytes, 0);
        file.close();
        assert.match(new TextDecoder().decode(bytes), /^luge 5\nnumVersionsToKeep 1\ncompression lz4\n/);
        await using other = await open(`${root}/${name}`);
        await assertHas(other, values);
        await other.put("more", textOf(5000));
        assert.ok(other.metrics().compressionInputBytes > 0);
      }
      await assertHas(store, values);
    }));

  test("keeps versions, and watches get large values", async () => {
    const fileSystem = new MemoryFileSystem();
    const config = { path: PATH, fileSystem, compression: "lz4", numVersionsToKeep: 10, ...SMALL } as const;
    await using store = await open(config);
    const lengths = [10, 5000, 70_000, 300_000, 2 ** 20];
    // The first watch reads what is in memory; a later one, what was compacted.
    const watched = async (since: number) => {
      const seen: (number | undefined)[] = [];
      for await (const change of store.watch({}, { since })) {
        seen.push(change.type === "put" ? change.value?.length : undefined);
        if (seen.length === lengths.length) break;
      }
      return seen;
    };
    const { version } = store;
    for (const length of lengths) await store.put("key", textOf(length));
    const listed = async () => (await store.versions("key")).map(({ value }) => value?.length);
    assert.deepEqual(await listed(), lengths.toReversed());
    assert.deepEqual(await watched(version), lengths);
    await store.compact();
    assert.deepEqual(await listed(), lengths.toReversed());
    assert.deepEqual(await watched(version), lengths);
    assert.deepEqual(store.getSync("key"), textOf(2 ** 20));
  });

  test("is refused by a store of a later format, with the formats that are read", async () => {
    const fileSystem = new MemoryFileSystem();
    await (await open({ path: PATH, fileSystem, compression: "lz4" })).close();
    const file = fileSystem.open(`${PATH}/LUGE`, { write: true });
    file.write(new TextEncoder().encode("luge 6"), 0);
    file.close();
    await assert.rejects(
      open({ path: PATH, fileSystem }),
      storeError("FORMAT_UNSUPPORTED", "has format 6, this release reads the formats 4 and 5"),
    );
    const again = fileSystem.open(`${PATH}/LUGE`, { write: true });
    again.write(new TextEncoder().encode("luge 4"), 0);
    again.close();
    await assert.rejects(open({ path: PATH, fileSystem }), storeError("STORE_CORRUPT"));
  });
});
