import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MemoryFileSystem, NodeFileSystem, open } from "../../mod.ts";
import { engineThatReturns } from "../support/altered_engine.ts";
import { storeError, text } from "../support/expect.ts";
import { diskError, type FileSystemCall, ObservedFileSystem } from "../support/observed_file_system.ts";
import { withDirectory } from "../support/temporary.ts";

/** Names and bytes of all files below a directory, but for the lock, which every attempt to open renews. */
function contentOf(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => !path.includes("/LOCK."));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(path, "latin1")]));
}

async function fill(path: string): Promise<void> {
  await using store = await open(path);
  for (let i = 0; i < 100; i++) store.put(`key${i}`, `value${i}`);
}

/** Opening must fail as expected, and leave every file as it is. */
async function assertRefused(path: string, expected: (error: unknown) => true): Promise<void> {
  const before = contentOf(path);
  await assert.rejects(open(path), expected);
  assert.deepEqual(contentOf(path), before);
}

describe("the directory of a store", () => {
  test("is created with all its parents", () =>
    withDirectory(async (directory) => {
      const path = join(directory, "a", "b", "c");
      await fill(path);
      assert.equal(readFileSync(join(path, "LUGE"), "latin1"), "luge 3\n");
      await using store = await open(path);
      assert.equal((await store.scan("")).size, 100);
    }));

  test("is created without access to its parent, with a warning", async () => {
    const disk = new MemoryFileSystem();
    disk.makeDirectory("/parent");
    const before = ({ path }: FileSystemCall) => {
      if (path === "/parent") throw diskError("EACCES");
    };
    const fileSystem = new ObservedFileSystem(disk, { before });
    const lines: string[] = [];
    const logger = { ...console, warn: (line: string) => lines.push(line) };
    await using store = await open({ path: "/parent/store", fileSystem, logger, loggingLevel: 2 });
    await store.put("key", "value");
    assert.match(lines.join("\n"), /^a power cut may take the new directory '\/parent\/store'/);
  });

  test("is not created when its name cannot be synced for another reason", async () => {
    const before = ({ name }: FileSystemCall) => {
      if (name === "syncDirectory") throw diskError("EIO");
    };
    const fileSystem = new ObservedFileSystem(new MemoryFileSystem(), { before });
    await assert.rejects(open({ path: "/store", fileSystem }), storeError("PATH_UNAVAILABLE", "EIO"));
  });

  test("may be there already, empty, or as a crash during creation left it", () =>
    withDirectory(async (directory) => {
      await (await open(directory)).close();
      for (const name of ["LUGE.tmp", "lost+found"]) {
        const path = join(directory, name);
        mkdirSync(path);
        writeFileSync(join(path, name), "");
        await (await open(path)).close();
      }
    }));

  test("is refused when it is a file, or below one", () =>
    withDirectory(async (directory) => {
      const file = join(directory, "file");
      writeFileSync(file, "mine");
      await assert.rejects(open(file), storeError("PATH_NOT_DIRECTORY", `'${file}': it is a file`));
      await assert.rejects(open(join(file, "below")), storeError("PATH_NOT_DIRECTORY", `'${file}': it is a file`));
      assert.equal(readFileSync(file, "latin1"), "mine");
    }));

  test("is refused when it holds something else, which stays as it is", () =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, "notes.txt"), "mine");
      await assertRefused(directory, storeError("NOT_A_STORE", "it holds 'notes.txt' and no luge store"));
      assert.deepEqual(readdirSync(directory), ["notes.txt"]);
    }));

  test("is refused when it cannot be created", async () => {
    if (!existsSync("/proc/self")) return;
    await assert.rejects(open("/proc/luge/store"), storeError("PATH_UNAVAILABLE", "Cannot open '/proc/luge/store'"));
  });

  for (const code of ["EACCES", "EROFS", "ENOSPC", "EMFILE"]) {
    test(`is refused when it cannot be written to: ${code}`, () =>
      withDirectory(async (directory) => {
        const changes = new Set(["open", "makeDirectory", "rename", "lock"]);
        const before = ({ name }: FileSystemCall) => {
          if (changes.has(name)) throw diskError(code);
        };
        const fileSystem = new ObservedFileSystem(new NodeFileSystem(), { before });
        for (const path of [directory, join(directory, "new")]) {
          await assert.rejects(open({ path, fileSystem }), (error) => {
            storeError("PATH_UNAVAILABLE", new RegExp(`'${path}': ${code}`))(error);
            return (error as { cause: { code: string } }).cause.code === code;
          });
        }
        assert.deepEqual(readdirSync(directory), []);
      }));
  }

  test("is refused when its marker is damaged or of another format", () =>
    withDirectory(async (directory) => {
      await fill(directory);
      const marker = join(directory, "LUGE");
      for (const [content, code] of [
        ["", "STORE_CORRUPT"],
        ["luge", "STORE_CORRUPT"],
        ["luge 2", "STORE_CORRUPT"],
        ["luge one\n", "STORE_CORRUPT"],
        ["luge 0\n", "STORE_CORRUPT"],
        ["luge 2\n\n", "STORE_CORRUPT"],
        ["luge 10\n", "FORMAT_UNSUPPORTED"],
        ["luge 1\n", "FORMAT_UNSUPPORTED"],
      ] as const) {
        writeFileSync(marker, content);
        await assertRefused(directory, storeError(code, marker));
      }
      writeFileSync(marker, "luge 3\n");
      await using store = await open(directory);
      assert.equal(text(await store.get("key7")), "value7");
    }));

  test("is refused when conf is truncated, changed or gone", () =>
    withDirectory(async (directory) => {
      await fill(directory);
      const conf = join(directory, "index", "conf");
      const good = readFileSync(conf);
      const refused = storeError("STORE_CORRUPT", "the file 'conf' of the index");
      for (const length of [0, 3, 8, 20, good.length - 1]) {
        writeFileSync(conf, good.subarray(0, length));
        await assertRefused(directory, refused);
      }
      for (const at of [0, 15, good.length - 1]) {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ 1;
        writeFileSync(conf, bad);
        await assertRefused(directory, refused);
      }
      rmSync(conf);
      await assertRefused(directory, refused);
      writeFileSync(conf, good);
      await using store = await open(directory);
      assert.equal((await store.scan("")).size, 100);
    }));

  test("is refused when the log is gone", () =>
    withDirectory(async (directory) => {
      await fill(directory);
      await fill(directory);
      truncateSync(join(directory, "index", "db"), 0);
      await assertRefused(directory, storeError("STORE_CORRUPT", "the file 'db' of the index is missing or empty"));
      rmSync(join(directory, "index", "db"));
      await assertRefused(directory, storeError("STORE_CORRUPT", "the file 'db' of the index is missing or empty"));
    }));

  test("is refused when a snapshot of the index is damaged", () =>
    withDirectory(async (directory) => {
      await fill(directory);
      await fill(directory);
      const index = join(directory, "index");
      const name = readdirSync(index).find((each) => each.startsWith("snap.")) ?? assert.fail("no snapshot");
      writeFileSync(join(index, name), "torn");
      await assertRefused(directory, storeError("STORE_CORRUPT"));
    }));

  test("is opened when a crash left an unfinished snapshot or conf", () =>
    withDirectory(async (directory) => {
      await fill(directory);
      writeFileSync(join(directory, "index", "snap.7FFFFFFFFFFFFFFF.generating"), "torn");
      writeFileSync(join(directory, "index", "conf.tmp"), "torn");
      await using store = await open(directory);
      assert.equal((await store.scan("")).size, 100);
      assert.ok(readdirSync(join(directory, "index")).every((name) => !/generating|tmp/.test(name)));
    }));
});

