/** The files of a store get new inodes, or nobody takes over. */

import assert from "node:assert/strict";
import fs, { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import { NodeFileSystem, open } from "../../mod.ts";
import { renewFiles, whyNotRenewed } from "../../src/shared/renewal.ts";
import { storeError } from "../support/expect.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

/** The files below a directory, but for locks and sockets, by their inodes and contents. */
function filesBelow(directory: string): Map<string, { readonly inode: number; readonly content: string }> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith("LOCK"));
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = `${parentPath}/${name}`;
      return [path.slice(directory.length + 1), { inode: statSync(path).ino, content: readFileSync(path, "latin1") }];
    }),
  );
}

/** A store with some segments of the log and of blocks. */
async function withStore(use: (path: string) => Promise<void>): Promise<void> {
  await withDirectory(async (path) => {
    for (let life = 0; life < 4; life++) {
      await using store = await open({ path });
      for (let i = 0; i < 100; i++) await store.put(`${life}.${i}`, new Uint8Array(10_000).fill(i));
    }
    await use(path);
    await using store = await open(path);
    assert.equal(await store.count(), 400);
    assert.deepEqual((await store.verify()).damages, []);
  });
}

test("the index and the end of the log get new inodes, and all files keep their content", () =>
  withStore(async (path) => {
    assert.equal(whyNotRenewed(path), undefined);
    const before = filesBelow(path);
    const lock = await new NodeFileSystem().lock(path);
    for (const draft of ["LUGE.tmp", "RESTORE.tmp", "index/conf.tmp", "index/snap.00.generating"]) {
      writeFileSync(`${path}/${draft}`, "draft");
    }
    await renewFiles(path, lock, "nonce");
    lock.release();
    const after = filesBelow(path);
    assert.deepEqual([...after.keys()].toSorted(), [...before.keys()].toSorted(), "no draft is left");
    const segments = [...before.keys()].filter((name) => name.startsWith("log/")).toSorted();
    assert.ok(segments.length > 2, `${segments}`);
    for (const [name, { inode, content }] of before) {
      assert.equal(after.get(name)?.content, content, name);
      const isNew = name.startsWith("index/") || segments.slice(-2).includes(name);
      assert.equal(after.get(name)?.inode !== inode, isNew, name);
    }
  }));

test("a log of any format gets new inodes", () =>
  withStore(async (path) => {
    const newest = `${path}/log/${readdirSync(`${path}/log`).toSorted().at(-1)}`;
    const bytes = readFileSync(newest);
    // The last one is that of the store.
    for (const format of [2, 3, 200, bytes[7] ?? 0]) {
      bytes[7] = format;
      writeFileSync(newest, bytes);
      assert.equal(whyNotRenewed(path), undefined, `format ${format}`);
    }
  }));

test("nothing is renamed once the lock is lost", () =>
  withStore(async (path) => {
    const before = filesBelow(path);
    let held = 3;
    const lock = { held: () => held-- > 0, release: () => {} };
    await assert.rejects(renewFiles(path, lock, "nonce"), storeError("LOCK_LOST"));
    assert.deepEqual(filesBelow(path), before);
  }));

test("nobody takes over where a segment was only just begun, or no store is", () =>
  withStore(async (path) => {
    const [newest = ""] = readdirSync(`${path}/log`).toSorted().reverse();
    const next = `${path}/log/${String(Number.parseInt(newest, 10) + 1).padStart(10, "0")}.luge`;
    writeFileSync(next, "");
    assert.match(whyNotRenewed(path) ?? "", /it was stopped while it began .*\.luge/);
    fs.rmSync(next);
    assert.equal(whyNotRenewed(path), undefined);
    assert.match(whyNotRenewed(`${path}/log`) ?? "", /it has no store yet/);
  }));

nodeTest("nobody takes over without space for the copies", () =>
  withStore(async (path) => {
    const { statfsSync } = fs;
    try {
      fs.statfsSync = ((...args: Parameters<typeof statfsSync>) => ({
        ...statfsSync(...args),
        bsize: 4096,
        bavail: 100,
      })) as typeof statfsSync;
      syncBuiltinESMExports();
      assert.match(whyNotRenewed(path) ?? "", /must be copied, which takes \d+ bytes, and 409600 are free/);
    } finally {
      fs.statfsSync = statfsSync;
      syncBuiltinESMExports();
    }
  }),
);
