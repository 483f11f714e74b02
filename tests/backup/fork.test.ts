/**
 * Forks: stores that share the files that never change.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { symlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers";
import {
  type FileSystem,
  MemoryFileSystem,
  MemoryStore,
  NodeFileSystem,
  open,
  type SledStoreConfig,
  StoreError,
} from "../../mod.ts";
import { bytesOf, contentsOf, streamOf, writeAtRandom } from "../../scripts/campaigns/backups/contents.ts";
import { forkTo } from "../../src/fork.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { diskError, ObservedFileSystem } from "../support/observed_file_system.ts";
import { withDirectory } from "../support/temporary.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The file system of two stores. */
interface Place {
  readonly fileSystem: FileSystem;
  readonly root: string;
}

const opened = ({ fileSystem }: Place, path: string, options: Partial<SledStoreConfig> = {}) =>
  open({ path, fileSystem, writeBufferSize: 256 * 1024, logger: SILENT, ...options });

/** Disks with hard links, and one without. */
const PLACES: readonly { name: string; links: boolean; run(use: (place: Place) => Promise<void>): Promise<void> }[] = [
  { name: "memory", links: true, run: (use) => use({ fileSystem: new MemoryFileSystem(), root: "" }) },
  {
    name: "the disk",
    links: true,
    run: (use) => withDirectory((root) => use({ fileSystem: new NodeFileSystem(), root: root.replaceAll("\\", "/") })),
  },
  {
    name: "a disk without links",
    links: false,
    run: (use) => use({ fileSystem: new ObservedFileSystem(new MemoryFileSystem(), {}), root: "" }),
  },
];

/** The names, sizes and digests of all files of a store, except the lock and the reserve. */
function filesOf({ fileSystem }: Place, path: string): string[] {
  return fileSystem.list(path).flatMap(({ name, kind }) => {
    const child = `${path}/${name}`;
    if (kind === "directory") return filesOf({ fileSystem, root: "" }, child);
    if (kind !== "file" || /^(?:LOCK|RESERVE|luge\.)/.test(name)) return [];
    const file = fileSystem.open(child, {});
    const bytes = new Uint8Array(file.size());
    file.read(bytes, 0);
    file.close();
    return [`${child} ${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`];
  });
}

/** Changes files in every way: overwrites, deletions, large values, merges, compaction, and ends of the process in between. */
async function live(place: Place, path: string, seed: number): Promise<void> {
  let left = 40;
  const failing = new ObservedFileSystem(place.fileSystem, {
    before: ({ name }) => {
      if (name === "write" && --left < 0) throw diskError("EIO");
    },
  });
  {
    await using store = await opened(place, path);
    await writeAtRandom(store, seed, 2000, 20_000);
    await store.compact();
    await writeAtRandom(store, seed + 1, 500, 20_000);
  }
  const store = await opened({ ...place, fileSystem: failing }, path);
  await writeAtRandom(store, seed + 2, 2000, 20_000).catch(() => {});
  await store.close().catch(() => {});
  await using again = await opened(place, path);
  await again.deleteRange({ prefix: "key 1" });
  await again.compact();
  assert.deepEqual((await again.verify()).damages, []);
}

