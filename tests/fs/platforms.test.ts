/**
 * What macOS and Windows do in another way: see docs/design/platforms.md. luge's choices are tried here with another
 * name of the platform, and the rules of their file systems with file systems that have them.
 */

import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FileSystem, MemoryFileSystem, open, StoreError } from "../../mod.ts";
import { NodeFileSystem } from "../../src/fs/node.ts";
import { ended, printed, start } from "../support/child.ts";
import { storeError, text } from "../support/expect.ts";
import { diskError, ObservedFileSystem } from "../support/observed_file_system.ts";
import { RUNTIME } from "../support/runtime.ts";
import { withDirectory } from "../support/temporary.ts";
import { WindowsFileSystem } from "../support/windows_file_system.ts";

const PROGRAM = join(import.meta.dirname, "other_platform.ts");
const PLATFORMS = ["darwin", "win32"] as const;

async function run(platform: string, action: string, directory: string): Promise<string> {
  const { code, output } = await ended(start(RUNTIME, PROGRAM, [platform, action, directory]));
  assert.equal(code, 0, output);
  return output;
}

for (const platform of PLATFORMS) {
  test(`a store lives with the choices for ${platform}: one owner, a fork, a second open, destroyed`, () =>
    withDirectory(async (directory) => {
      assert.equal(await run(platform, "live", join(directory, "store")), "done\n");
    }));

  test(`with the choices for ${platform} a living owner is respected, and a killed one is followed`, () =>
    withDirectory(async (directory) => {
      const owner = start(RUNTIME, PROGRAM, [platform, "hold", directory]);
      const end = ended(owner);
      try {
        await printed(owner, "ready");
        const refused = await run(platform, "refused", directory);
        assert.match(refused, new RegExp(`^STORE_LOCKED: .* is locked by process ${owner.pid} \\(${RUNTIME}\\)`));
      } finally {
        owner.kill("SIGKILL");
        await end;
      }
      assert.equal(await run(platform, "take", directory), "done\n");
    }));
}

test("on Windows a store can be destroyed, and its lock file is locked for nobody", () =>
  withDirectory(async (directory) => {
    assert.equal(await run("win32", "destroy", directory), "done\n");
  }));

test("Windows has no sockets in directories: a shared store is refused, and says so", () =>
  withDirectory(async (directory) => {
    const output = await run("win32", "shared", directory);
    assert.match(output, /^PATH_UNAVAILABLE: Cannot share '.*': on Windows no process can listen in a directory/);
  }));

test("macOS has at most 103 bytes for the path of a socket: the store opens, and sharing says why not", () =>
  withDirectory(async (directory) => {
    const deep = join(directory, "long".repeat(30));
    mkdirSync(deep);
    assert.equal(await run("darwin", "live", join(deep, "store")), "done\n");
    const output = await run("darwin", "shared", deep);
    assert.match(
      output,
      /^PATH_UNAVAILABLE: Cannot share '.*': the path of its socket has more than 103 bytes.* darwin/,
    );
  }));

test("a store works with the rules of Windows: one name for all cases, and open files that cannot be replaced", async () => {
  const fileSystem = new WindowsFileSystem();
  const config = { path: "/Data", fileSystem, writeBufferSize: 1024 * 1024, workers: false } as const;
  const value = new Uint8Array(2000).fill(7);
  const store = await open(config);
  for (let round = 0; round < 8; round++) {
    await store.batch(
      Array.from({ length: 300 }, (_, i) => ({ type: "put", key: `key/${i % 200}/${round % 3}`, value })),
    );
    const cursor = store.entries({ prefix: "key/" });
    const first = await cursor[Symbol.asyncIterator]().next();
    assert.equal(first.done, false);
    await store.compact();
  }
  const keys = await store.count({});
  assert.deepEqual((await store.verify()).damages, []);
  await store.fork("/fork");
  await store.close();
  for (const path of ["/dAtA", "/FORK"]) {
    const again = await open({ ...config, path });
    assert.equal(await again.count({}), keys, path);
    assert.deepEqual((await again.verify()).damages, [], path);
    await again.close();
  }
  assert.deepEqual(fileSystem.refused, []);
});

test("no two names in a directory differ only in their case", async () => {
  const names = new Map<string, string>();
  const note = (path: string) => {
    const other = names.get(path.toLowerCase());
    assert.ok(other === undefined || other === path, `${path} and ${other}`);
    names.set(path.toLowerCase(), path);
  };
  const after = ({ name, path }: { name: string; path: string }) => {
    if (name === "open" || name === "rename" || name === "makeDirectory") note(path);
  };
  const fileSystem = new ObservedFileSystem(new MemoryFileSystem(), { after });
  const store = await open({ path: "/data", fileSystem });
  await store.put("key", new Uint8Array(10_000));
  await store.compact();
  await store.fork("/other");
  await store.close();
  assert.ok(names.size > 5);
});

test("a rename that fails, as while a scanner has the file, loses nothing that was acknowledged", async () => {
  let lives = 0;
  let found = 0;
  for (const code of ["EPERM", "EBUSY", "EACCES"]) {
    for (let nth = 0, isDone = false; !isDone; nth++) {
      let renames = 0;
      const before = ({ name }: { name: string }) => {
        if (name === "rename" && renames++ === nth) throw diskError(code);
      };
      const disk = new MemoryFileSystem();
      const acknowledged: string[] = [];
      const errors: unknown[] = [];
      const life = async (fileSystem: FileSystem, key: string) => {
        const store = await open({ path: "/data", fileSystem });
        try {
          for (const each of acknowledged) assert.equal(text(await store.get(each)), each);
          await store.put(key, key);
          acknowledged.push(key);
          await store.compact();
          await store.fork(`/fork-${key}`);
        } finally {
          await store.close();
        }
      };
      const failing = new ObservedFileSystem(disk, { before });
      for (const key of ["a", "b"]) await life(failing, key).catch((error) => errors.push(error));
      for (const error of errors) {
        assert.ok(error instanceof StoreError && /^(?:PATH_UNAVAILABLE|IO_ERROR)$/.test(error.code), String(error));
        assert.match(error.message, new RegExp(code));
      }
      // The scanner has ended.
      await life(disk, "c");
      isDone = renames <= nth;
      assert.equal(errors.length, isDone ? 0 : 1, `rename ${nth} of ${renames}`);
      lives += 1;
      found += errors.length;
    }
  }
  assert.ok(found >= 12, `${found} failures in ${lives} lives`);
});

test("a directory that cannot be synced stops a store everywhere but on Windows, where it must be", () =>
  withDirectory(async (directory) => {
    const fails = {
      before: ({ name }: { name: string }) => {
        if (name === "syncDirectory" || name === "syncDirectoryOffThread") throw diskError("EINVAL");
      },
    };
    const observed = new ObservedFileSystem(new MemoryFileSystem(), fails);
    await assert.rejects(open({ path: "/data", fileSystem: observed }), storeError("PATH_UNAVAILABLE", "EINVAL"));
    const disk = new NodeFileSystem();
    disk.syncDirectory(directory);
    await disk.syncDirectoryOffThread(directory);
    assert.throws(() => disk.syncDirectory(join(directory, "missing")), { code: "ENOENT" });
    assert.ok(statSync(directory).isDirectory());
  }));
