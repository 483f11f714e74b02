/**
 * The engine in trouble: no memory, a trap in the middle of a call, calls within calls, a clock that jumps.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FileSystem, MemoryFileSystem, open, type SledStore, StoreError } from "../../mod.ts";
import { boundedEngine } from "../../scripts/campaigns/stores/bounded_engine.ts";
import { clock } from "../../src/clock.ts";
import { engineThatTrapsIn } from "../support/altered_engine.ts";
import { storeError, text } from "../support/expect.ts";
import { ObservedFileSystem } from "../support/observed_file_system.ts";

const MEBIBYTE = 1 << 20;
const SMALLEST = { path: "store", cacheSize: MEBIBYTE, writeBufferSize: 256 * 1024 };
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function codeOf(error: unknown): string {
  assert.ok(error instanceof StoreError, `expected a StoreError, got ${String(error)}`);
  return error.code;
}

describe("refused memory", () => {
  const limits = [16, 18, 24];

  for (const limit of limits) {
    test(`${limit} MiB: an error says so, and what was acknowledged stays`, async () => {
      const fileSystem = new MemoryFileSystem();
      const wasm = new WebAssembly.Module(boundedEngine(limit * MEBIBYTE));
      const acknowledged = new Map<string, number>();
      const codes = new Set<string>();
      const config = { ...SMALLEST, fileSystem, logger: silent };
      let store: SledStore | undefined;
      try {
        store = await open({ ...config, cacheSize: 8 * MEBIBYTE, writeBufferSize: 4 * MEBIBYTE, wasm });
        for (let i = 0; i < 60; i++) {
          const size = i % 10 === 9 ? Math.ceil(i / 10) * MEBIBYTE : 60_000 * (i % 4);
          try {
            await store.put(`key${i}`, new Uint8Array(size).fill(i));
            acknowledged.set(`key${i}`, size);
          } catch (error) {
            const code = codeOf(error);
            codes.add(code);
            if (code !== "OUT_OF_MEMORY") break;
            // The store still works: existing data can be read.
            assert.equal(store.hasSync(`key${i}`), false);
          }
        }
      } catch (error) {
        codes.add(codeOf(error));
      }
      await store?.close().catch((error: unknown) => codes.add(codeOf(error)));
      const known = new Set(["OUT_OF_MEMORY", "ENGINE_TRAP", "STORE_FAILED"]);
      assert.deepEqual(
        [...codes].filter((code) => !known.has(code)),
        [],
      );
      await using again = await open(config);
      for (const [key, size] of acknowledged) {
        const expected = Buffer.alloc(size, Number(key.slice(3)));
        assert.ok(expected.equals(again.getSync(key) ?? new Uint8Array(1)), `${key} of ${size} bytes`);
      }
      assert.deepEqual((await again.verify()).damages, []);
    });
  }
});

/** The calls of the engine that trap, and the operations that make these calls. */
const TRAPS: readonly (readonly [string, (store: SledStore) => unknown])[] = [
  ["luge_batch", (store) => store.batch([{ type: "put", key: "new", value: "x" }])],
  ["luge_begin_sync", (store) => store.put("new", "x")],
  ["luge_compact_step", (store) => store.compact()],
  ["luge_close_step", (store) => store.close()],
];

describe("a trap in the middle of a call", () => {
  for (const [name, call] of TRAPS) {
    test(`${name}: fails the store, releases the directory and loses nothing`, async () => {
      const fileSystem = new MemoryFileSystem();
      const config = { ...SMALLEST, fileSystem, logger: silent };
      {
        await using before = await open(config);
        await before.put("key", "value");
      }
      const store = await open({ ...config, wasm: engineThatTrapsIn(name) });
      await assert.rejects(async () => await call(store), storeError("ENGINE_TRAP"));
      const after = name === "luge_close_step" ? "STORE_CLOSED" : "STORE_FAILED";
      await assert.rejects(store.get("key"), storeError(after));
      await using again = await open(config);
      assert.equal(text(again.getSync("key")), "value");
    });
  }
});

/** A file system that calls the store once, in the middle of a call of the engine. */
function callingBack(
  name: "write" | "read" | "sync" | "stat",
  call: () => void,
): { fileSystem: FileSystem; arm: () => void } {
  let armed = false;
  const fileSystem = new ObservedFileSystem(new MemoryFileSystem(), {
    before: (reached) => {
      if (!armed || reached.name !== name) return;
      armed = false;
      call();
    },
  });
  return { fileSystem, arm: () => (armed = true) };
}