describe("the engine's artefact", () => {
  const openWith = (wasm: URL | Uint8Array | WebAssembly.Module) =>
    open({ path: "/store", fileSystem: new MemoryFileSystem(), wasm });
  const artefact = new URL("../../engine/luge_engine.wasm", import.meta.url);

  test("may be given as a URL, as bytes or compiled", async () => {
    const bytes = new Uint8Array(readFileSync(artefact));
    for (const wasm of [artefact, bytes, await WebAssembly.compile(bytes)]) {
      await using store = await openWith(wasm);
      await store.put("key", "value");
      assert.equal(text(await store.get("key")), "value");
    }
  });

  test("is refused with another ABI version, before the directory is touched", () =>
    withDirectory(async (directory) => {
      const path = join(directory, "store");
      const wasm = engineThatReturns("luge_abi_version", 99);
      await assert.rejects(
        open({ path, wasm }),
        storeError("ENGINE_INCOMPATIBLE", "The engine has ABI version 99, expected 5"),
      );
      assert.deepEqual(readdirSync(directory), []);
    }));

  test("is refused when it is no engine", async () => {
    const empty = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    await assert.rejects(openWith(empty), storeError("ENGINE_INCOMPATIBLE", "not a luge engine"));
  });

  test("is refused when it is no WebAssembly, or cannot be read", async () => {
    const refused = (part: string) => storeError("ENGINE_UNAVAILABLE", part);
    await assert.rejects(openWith(Uint8Array.from([1, 2, 3])), refused("Cannot load the engine from 3 bytes"));
    await assert.rejects(openWith(new URL("missing.wasm", artefact)), refused("missing.wasm"));
    await assert.rejects(openWith(new URL("http://127.0.0.1:1/engine.wasm")), refused("127.0.0.1:1"));
  });
});
