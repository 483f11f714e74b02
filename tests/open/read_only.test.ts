/**
 * Stores that are open for reading only: they see everything and write nothing.
 */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MemoryFileSystem, open } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { CopiedBytes, LowerFiles } from "../../src/fs/copied_bytes.ts";
import { MemoryBytes } from "../../src/fs/memory_bytes.ts";
import { storeError, text } from "../support/expect.ts";
import { type FileSystemCall, ObservedFileSystem } from "../support/observed_file_system.ts";

const READING = new Set(["open", "read", "stat", "list", "close", "observe"]);

/** All files of a directory with their bytes. */
function contentOf(directory: string): [string, string][] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.sort().map((path) => [path, readFileSync(path).toString("base64")]);
}

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "luge-read-only-"));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A store with entries in the table, large values in the log, and entries that are only in the log. */
async function fill(path: string, after: (path: string) => void = () => {}): Promise<void> {
  await using store = await open({ path, writeBufferSize: 256 * 1024 });
  for (let i = 0; i < 3000; i++) store.put(`key${i}`, new Uint8Array(i % 500 === 0 ? 20_000 : 200).fill(i));
  await store.flush();
  await store.put("newest", "only in the log");
  after(path);
}

describe("a store that is opened for reading only", () => {
  test("has everything, including entries that are only in the log, and changes no file", () =>
    withDirectory(async (directory) => {
      const copy = join(directory, "copy");
      // A copy of an open store is like the state after a crash, except for the lock.
      await fill(join(directory, "store"), (path) =>
        cpSync(path, copy, { recursive: true, filter: (name) => !/LOCK\.\d+$|\.sock$/.test(name) }),
      );
      const before = contentOf(copy);
      const store = await open({ path: copy, readOnly: true });
      assert.equal(text(await store.get("newest")), "only in the log");
      assert.equal((await store.get("key500"))?.length, 20_000);
      assert.equal((await store.scan("")).size, 3001);
      assert.deepEqual((await store.verify()).damages, []);
      await store.flush();
      await store.close();
      assert.deepEqual(contentOf(copy), before);
    }));

  test("makes only reads of its file system", async () => {
    const disk = new MemoryFileSystem();
    const calls: FileSystemCall[] = [];
    const fileSystem = new ObservedFileSystem(disk, { before: (call) => calls.push(call) });
    await (await open({ path: "/store", fileSystem: disk })).close();
    calls.length = 0;
    await using store = await open({ path: "/store", fileSystem, readOnly: true });
    assert.equal(await store.get("none"), undefined);
    assert.ok(calls.length > 0);
    assert.deepEqual(
      calls.filter(({ name }) => !READING.has(name)),
      [],
    );
  });

  test("ends a watch after the past changes, because no others can follow", async () => {
    const fileSystem = new MemoryFileSystem();
    const config = { path: "/store", fileSystem, numVersionsToKeep: 10 };
    const writer = await open(config);
    for (const value of ["1", "2"]) await writer.put("key", value);
    await writer.close();
    await using store = await open({ ...config, readOnly: true });
    const seen: unknown[] = [];
    for await (const { value } of store.watch({}, { since: 0 })) seen.push(text(value));
    for await (const change of store.watch({ prefix: "other" }, { since: 0 })) seen.push(change);
    for await (const change of store.watch()) seen.push(change);
    assert.deepEqual(seen, ["1", "2"]);
  });

  test("refuses writes, and still works", async () => {
    const fileSystem = new MemoryFileSystem();
    const writer = await open({ path: "/store", fileSystem });
    await writer.put("key", "value");
    await writer.close();
    await using store = await open({ path: "/store", fileSystem, readOnly: true });
    const refused = storeError("STORE_READ_ONLY", "reading only");
    await assert.rejects(store.put("key", "other"), refused);
    assert.throws(() => store.deleteSync("key"), refused);
    await assert.rejects(store.compact(), refused);
    assert.equal(text(await store.get("key")), "value");
  });

  test("must exist already", () =>
    withDirectory(async (directory) => {
      const missing = join(directory, "none");
      const options = { readOnly: true };
      await assert.rejects(open({ path: missing, ...options }), storeError("NOT_A_STORE", "it is missing"));
      await assert.rejects(open({ path: directory, ...options }), storeError("NOT_A_STORE", "no luge store"));
      assert.deepEqual(readdirSync(directory), []);
    }));

  test("is refused while another store writes, and fails when one comes to write", () =>
    withDirectory(async (directory) => {
      const path = join(directory, "store");
      const writer = await open({ path });
      await assert.rejects(open({ path, readOnly: true }), storeError("STORE_LOCKED", path));
      await writer.put("key", new Uint8Array(100_000));
      await writer.close();
      const reader = await open({ path, readOnly: true });
      await using again = await open(path);
      await again.put("key", "changed");
      await assert.rejects(reader.get("key"), storeError("LOCK_LOST", "opened it for writing"));
      await reader.close();
    }));
});

test("bytes that are copied on write behave like bytes in memory", () => {
  const seed = 1;
  const random = new Random(seed);
  for (let round = 0; round < 50; round++) {
    const start = random.bytes(random.below(20_000));
    const lower = new MemoryFileSystem();
    const file = lower.open("/file", { write: true, create: true });
    file.write(start, 0);
    const copied = new CopiedBytes(new LowerFiles(lower, () => {}), "/file", start.length);
    const plain = new MemoryBytes();
    plain.write(start, 0);
    for (let step = 0; step < 60; step++) {
      const position = random.below(30_000);
      if (random.below(3) === 0) {
        copied.resize(position);
        plain.resize(position);
      } else {
        const bytes = random.bytes(random.below(9000));
        copied.write(bytes, position);
        plain.write(bytes, position);
      }
      assert.equal(copied.size, plain.size);
      const [from, length] = [random.below(40_000), random.below(20_000)];
      const [a, b] = [new Uint8Array(length).fill(1), new Uint8Array(length).fill(1)];
      assert.equal(copied.read(a, from), plain.read(b, from), `seed ${seed}`);
      assert.deepEqual(a, b, `seed ${seed}`);
    }
    const below = new Uint8Array(start.length);
    file.read(below, 0);
    assert.deepEqual(below, start);
  }
});