describe("calls within calls", () => {
  for (const [what, nested] of [
    ["a read", (store: SledStore) => store.getSync("key")],
    ["a write", (store: SledStore) => store.putSync("nested", "x")],
    ["a scan", (store: SledStore) => [...store.entries()]],
    ["a flush", (store: SledStore) => store.flushSync()],
    ["a close", (store: SledStore) => void store.close().catch(() => undefined)],
  ] as const) {
    test(`${what} from within a write of the file system: loses nothing`, async () => {
      const outcomes: unknown[] = [];
      let store: SledStore | undefined;
      const { fileSystem, arm } = callingBack("write", () => {
        try {
          outcomes.push(store && nested(store));
        } catch (error) {
          outcomes.push(error);
        }
      });
      const config = { ...SMALLEST, fileSystem, logger: silent };
      store = await open(config);
      await store.put("key", "value");
      arm();
      const acknowledged = await store.put("outer", "outer").then(
        () => true,
        (error: unknown) => {
          assert.match(codeOf(error), /^(?:IO_ERROR|STORE_FAILED|STORE_CLOSED|ENGINE_TRAP)$/);
          return false;
        },
      );
      assert.equal(outcomes.length, 1);
      if (what !== "a close") {
        const part = "the file system called the store in the middle";
        assert.ok(storeError("ENGINE_TRAP", part)(outcomes[0]));
      }
      await store.close().catch(codeOf);
      await using again = await open(config);
      assert.equal(text(again.getSync("key")), "value");
      if (acknowledged) assert.equal(text(again.getSync("outer")), "outer");
      assert.deepEqual((await again.verify()).damages, []);
    });
  }

  test("a logger that calls its own store gets an error with a code", async () => {
    const outcomes: unknown[] = [];
    let store: SledStore | undefined;
    const { fileSystem, arm } = callingBack("sync", () => {
      throw Object.assign(new Error("EIO: injected"), { code: "EIO" });
    });
    const error = () => {
      for (const call of [() => store?.getSync("key"), () => store?.putSync("key", "x"), () => store?.flushSync()]) {
        try {
          outcomes.push(call());
        } catch (caught) {
          outcomes.push(codeOf(caught));
        }
      }
    };
    store = await open({ ...SMALLEST, fileSystem, logger: { ...silent, error } });
    await store.put("key", "value");
    arm();
    await assert.rejects(async () => store?.putSync("late", "x"), storeError("IO_ERROR"));
    assert.deepEqual(outcomes, ["STORE_FAILED", "STORE_FAILED", "STORE_FAILED"]);
    await using again = await open({ ...SMALLEST, fileSystem, logger: silent });
    assert.equal(text(again.getSync("key")), "value");
  });

  test("a codec may read and write the store it encodes for", async () => {
    await using store = await open({ ...SMALLEST, fileSystem: new MemoryFileSystem() });
    const view = store.view<string>({
      prefix: "v/",
      codec: {
        encode: (value) => {
          store.putSync("encoded", value);
          return `${value}${text(store.getSync("encoded"))}`;
        },
        decode: (bytes) => `${text(bytes)}${[...store.keys()].length}`,
      },
    });
    await view.put("a", "x");
    await view.batch([
      { type: "put", key: "b", value: "y" },
      { type: "put", key: "c", value: "z" },
    ]);
    assert.deepEqual([...view.values()], ["xx4", "yy4", "zz4"]);
  });
});

describe("two openers", () => {
  test("of many opens at once one gets the directory, and the others get an error", async () => {
    const fileSystem = new MemoryFileSystem();
    const config = { ...SMALLEST, fileSystem, logger: silent };
    const openings = await Promise.allSettled(Array.from({ length: 6 }, () => open(config)));
    const stores = openings.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    assert.equal(stores.length, 1);
    for (const each of openings) if (each.status === "rejected") assert.equal(codeOf(each.reason), "STORE_LOCKED");
    await stores[0]?.put("key", "value");
    await stores[0]?.close();
    await using again = await open(config);
    assert.equal(text(again.getSync("key")), "value");
  });
});

describe("a clock that jumps", () => {
  const HOUR_MS = 3_600_000;

  async function withClock(run: (jump: (ms: number) => void) => Promise<void>): Promise<void> {
    const real = clock.now;
    let offset = 0;
    clock.now = () => real() + offset;
    try {
      await run((ms) => {
        offset += ms;
      });
    } finally {
      clock.now = real;
    }
  }

  test("back: versions still grow, nothing expires early or is lost", async () => {
    await withClock(async (jump) => {
      const fileSystem = new MemoryFileSystem();
      const config = { ...SMALLEST, fileSystem, logger: silent };
      let last = 0;
      for (let life = 0; life < 4; life++) {
        await using store = await open(config);
        for (let i = 0; i < 60; i++) {
          await store.put(`key${i}`, new Uint8Array(5000).fill(life), i % 2 === 0 ? { ttl: HOUR_MS } : {});
          assert.ok(store.version > last);
          last = store.version;
          if (i % 20 === 0) jump(-HOUR_MS);
        }
        await store.compact();
        assert.equal(await store.count(), 60);
        assert.deepEqual((await store.verify()).damages, []);
      }
      jump(20 * HOUR_MS);
      await using store = await open(config);
      assert.equal(await store.count(), 30);
      jump(-20 * HOUR_MS);
      for (let i = 1; i < 60; i += 2) assert.equal(store.getSync(`key${i}`)?.[0], 3);
    });
  });
});
