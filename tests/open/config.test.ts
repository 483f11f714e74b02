import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { defaultConfig, MemoryFileSystem, open, type SledStoreConfig } from "../../mod.ts";
import { resolveConfig } from "../../src/config.ts";
import { defaultCacheBytes } from "../../src/limits.ts";
import { misuse, text } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

const MEBIBYTE = 2 ** 20;

describe("the config", () => {
  test("has the documented defaults", () => {
    const { logger, cacheSize = 0, ...config } = defaultConfig("data");
    assert.ok(cacheSize >= 32 * MEBIBYTE && cacheSize <= 256 * MEBIBYTE, `a cache of ${cacheSize}`);
    assert.deepEqual(config, {
      path: "data",
      syncWrites: true,
      loggingLevel: 3,
      dropVersions: false,
      createIfMissing: true,
      errorIfExists: false,
      waitForLock: 0,
      writeBufferSize: 41_943_040,
      readOnly: false,
      shareBuffers: false,
      shared: false,
      follow: false,
      slowOperation: Number.POSITIVE_INFINITY,
    });
    assert.equal(typeof logger?.error, "function");
  });

  test("has a cache by the memory, within bounds", () => {
    const sizes = [undefined, 128 * MEBIBYTE, 512 * MEBIBYTE, 1000 * MEBIBYTE + 1, 4096 * MEBIBYTE, 2 ** 60];
    assert.deepEqual(
      sizes.map((memory) => defaultCacheBytes(memory) / MEBIBYTE),
      [64, 32, 32, 62.5, 256, 256],
    );
  });

  test("has a worker thread, but not by itself with a write buffer below 12 MiB", async () => {
    const workersOf = async (options: Partial<SledStoreConfig>) =>
      (await resolveConfig({ ...defaultConfig("data"), ...options })).workers;
    assert.equal(await workersOf({}), "auto");
    assert.equal(await workersOf({ writeBufferSize: 12 * MEBIBYTE }), "auto");
    assert.equal(await workersOf({ writeBufferSize: 12 * MEBIBYTE - 1 }), false);
    assert.equal(await workersOf({ writeBufferSize: MEBIBYTE, workers: "auto" }), "auto");
    assert.equal(await workersOf({ workers: false }), false);
    assert.equal(await workersOf({ workers: undefined }), "auto");
  });

  const wrong: [unknown, typeof TypeError | typeof RangeError, string][] = [
    [undefined, TypeError, "Cannot open undefined"],
    [null, TypeError, "Cannot open null"],
    [7, TypeError, "Cannot open the number 7"],
    ["", TypeError, "empty string"],
    [{}, TypeError, "'path': expected"],
    [{ path: 1 }, TypeError, "'path': expected a string or a URL, got the number 1"],
    [{ path: "a\0b" }, TypeError, "NUL"],
    [new URL("https://example.com/"), TypeError, "expected a path or a file: URL, got 'https://example.com/'"],
    [{ path: "x", syncWrite: true }, TypeError, "Unknown option 'syncWrite': did you mean 'syncWrites'?"],
    [{ path: "x", syncWrites: 1 }, TypeError, "'syncWrites': expected a boolean, got the number 1"],
    [{ path: "x", loggingLevel: "3" }, TypeError, "'loggingLevel': expected a number, got a string"],
    [{ path: "x", loggingLevel: 4 }, RangeError, "'loggingLevel': expected an integer from 0 to 3, got 4"],
    [{ path: "x", loggingLevel: Number.NaN }, RangeError, "got NaN"],
    [{ path: "x", numVersionsToKeep: 0 }, RangeError, "from 1 to 1000000, got 0"],
    [{ path: "x", numVersionsToKeep: 1.5 }, RangeError, "got 1.5"],
    [{ path: "x", dropVersions: 1 }, TypeError, "Wrong option 'dropVersions': expected a boolean"],
    [{ path: "x", compression: true }, TypeError, "'compression': expected a string, got the boolean true"],
    [{ path: "x", compression: "zstd" }, RangeError, "'compression': expected 'none' or 'lz4', got 'zstd'"],
    [{ path: "x", compression: "LZ4" }, RangeError, "expected 'none' or 'lz4', got 'LZ4'"],
    [{ path: "x", waitForLock: "1s" }, TypeError, "Wrong option 'waitForLock': expected a number"],
    [{ path: "x", waitForLock: -1 }, RangeError, "of 0 or more, got -1"],
    [{ path: "x", waitForLock: Number.NaN }, RangeError, "got NaN"],
    [{ path: "x", slowOperation: "1s" }, TypeError, "Wrong option 'slowOperation': expected a number"],
    [{ path: "x", slowOperation: -1 }, RangeError, "of 0 or more, got -1"],
    [{ path: "x", signal: {} }, TypeError, "Wrong option 'signal': expected an AbortSignal"],
    ["https://example.com/data", TypeError, "expected a path or a file: URL, got 'https://example.com/data'"],
    ["file://elsewhere/data", TypeError, "expected a path or a file: URL, got 'file://elsewhere/data'"],
    [
      { path: "x", cacheSize: 1024 },
      RangeError,
      "'cacheSize': expected an integer from 1048576 to 1073741824, got 1024",
    ],
    [{ path: "x", cacheSize: 2 ** 31 }, RangeError, "got 2147483648"],
    [{ path: "x", logger: {} }, TypeError, "'logger': expected an object with the methods debug, info, warn, error"],
    [{ path: "x", logger: null }, TypeError, "'logger'"],
    [{ path: "x", fileSystem: {} }, TypeError, "'fileSystem': expected an object with the methods open, stat"],
    [{ path: "x", wasm: "engine.wasm" }, TypeError, "'wasm': expected a URL, a Uint8Array or a WebAssembly.Module"],
  ];
  for (const [config, type, message] of wrong) {
    test(`is refused: ${message}`, () => assert.rejects(open(config as SledStoreConfig), misuse(type, message)));
  }

  test("treats undefined as the default", async () => {
    const fileSystem = new MemoryFileSystem();
    const config = { path: "/store", fileSystem, syncWrites: undefined, cacheSize: undefined };
    await using store = await open(config as unknown as SledStoreConfig);
    assert.equal(store.path, "/store");
  });

  test("resolves a relative path before the current directory changes", () =>
    withDirectory(async (directory) => {
      const before = process.cwd();
      process.chdir(directory);
      try {
        await using store = await open("relative");
        process.chdir(before);
        await store.put("large", new Uint8Array(1_000_000));
        assert.equal(store.path, `${realpathSync(directory)}/relative`);
      } finally {
        process.chdir(before);
      }
      await using again = await open(join(directory, "relative"));
      assert.equal((await again.get("large"))?.length, 1_000_000);
    }));

  test("treats a path, a path with a slash at its end, and a URL with escapes as one directory", () =>
    withDirectory(async (directory) => {
      const path = `${directory}/a store`;
      const url = pathToFileURL(path);
      for (const [i, given] of [path, `${path}/`, url, { path }, { path: url }].entries()) {
        await using store = await open(given);
        await store.put(`${i}`, `${i}`);
        assert.equal((await store.scan("")).size, i + 1);
      }
    }));
});

describe("the logger", () => {
  for (const level of [0, 1, 2, 3] as const) {
    test(`gets no line below level ${level}`, async () => {
      const lines: string[] = [];
      const names = ["debug", "info", "warn", "error"] as const;
      const logger = Object.fromEntries(names.map((name) => [name, () => lines.push(name)])) as unknown as Console;
      const fileSystem = new MemoryFileSystem();
      const config = { path: "/store", fileSystem, logger, loggingLevel: level };
      await (await open(config)).close();
      const expected = ["debug", "info", "info"].filter((name) => names.indexOf(name as "info") >= level);
      assert.deepEqual(lines, expected);
    });
  }

  test("is told of opening and closing, with the path", async () => {
    const lines: string[] = [];
    const log = (message: string) => lines.push(message);
    const logger = { debug: log, info: log, warn: log, error: log };
    const store = await open({ path: "/store", fileSystem: new MemoryFileSystem(), logger, loggingLevel: 1 });
    await store.put("key", "value");
    assert.equal(text(store.getSync("key")), "value");
    await store.close();
    assert.match(lines.join("\n"), /^opened '\/store' in \d+\.\d ms\nclosed '\/store'$/);
  });
});