for (const { name, links, run } of PLACES) {
  describe(`a fork, on ${name}`, () => {
    test("has every commit, with its history, and what comes later stays in its own store", () =>
      run(async (place) => {
        const { root } = place;
        await using store = await opened(place, `${root}/store`, { numVersionsToKeep: 3 });
        await writeAtRandom(store, 1, 3000, 20_000);
        await store.put("large", new Uint8Array(3_000_000).fill(7));
        await store.put("key", "one");
        await store.put("key", "two");
        const { version, linkedBytes, copiedBytes, copyReason } = await store.fork(`${root}/a/b/fork`);
        assert.equal(version, store.version);
        assert.equal(linkedBytes > 3_000_000, links);
        assert.ok(copiedBytes > 0);
        if (links) assert.equal(copyReason, undefined);
        else assert.match(copyReason ?? "", /has no hard links/);
        await using fork = await opened(place, `${root}/a/b/fork`);
        assert.deepEqual([fork.version, contentsOf(fork)], [version, contentsOf(store)]);
        assert.deepEqual(
          fork.versionsSync("key").map(({ value }) => text(value)),
          ["two", "one"],
        );
        assert.deepEqual((await fork.verify()).damages, []);
        // An increment of the store continues the fork.
        await store.put("key", "three");
        await fork.restore(store.backup({ since: version }));
        assert.deepEqual([fork.version, text(fork.getSync("key"))], [store.version, "three"]);
        await fork.put("key", "of the fork");
        await store.put("key", "of the store");
        await store.delete("large");
        assert.deepEqual([text(fork.getSync("key")), text(store.getSync("key"))], ["of the fork", "of the store"]);
        assert.equal(fork.getSync("large")?.length, 3_000_000);
      }));

    test("never changes a file of the store, nor the store one of the fork, whatever becomes of either", () =>
      run(async (place) => {
        const [path, forked, twice] = ["store", "fork", "fork of the fork"].map((each) => `${place.root}/${each}`) as [
          string,
          string,
          string,
        ];
        let contents: string[];
        {
          await using store = await opened(place, path);
          await writeAtRandom(store, 3, 3000, 20_000);
          contents = contentsOf(store);
          await store.fork(forked);
        }
        const before = filesOf(place, forked);
        await live(place, path, 10);
        assert.deepEqual(filesOf(place, forked), before);
        {
          await using fork = await opened(place, forked);
          assert.deepEqual(contentsOf(fork), contents);
          await fork.fork(twice);
        }
        const [ofStore, ofTwice] = [filesOf(place, path), filesOf(place, twice)];
        await live(place, forked, 20);
        assert.deepEqual([filesOf(place, path), filesOf(place, twice)], [ofStore, ofTwice]);
        for (const each of [path, forked, twice]) {
          await using store = await opened(place, each);
          assert.deepEqual((await store.verify()).damages, []);
        }
        await using last = await opened(place, twice);
        assert.deepEqual(contentsOf(last), contents);
      }));

    test("is of one version, whoever writes and compacts meanwhile", () =>
      run(async (place) => {
        await using store = await opened(place, `${place.root}/store`);
        await writeAtRandom(store, 5, 1500, 20_000);
        let isOver = false;
        const acknowledged = new Map<string, number>();
        const write = async () => {
          for (let i = 0; !isOver; i++) {
            const key = `counted ${i % 50}`;
            await store.put(key, `${i}`);
            acknowledged.set(key, store.getEntrySync(key)?.version ?? 0);
          }
        };
        const writing = [write(), write(), write(), store.compact()];
        const forks: [string, number, Map<string, number>][] = [];
        for (let i = 0; i < 4; i++) {
          for (let turn = 0; turn < 3 * i; turn++) await nextTurn();
          const path = `${place.root}/fork ${i}`;
          const least = new Map(acknowledged);
          const { version } = await store.fork(path);
          assert.ok(version <= store.version);
          forks.push([path, version, least]);
        }
        isOver = true;
        await Promise.all(writing);
        for (const [path, version, least] of forks) {
          await using fork = await opened(place, path);
          assert.equal(fork.version, version);
          const newest = new Map([...fork.keys()].map((key) => [key, fork.getEntrySync(key)?.version ?? 0]));
          assert.ok([...newest.values()].every((each) => each <= version));
          for (const [key, each] of least) assert.ok((newest.get(key) ?? 0) >= each, `${key} at ${each}`);
          assert.deepEqual((await fork.verify()).damages, []);
        }
      }));

    test("needs a directory that is empty or missing, and leaves nothing where it fails", () =>
      run(async (place) => {
        const { fileSystem, root } = place;
        const store = await opened(place, `${root}/store`);
        await store.put("key", "value");
        const names = () =>
          fileSystem
            .list(root || "/")
            .map(({ name: each }) => each)
            .sort();
        fileSystem.makeDirectory(`${root}/empty`);
        fileSystem.makeDirectory(`${root}/full`);
        fileSystem.open(`${root}/full/notes.txt`, { write: true, create: true }).close();
        fileSystem.open(`${root}/file`, { write: true, create: true }).close();
        const before = names();
        await assert.rejects(store.fork(`${root}/store`), storeError("STORE_EXISTS", "it holds a store"));
        await assert.rejects(store.fork(`${root}/full`), storeError("NOT_A_STORE", "it holds 'notes.txt'"));
        await assert.rejects(store.fork(`${root}/file`), storeError("PATH_NOT_DIRECTORY"));
        await assert.rejects(store.fork(`${root}/file/below`), storeError("PATH_NOT_DIRECTORY"));
        await assert.rejects(store.fork(""), misuse(TypeError, "path"));
        await assert.rejects(store.fork(`${root}/new`, { version: 1 } as never), misuse(TypeError, "'version'"));
        const signal = AbortSignal.abort(new Error("enough"));
        await assert.rejects(store.fork(`${root}/new`, { signal }), /enough/);
        assert.deepEqual(names(), before);
        await store.fork(`${root}/empty`);
        await assert.rejects(store.fork(`${root}/empty`), storeError("STORE_EXISTS", "choose an empty directory"));
        assert.deepEqual(names(), before);
        await store.close();
        await assert.rejects(store.fork(`${root}/new`), storeError("STORE_CLOSED"));
      }));

    test("is refused inside the directory of the store, and so is a copy", () =>
      run(async (place) => {
        const { fileSystem, root } = place;
        await using store = await opened(place, `${root}/store`);
        await store.put("key", "value");
        fileSystem.makeDirectory(`${root}/other`);
        const inside = ["store/fork", "store/new/fork", "store/log/fork", "other/../store/fork"];
        if (fileSystem instanceof NodeFileSystem) {
          symlinkSync(`${root}/store`, `${root}/link`, "junction");
          symlinkSync(`${root}/store/log`, `${root}/log`, "junction");
          inside.push("link/fork", "link/new/fork", "log/fork", "log/new/fork");
        }
        // The socket of the owner appears a moment after the open.
        const files = () => fileSystem.list(`${root}/store`).filter(({ kind }) => kind !== "other");
        const before = files();
        for (const target of inside.map((each) => `${root}/${each}`)) {
          const refused = storeError("PATH_UNAVAILABLE", `inside the store '${root}/store'`);
          await assert.rejects(store.fork(target), refused);
          await assert.rejects(store.backupTo(target), refused);
        }
        assert.deepEqual(files(), before);
        // A name that only begins like that of the store is another directory.
        await store.fork(`${root}/store-fork`);
        await store.backupTo(`${root}/store-copy`);
      }));

    test("of a store that is open for reading has what that shows", () =>
      run(async (place) => {
        const { root } = place;
        {
          await using store = await opened(place, `${root}/store`);
          await writeAtRandom(store, 7, 1000, 20_000);
        }
        const before = filesOf(place, `${root}/store`);
        await using reader = await opened(place, `${root}/store`, { readOnly: true });
        const { version } = await reader.fork(`${root}/fork`);
        await using fork = await opened(place, `${root}/fork`);
        assert.deepEqual([fork.version, contentsOf(fork)], [version, contentsOf(reader)]);
        await fork.put("key", "new");
        assert.deepEqual(filesOf(place, `${root}/store`), before);
      }));
  });
}

