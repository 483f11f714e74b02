/**
 * A directory that is moved, replaced or removed while its store is open. The store fails, and touches no other store.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { MemoryFileSystem, open, type SledStore } from "../../mod.ts";
import { storeError, text } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const SMALL = { writeBufferSize: 256 * 1024, cacheSize: 1024 * 1024, logger: SILENT };
const LOST = storeError("LOCK_LOST", /moved, replaced or removed/);

/** Names and bytes of everything below a directory. */
function contentOf(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  );
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path, statSync(path).isFile() ? readFileSync(path, "latin1") : ""]));
}

/** Copies like `cp -a`. The store must have no socket, or must be closed. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true, filter: (path) => !path.endsWith("luge.sock") });
}

/** Every change is refused, the first one with the reason. */
async function assertLost(store: SledStore): Promise<void> {
  await assert.rejects(store.put("late", "A"), LOST);
  await assert.rejects(store.put("later", "A"), storeError("STORE_FAILED", /moved, replaced or removed/));
  assert.throws(() => store.deleteSync("owner"), storeError("STORE_FAILED"));
  await store.close();
}

/** The path at which the store is opened, a change of that path, and the place of the directory afterwards. */
interface Kind {
  readonly name: string;
  readonly path: string;
  readonly before?: (root: string) => void;
  readonly lead: (root: string) => void;
  /** `undefined` if it was removed. */
  readonly left: string | undefined;
}

const KINDS: readonly Kind[] = [
  { name: "mv", path: "data", lead: (root) => renameSync(`${root}/data`, `${root}/old`), left: "old" },
  {
    name: "a parent moved",
    path: "a/b/data",
    lead: (root) => renameSync(`${root}/a`, `${root}/old`),
    left: "old/b/data",
  },
  {
    name: "a switched symlink",
    path: "link",
    before: (root) => linkTo(root, "one", "link"),
    lead: (root) => linkTo(root, "two", "link"),
    left: "one",
  },
  {
    name: "a switched symlink above it",
    path: "link/data",
    before: (root) => linkTo(root, "one", "link"),
    lead: (root) => linkTo(root, "two", "link"),
    left: "one/data",
  },
  {
    name: "the directory moved, and a symlink to it in its place switched",
    path: "link",
    before: (root) => linkTo(root, "one", "link"),
    lead: (root) => {
      renameSync(`${root}/one`, `${root}/old`);
      mkdirSync(`${root}/one`);
    },
    left: "old",
  },
  { name: "rm -rf", path: "data", lead: (root) => rmSync(`${root}/data`, { recursive: true }), left: undefined },
];

function linkTo(root: string, target: string, link: string): void {
  mkdirSync(`${root}/${target}`, { recursive: true });
  if (existsSync(`${root}/${link}`)) unlinkSync(`${root}/${link}`);
  symlinkSync(`${root}/${target}`, `${root}/${link}`);
}

describe("a directory that is moved or replaced while its store is open", () => {
  for (const { name, path, before, lead, left } of KINDS) {
    for (const isReplaced of [false, true]) {
      test(`${name}${isReplaced ? ", and another store in its place" : ""}`, () =>
        withDirectory(async (root) => {
          before?.(root);
          const place = `${root}/${path}`;
          const a = await open({ path: place, ...SMALL });
          await a.put("owner", "A");
          lead(root);
          const b = isReplaced ? await open({ path: place, ...SMALL }) : undefined;
          await b?.put("owner", "B");
          const untouched = isReplaced ? contentOf(place) : undefined;
          await assertLost(a);
          if (!b) assert.ok(!existsSync(place) || readdirSync(place).length === 0);
          if (untouched) assert.deepEqual(contentOf(place), untouched);
          await b?.put("second", "B");
          await b?.close();
          for (const [directory, owner] of [
            [left && `${root}/${left}`, "A"],
            [b && place, "B"],
          ]) {
            if (directory === undefined) continue;
            await using again = await open({ path: directory, ...SMALL });
            assert.equal(text(await again.get("owner")), owner);
            assert.deepEqual((await again.verify()).damages, []);
          }
        }));
    }
  }

  test("a close without a write leaves another store alone", () =>
    withDirectory(async (root) => {
      const path = `${root}/data`;
      const a = await open({ path, ...SMALL });
      for (let i = 0; i < 50; i++) a.put(`key${i}`, new Uint8Array(3000));
      await a.flush();
      renameSync(path, `${root}/old`);
      const b = await open({ path, ...SMALL });
      await b.put("owner", "B");
      const untouched = contentOf(path);
      await a.close().catch(LOST);
      assert.deepEqual(contentOf(path), untouched);
      await b.close();
      await using old = await open({ path: `${root}/old`, ...SMALL });
      assert.equal((await old.scan("")).size, 50);
    }));

  test("background work removes no segment of another store", () =>
    withDirectory(async (root) => {
      const path = `${root}/data`;
      const a = await open({ path, ...SMALL, syncWrites: false });
      const fill = (store: SledStore, by: number) => {
        for (let i = 0; i < 4000; i++) store.put(`key${i}`, new Uint8Array(300).fill(by)).catch(() => {});
      };
      fill(a, 1);
      await a.flush();
      renameSync(path, `${root}/old`);
      const b = await open({ path, ...SMALL });
      fill(b, 2);
      await b.flush();
      // A put that was still waiting may have failed first.
      await assert.rejects(a.compact(), /moved, replaced or removed/);
      await a.close();
      await b.compact();
      await b.close();
      for (const [directory, by] of [
        [path, 2],
        [`${root}/old`, 1],
      ] as const) {
        await using again = await open({ path: directory, ...SMALL });
        assert.deepEqual((await again.verify()).damages, []);
        assert.equal((await again.get("key3999"))?.[0], by);
      }
    }));

  test("reads of files that are not open yet do not read another store", () =>
    withDirectory(async (root) => {
      const path = `${root}/data`;
      for (const by of [1, 2]) {
        await using store = await open({ path, ...SMALL });
        for (let i = 0; i < 200; i++) store.put(`key${i}`, new Uint8Array(9000).fill(by));
        if (by === 1) copyWithout(path, `${root}/copy`);
      }
      const a = await open({ path, ...SMALL });
      renameSync(path, `${root}/old`);
      renameSync(`${root}/copy`, path);
      try {
        for (let i = 0; i < 200; i++) assert.equal((await a.get(`key${i}`))?.[0] ?? 2, 2);
      } catch (error) {
        LOST(error);
      }
      await a.close().catch(() => {});
    }));

  test("a restore, whose spool is beside the data, is refused", () =>
    withDirectory(async (root) => {
      const path = `${root}/data`;
      await using b = await open({ path: `${root}/other`, ...SMALL });
      await b.put("owner", "B");
      const backup = new Uint8Array(await new Response(b.backup()).arrayBuffer());
      const a = await open({ path, ...SMALL });
      renameSync(path, `${root}/old`);
      await assert.rejects(a.restore(new Response(backup).body as ReadableStream<Uint8Array>), LOST);
      await a.close();
      assert.equal(existsSync(path), false);
    }));

  test("a store that is opened for reading only reads nothing of another one", () =>
    withDirectory(async (root) => {
      const path = `${root}/data`;
      await using first = await open({ path, ...SMALL });
      for (let i = 0; i < 100; i++) first.put(`key${i}`, new Uint8Array(9000));
      await first.close();
      const reader = await open({ path, readOnly: true, ...SMALL });
      renameSync(path, `${root}/old`);
      await assert.rejects(
        async () => {
          for (let i = 0; i < 100; i++) await reader.get(`key${i}`);
        },
        storeError("LOCK_LOST", /moved/),
      );
      await reader.close();
    }));

  test("in memory", async () => {
    const fileSystem = new MemoryFileSystem();
    const a = await open({ path: "/data", fileSystem, ...SMALL });
    await a.put("owner", "A");
    fileSystem.rename("/data", "/old");
    await using b = await open({ path: "/data", fileSystem, ...SMALL });
    await b.put("owner", "B");
    await assertLost(a);
    await using old = await open({ path: "/old", fileSystem, ...SMALL });
    assert.equal(text(await old.get("owner")), "A");
  });
});

