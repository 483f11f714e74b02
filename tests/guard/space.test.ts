/**
 * How much disk space overwritten and deleted values take without `compact()`, how much of it an open reads after a
 * kill, and in how many pages versions arrive.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FileSystem, MemoryFileSystem, open, type SledStore } from "../../mod.ts";
import { ObservedFileSystem } from "../support/observed_file_system.ts";
import { CountedEngine } from "./counted_engine.ts";
import { within } from "./within.ts";

const MiB = 2 ** 20;
const OPTIONS = { path: "/store", writeBufferSize: 256 * 1024, syncWrites: false } as const;

function filesOf(fileSystem: FileSystem, directory = "/store"): [string, number][] {
  return fileSystem.list(directory).flatMap(({ name, kind }): [string, number][] => {
    const path = `${directory}/${name}`;
    return kind === "directory" ? filesOf(fileSystem, path) : [[path, fileSystem.stat(path)?.size ?? 0]];
  });
}

function sizeOf(fileSystem: FileSystem): number {
  return filesOf(fileSystem).reduce((sum, [, size]) => sum + size, 0);
}

/** The files as a killed process would leave them. */
function copyOf(from: FileSystem): FileSystem {
  const to = new MemoryFileSystem();
  for (const directory of ["", "/log", "/upper", "/bottom", "/index"]) to.makeDirectory(`/store${directory}`);
  for (const [path, size] of filesOf(from).filter(([path]) => !path.includes("LOCK"))) {
    const bytes = new Uint8Array(size);
    const source = from.open(path, {});
    source.read(bytes, 0);
    source.close();
    const target = to.open(path, { write: true, create: true });
    target.write(bytes, 0);
    target.close();
  }
  return to;
}

async function readByOpen(fileSystem: FileSystem): Promise<number> {
  let bytes = 0;
  const counted = new ObservedFileSystem(fileSystem, {
    after: (call) => {
      if (call.name === "read") bytes += call.bytes ?? 0;
    },
  });
  const store = await open({ ...OPTIONS, fileSystem: counted });
  const read = bytes;
  await store.close();
  return read;
}

async function withDisk(run: (store: SledStore, fileSystem: FileSystem) => Promise<void>): Promise<void> {
  const fileSystem = new MemoryFileSystem();
  await using store = await open({ ...OPTIONS, fileSystem });
  await run(store, fileSystem);
}

describe("bytes of files, without compact()", () => {
  for (const size of [5000, MiB]) {
    test(`of one key that is overwritten repeatedly with ${size} bytes`, () =>
      withDisk(async (store, fileSystem) => {
        let most = 0;
        const value = new Uint8Array(size);
        for (let i = 0; i < (200 * MiB) / size; i++) {
          await store.put("key", value);
          if (i % 16 === 0) most = Math.max(most, sizeOf(fileSystem));
        }
        within("overwrittenBytes", most - 3 * size);
        within("replayedBytes", await readByOpen(copyOf(fileSystem)));
      }));
  }

  test("of large values that are deleted, or overwritten with small ones", () =>
    withDisk(async (store, fileSystem) => {
      for (const remove of [(key: string) => store.delete(key), (key: string) => store.put(key, "small")]) {
        for (let i = 0; i < 150; i++) await store.put(`key ${i}`, new Uint8Array(MiB));
        for (let i = 0; i < 150; i++) await remove(`key ${i}`);
        while (store.metrics().logLiveBytes > 48 * MiB) await new Promise((resolve) => setTimeout(resolve, 1));
        within("overwrittenBytes", sizeOf(fileSystem));
      }
    }));
});

test("versions lists the kept versions and those that snapshots see, in pages", () =>
  withDisk(async (store) => {
    using engine = new CountedEngine();
    await using other = await open({ path: "/store", fileSystem: new MemoryFileSystem(), numVersionsToKeep: 30 });
    await other.put("key", "seen");
    const snapshot = other.snapshot();
    for (let i = 0; i < 200; i++) await other.put("key", new Uint8Array(40_000).fill(i));
    engine.reset();
    const found = await other.versions("key");
    assert.deepEqual(
      found.map(({ value }) => value?.[0]),
      [...Array.from({ length: 30 }, (_, i) => 199 - i), "s".charCodeAt(0)],
    );
    assert.deepEqual(other.versionsSync("key"), found);
    within("versionCalls", (engine.calls.luge_versions ?? 0) / 2);
    assert.ok(Number(engine.parametersOf("luge_versions")[1]) <= 128 * 1024);
    snapshot.dispose();
    assert.equal((await other.versions("key")).length, 30);
    // Large values arrive one by one, and in pieces.
    for (let i = 0; i < 60; i++) await store.put("key", new Uint8Array(3 * MiB));
    assert.equal((await store.versions("key")).length, 1);
  }));
