/**
 * Crashes during a restore: the next open finds all of the restore or nothing.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, MemoryStore, open, type SledStore } from "../../mod.ts";
import { bytesOf, contentsOf, streamOf, writeAtRandom } from "../../scripts/campaigns/backups/contents.ts";
import { storeError } from "../support/expect.ts";
import { diskError, type FileSystemCall, ObservedFileSystem } from "../support/observed_file_system.ts";

const CHANGES: ReadonlySet<string> = new Set(["write", "truncate", "rename", "remove", "makeDirectory", "sync"]);

const openOn = (fileSystem: MemoryFileSystem | ObservedFileSystem): Promise<SledStore> =>
  open({ path: "/store", fileSystem, writeBufferSize: 256 * 1024, loggingLevel: 3, logger: SILENT });

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A disk that stops at the n-th change of a file or a name after {@linkcode arm}. From then on it does nothing. */
class StoppingDisk {
  readonly fileSystem: ObservedFileSystem;
  changes = 0;
  #left = Number.POSITIVE_INFINITY;

  constructor(disk: MemoryFileSystem) {
    this.fileSystem = new ObservedFileSystem(disk, { before: (call) => this.#count(call) });
  }

  arm(changes: number): void {
    this.changes = 0;
    this.#left = changes;
  }

  #count({ name }: FileSystemCall): void {
    if (!CHANGES.has(name)) return;
    this.changes += 1;
    if (this.changes > this.#left) throw diskError("EIO");
  }
}

interface Chain {
  readonly full: Uint8Array;
  readonly increment: Uint8Array;
  readonly versions: readonly [number, number];
  readonly contents: readonly [string[], string[]];
}

async function chain(): Promise<Chain> {
  await using source = new MemoryStore();
  await writeAtRandom(source, 21, 1500, 30_000);
  const [full, first, before] = [await bytesOf(source.backup()), source.version, contentsOf(source)];
  await writeAtRandom(source, 22, 1500, 30_000);
  await source.put("key large", new Uint8Array(2_000_000).fill(9));
  const increment = await bytesOf(source.backup({ since: first }));
  return { full, increment, versions: [first, source.version], contents: [before, contentsOf(source)] };
}

/** Restores the increment on a disk that stops. Returns how many changes it made. */
async function restoreUntil(disk: MemoryFileSystem, { increment }: Chain, changes: number): Promise<number> {
  const stopping = new StoppingDisk(disk);
  const store = await openOn(stopping.fileSystem);
  stopping.arm(changes);
  const restored = store.restore(streamOf(increment));
  if (changes === Number.POSITIVE_INFINITY) await restored;
  else await assert.rejects(restored, storeError("IO_ERROR"));
  const made = stopping.changes;
  await store.close().catch(() => {});
  return made;
}

/** Opens on a disk that stops, which may interrupt the restore once more. */
async function openUntil(disk: MemoryFileSystem, changes: number): Promise<void> {
  const stopping = new StoppingDisk(disk);
  stopping.arm(changes);
  const store = await openOn(stopping.fileSystem).catch(() => undefined);
  await store?.close().catch(() => {});
}

async function withBase(use: (disk: MemoryFileSystem) => Promise<void>, { full }: Chain): Promise<void> {
  const disk = new MemoryFileSystem();
  {
    await using store = await openOn(disk);
    await store.restore(streamOf(full));
  }
  await use(disk);
}

describe("a restore that is interrupted", () => {
  test("is there as a whole or not at all, wherever the disk stopped, and also when it stops once more", async () => {
    const restored = await chain();
    const { versions, contents, increment } = restored;
    let total = 0;
    await withBase(async (disk) => {
      total = await restoreUntil(disk, restored, Number.POSITIVE_INFINITY);
    }, restored);
    assert.ok(total > 20, `${total} changes`);
    const seen = [0, 0];
    // The restore makes the first changes before it applies the backup.
    for (let at = 0; at < total; at += at < 8 ? 2 : Math.max(1, Math.floor(total / 12))) {
      await withBase(async (disk) => {
        await restoreUntil(disk, restored, at);
        for (const again of [3, 11]) await openUntil(disk, again);
        await using store = await openOn(disk);
        const state = versions.indexOf(store.version);
        assert.ok(state >= 0, `version ${store.version} after ${at} changes`);
        assert.deepEqual(contentsOf(store), contents[state], `after ${at} changes`);
        seen[state] = (seen[state] ?? 0) + 1;
        if (state === 0) await store.restore(streamOf(increment));
        assert.deepEqual(contentsOf(store), contents[1]);
        assert.deepEqual((await store.verify()).damages, []);
        assert.deepEqual(
          disk.list("/store").filter(({ name }) => name.startsWith("RESTORE")),
          [],
        );
        await store.put("later", "");
        assert.ok(store.version > versions[1]);
      }, restored);
    }
    assert.ok(
      seen.every((count) => count > 2),
      `${seen}`,
    );
  });

  test("keeps a store from being opened for reading until it was ended", async () => {
    const restored = await chain();
    await withBase(async (disk) => {
      const stopping = new ObservedFileSystem(disk, {
        before: ({ name, path }) => {
          if (name === "remove" && path.endsWith("/RESTORE")) throw diskError("EIO");
        },
      });
      const store = await openOn(stopping);
      await assert.rejects(store.restore(streamOf(restored.increment)), storeError("IO_ERROR"));
      await assert.rejects(store.get("key 1"), storeError("STORE_FAILED"));
      const forReading = () => open({ path: "/store", fileSystem: disk, readOnly: true });
      await assert.rejects(forReading(), storeError("STORE_RESTORING", "open it for writing once"));
      await (await openOn(disk)).close();
      await using reader = await forReading();
      assert.deepEqual(contentsOf(reader), restored.contents[1]);
    }, restored);
  });

  test("a copy that is interrupted holds no store", async () => {
    const { full, contents } = await chain();
    const disk = new MemoryFileSystem();
    const stopping = new StoppingDisk(disk);
    const openWith = (path: string) => open({ path, fileSystem: stopping.fileSystem, logger: SILENT });
    await using store = await openWith("/store");
    await store.restore(streamOf(full));
    // The first copy makes the store finish its background work after the restore.
    await store.backupTo("/first");
    stopping.arm(Number.POSITIVE_INFINITY);
    await store.backupTo("/whole");
    const total = stopping.changes;
    for (let at = 0; at < total; at += Math.max(1, Math.floor(total / 10))) {
      stopping.arm(at);
      await assert.rejects(store.backupTo(`/copy${at}`));
      stopping.arm(Number.POSITIVE_INFINITY);
      const opened = await openWith(`/copy${at}`).catch(storeError("NOT_A_STORE"));
      // Until the first write the directory is empty.
      if (opened !== true) {
        assert.equal(opened.countSync(), 0);
        assert.ok(at < 8, `after ${at} of ${total} changes`);
        await opened.close();
      }
    }
    await assert.rejects(store.backupTo("/whole"), storeError("STORE_EXISTS", "holds a store"));
    await using whole = await openWith("/whole");
    assert.deepEqual([whole.version, contentsOf(whole)], [store.version, contents[0]]);
  });
});
