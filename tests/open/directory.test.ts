import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { MemoryFileSystem, NodeFileSystem, open } from "../../mod.ts";
import { launcher, RUNTIMES } from "../../scripts/lib/runtimes.ts";
import { ABI_VERSION } from "../../src/wasm/interface.ts";
import { engineThatReturns } from "../support/altered_engine.ts";
import { storeError, text } from "../support/expect.ts";
import { nodeTest } from "../support/node_only.ts";
import { diskError, type FileSystemCall, ObservedFileSystem } from "../support/observed_file_system.ts";
import { withDirectory } from "../support/temporary.ts";

/** Names and bytes of all files below a directory, without the lock, which every open renews. */
function contentOf(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => !path.includes("/LOCK."));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(path, "latin1")]));
}

async function fill(path: string): Promise<void> {
  await using store = await open(path);
  for (let i = 0; i < 100; i++) store.put(`key${i}`, `value${i}`);
}

/** Checks that opening fails as expected, and leaves every file as it is. */
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
      assert.match(readFileSync(join(path, "LUGE"), "latin1"), /^luge 4\nnumVersionsToKeep 1\ncrc32 [0-9a-f]{8}\n$/);
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

  test("may exist already, empty, or as a crash during creation left it", () =>
    withDirectory(async (directory) => {
      await (await open(directory)).close();
      for (const name of ["LUGE.tmp", "lost+found"]) {
        const path = join(directory, name);
        mkdirSync(path);
        writeFileSync(join(path, name), "");
        await (await open(path)).close();
      }
    }));

  test("may have files of file systems, version control and file managers", () =>
    withDirectory(async (directory) => {
      const names = [
        [".gitkeep", ".keep", ".gitignore", ".dockerignore", ".DS_Store", "._.DS_Store", ".directory"],
        ["Thumbs.db", "desktop.ini", ".nfs000000000123abcd", ".fuse_hidden0000001", ".Trash-1000", "@eaDir"],
      ].flat();
      for (const name of names) writeFileSync(join(directory, name), "mine");
      await fill(directory);
      await using store = await open(directory);
      assert.equal((await store.scan("")).size, 100);
      for (const name of names) assert.equal(readFileSync(join(directory, name), "latin1"), "mine");
    }));

  test("has no file whose name looks like a log to cleaners and version control templates", () =>
    withDirectory(async (directory) => {
      const store = await open({ path: directory, writeBufferSize: 256 * 1024 });
      for (let i = 0; i < 3000; i++) store.put(`key${i}`, new Uint8Array(300));
      await store.flush();
      const names = readdirSync(directory, { recursive: true }).map(String);
      await store.close();
      assert.ok(
        names.some((name) => /log.\d{10}\.luge$/.test(name)),
        names.join(" "),
      );
      assert.deepEqual(
        names.filter((name) => /\.(?:log|tmp|temp|bak|old|swp|cache|pid)$/i.test(name)),
        [],
      );
    }));

  test("may be given as the text of a file: URL", () =>
    withDirectory(async (directory) => {
      const path = join(directory, "a b");
      await using store = await open(pathToFileURL(path).href);
      assert.equal(store.path, path);
      assert.ok(existsSync(join(path, "LUGE")));
    }));

  nodeTest("is refused when it is relative to a directory that was removed", () =>
    withDirectory(async (directory) => {
      const program = `
        import { mkdirSync, rmdirSync } from "node:fs";
        import process from "node:process";
        import { open } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
        mkdirSync("gone");
        process.chdir("gone");
        rmdirSync("../gone");
        for (const path of ["data", "./data", "data/../data"]) {
          console.log(await open(path).then(() => "opened", (error) => error.name + " " + error.code + " " + error.message));
        }`;
      const file = join(directory, "program.ts");
      writeFileSync(file, program);
      for (const runtime of RUNTIMES) {
        const [command, flags] = launcher(runtime);
        const output = execFileSync(command, [...flags, file], { cwd: directory, encoding: "utf8" });
        const lines = output.trim().split("\n");
        assert.equal(lines.length, 3, output);
        for (const line of lines) {
          assert.match(
            line,
            /^StoreError PATH_UNAVAILABLE Cannot open '.*': the current directory was moved or removed/,
            runtime,
          );
        }
      }
    }),
  );

  test("is refused when it is a file, or below one", () =>
    withDirectory(async (directory) => {
      const file = join(directory, "file");
      writeFileSync(file, "mine");
      await assert.rejects(open(file), storeError("PATH_NOT_DIRECTORY", `'${file}': it is a file`));
      await assert.rejects(open(join(file, "below")), storeError("PATH_NOT_DIRECTORY", `'${file}': it is a file`));
      assert.equal(readFileSync(file, "latin1"), "mine");
    }));

  test("is refused when it has other content, which stays as it is", () =>
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
      const good = readFileSync(marker, "latin1");
      for (const [content, code] of [
        ["", "STORE_CORRUPT"],
        ["luge", "STORE_CORRUPT"],
        ["luge 2", "STORE_CORRUPT"],
        ["luge one\n", "STORE_CORRUPT"],
        ["luge 0\n", "STORE_CORRUPT"],
        ["luge 4\n", "STORE_CORRUPT"],
        [good.replace("Keep 1", "Keep 2"), "STORE_CORRUPT"],
        [`${good}\n`, "STORE_CORRUPT"],
        [good.slice(0, -1), "STORE_CORRUPT"],
        ["luge 10\n", "FORMAT_UNSUPPORTED"],
        ["luge 3\n", "FORMAT_UNSUPPORTED"],
        ["luge 5\nwhatever\n", "STORE_CORRUPT"],
        [good.replace("luge 4", "luge 5"), "STORE_CORRUPT"],
        ["luge 6\nwhatever\n", "FORMAT_UNSUPPORTED"],
      ] as const) {
        writeFileSync(marker, content);
        await assertRefused(directory, storeError(code, marker));
      }
      writeFileSync(marker, good);
      await using store = await open(directory);
      assert.equal(text(await store.get("key7")), "value7");
    }));

  test("is refused when conf is truncated, changed or missing", () =>
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

  test("is refused when the log is missing", () =>
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
        storeError("ENGINE_INCOMPATIBLE", `The engine has ABI version 99, expected ${ABI_VERSION}`),
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