describe("a fork that meets trouble", () => {
  test("copies what cannot be linked, and says why", async () => {
    for (const code of ["EXDEV", "EPERM", "EMLINK"]) {
      const disk = new MemoryFileSystem();
      const link = disk.link.bind(disk);
      let calls = 0;
      disk.link = (from, to) => {
        calls += 1;
        // Only some files have too many names.
        if (code !== "EMLINK" || calls % 2 === 0) throw diskError(code);
        link(from, to);
      };
      const place = { fileSystem: disk, root: "" };
      await using store = await opened(place, "/store");
      await writeAtRandom(store, 8, 3000, 20_000);
      const { copyReason, linkedBytes } = await store.fork("/fork");
      assert.equal(copyReason, `${code}: injected`);
      assert.equal(calls > 1, code === "EMLINK");
      assert.equal(linkedBytes > 0, code === "EMLINK");
      await using fork = await opened(place, "/fork");
      assert.deepEqual(contentsOf(fork), contentsOf(store));
      assert.deepEqual((await fork.verify()).damages, []);
    }
  });

  test("is as the store was when the store removes the files while they are copied", async () => {
    const place = { fileSystem: new ObservedFileSystem(new MemoryFileSystem(), {}), root: "" };
    await using store = await opened(place, "/store");
    await writeAtRandom(store, 9, 2000, 20_000);
    await store.put("large", new Uint8Array(20_000_000).fill(3));
    const contents = contentsOf(store);
    const forked = store.fork("/fork");
    while (!place.fileSystem.stat("/fork") && !place.fileSystem.list("/").some(({ name }) => isBuilt(place, name))) {
      await nextTurn();
    }
    for (const key of [...store.keys()]) store.delete(key);
    await store.compact();
    await forked;
    await using fork = await opened(place, "/fork");
    assert.deepEqual(contentsOf(fork), contents);
  });

  test("leaves nothing when the disk fails or its signal is aborted, and the store goes on", async () => {
    let left = Number.POSITIVE_INFINITY;
    let stopped: () => void = () => {
      throw diskError("EIO");
    };
    const disk = new MemoryFileSystem();
    const link = disk.link.bind(disk);
    const fileSystem = new ObservedFileSystem(disk, {
      before: ({ name, path }) => {
        // The calls that remove the unfinished fork still work.
        if (!path.startsWith("/fork") || ["stat", "list", "remove", "removeDirectory", "close"].includes(name)) return;
        left -= 1;
        if (left < 0) stopped();
      },
    });
    const place = { fileSystem: Object.assign(fileSystem, { link }), root: "" };
    await using store = await opened(place, "/store");
    await writeAtRandom(store, 4, 500);
    left = 1000;
    await store.fork("/fork 0");
    const total = 1000 - left;
    assert.ok(total > 10, `${total} calls`);
    for (let at = 0; at < total - 1; at++) {
      left = at;
      await assert.rejects(store.fork("/fork 1"), ({ code }: StoreError) =>
        /^(?:IO_ERROR|PATH_UNAVAILABLE)$/.test(code),
      );
      left = Number.POSITIVE_INFINITY;
      assert.deepEqual(names(disk), ["fork 0", "store"], `after ${at} of ${total} calls`);
    }
    const stop = new AbortController();
    stopped = () => stop.abort(new Error("enough"));
    left = 4;
    await assert.rejects(store.fork("/fork 1", { signal: stop.signal }), /enough/);
    left = Number.POSITIVE_INFINITY;
    assert.deepEqual(names(disk), ["fork 0", "store"]);
    await store.put("key", "value");
    await using fork = await opened(place, "/fork 0");
    assert.ok(fork.countSync() > 0);
  });

  test("rejects with a StoreError whichever call finds no free file descriptor", async () => {
    let left = Number.POSITIVE_INFINITY;
    const fileSystem = new ObservedFileSystem(new MemoryFileSystem(), {
      before: () => {
        left -= 1;
        if (left < 0) throw diskError("EMFILE");
      },
    });
    for (let [at, isDone] = [0, false]; !isDone; at++) {
      const path = `/store ${at}`;
      const store = await opened({ fileSystem, root: "" }, path);
      await store.put("key", "value");
      left = at;
      try {
        await store.fork(`/fork ${at}`);
        isDone = true;
      } catch (error) {
        assert.ok(error instanceof StoreError, `after ${at} calls: ${error}`);
        assert.match(error.code, /^(?:IO_ERROR|PATH_UNAVAILABLE)$/);
        assert.equal((error.cause as { code?: string } | undefined)?.code, "EMFILE");
      }
      left = Number.POSITIVE_INFINITY;
      // The error may have failed the store.
      await store.close().catch(() => {});
    }
  });

  test("rejects with a StoreError also for a plain error of the store", async () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.makeDirectory("/store");
    const source = { fileSystem, path: "/store", requireHeld() {}, mayBeUnsynced: false, logger: SILENT };
    const rest = { soon: () => Promise.reject(diskError("EMFILE")), now: () => 1 };
    await assert.rejects(forkTo(source, "/fork", rest, undefined), storeError("IO_ERROR", "EMFILE"));
    assert.deepEqual(names(fileSystem), ["store"]);
  });

  test("is refused while a backup is restored", async () => {
    await using source = new MemoryStore();
    await writeAtRandom(source, 3, 3000, 100_000);
    const backup = await bytesOf(source.backup());
    const place = { fileSystem: new MemoryFileSystem(), root: "" };
    await using store = await opened(place, "/store");
    let isRefused = false;
    const restored = store.restore(streamOf(backup, 1_000_000));
    let isOver = false;
    restored.finally(() => {
      isOver = true;
    });
    for (let i = 0; !isOver; i++) {
      await nextTurn();
      await store.fork(`/fork ${i}`).catch((error: unknown) => {
        storeError("STORE_RESTORING")(error);
        isRefused = true;
      });
    }
    assert.ok(isRefused);
    for (const name of names(place.fileSystem).filter((each) => each.startsWith("fork"))) {
      await using fork = await opened(place, `/${name}`);
      const count = fork.countSync();
      assert.ok(count === 0 || count === source.countSync(), `${count} entries`);
    }
  });
});

function names(disk: FileSystem): string[] {
  return disk
    .list("/")
    .map(({ name }) => name)
    .sort();
}

/** Whether a fork has taken all files. It takes the index last. */
function isBuilt({ fileSystem }: Place, name: string): boolean {
  return name.startsWith("fork.fork-") && fileSystem.stat(`/${name}/index/db`) !== undefined;
}