function copyWithout(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !/LOCK\.|luge\.sock/.test(path) });
}

describe("a backup that is restored over the directory of an open store", () => {
  /** Closed: the backup has the lock file of an earlier session. Otherwise it has the lock file of this session. */
  for (const isOfEarlierSession of [true, false]) {
    const of = isOfEarlierSession ? "an earlier session" : "this session";
    test(`of ${of}, in place: the store fails instead of writing into it`, () =>
      withDirectory(async (root) => {
        const path = `${root}/data`;
        let a = await open({ path, ...SMALL });
        await a.put("owner", "backup");
        if (isOfEarlierSession) {
          await a.close();
          copy(path, `${root}/backup`);
          a = await open({ path, ...SMALL });
        } else {
          copy(path, `${root}/backup`);
          await nextBeat(path);
        }
        await a.put("owner", "A");
        execFileSync("cp", ["-a", `${root}/backup/.`, path]);
        await assertLost(a);
        await using again = await open({ path, ...SMALL });
        assert.ok(["backup", "A"].includes(text(await again.get("owner")) ?? ""));
      }));

    test(`of ${of}, after a removal`, () =>
      withDirectory(async (root) => {
        const path = `${root}/data`;
        let a = await open({ path, ...SMALL });
        await a.put("owner", "backup");
        if (isOfEarlierSession) await a.close();
        copy(path, `${root}/backup`);
        if (isOfEarlierSession) a = await open({ path, ...SMALL });
        await a.put("owner", "A");
        rmSync(path, { recursive: true });
        copy(`${root}/backup`, path);
        const untouched = contentOf(path);
        await assertLost(a);
        assert.deepEqual(contentOf(path), untouched);
        await using again = await open({ path, ...SMALL });
        assert.equal(text(await again.get("owner")), "backup");
      }));
  }

  /** The record in the lock file changes with each heartbeat. */
  async function nextBeat(path: string): Promise<void> {
    const lock = `${path}/LOCK.0000000001`;
    const before = readFileSync(lock, "latin1");
    while (readFileSync(lock, "latin1") === before) await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

describe("a mount over the directory of an open store", { skip: !mayMount() }, () => {
  test("that hides it", () =>
    withDirectory(async (root) => {
      const path = `${root}/data`;
      const a = await open({ path, ...SMALL });
      await a.put("owner", "A");
      execFileSync("mount", ["-t", "tmpfs", "none", path]);
      try {
        await assertLost(a);
        assert.deepEqual(readdirSync(path), []);
      } finally {
        execFileSync("umount", [path]);
      }
      await using again = await open({ path, ...SMALL });
      assert.equal(text(await again.get("owner")), "A");
    }));

  test("that is removed", () =>
    withDirectory(async (root) => {
      mkdirSync(`${root}/mounted`);
      execFileSync("mount", ["-t", "tmpfs", "none", `${root}/mounted`]);
      const path = `${root}/mounted/data`;
      let a: SledStore;
      try {
        a = await open({ path, ...SMALL });
        await a.put("owner", "A");
      } finally {
        execFileSync("umount", ["-l", `${root}/mounted`]);
      }
      await assertLost(a);
      assert.deepEqual(readdirSync(`${root}/mounted`), []);
    }));
});

/** Root may mount, unless it is the root of a container. */
function mayMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
