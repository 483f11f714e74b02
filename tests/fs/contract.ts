import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import type { FileSystem, OpenFile } from "../../src/api/file_system.ts";
import { StoreError } from "../../src/errors.ts";

/** A file system to test, and an empty directory in it. */
export interface Subject {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  cleanUp(): void;
}

const CREATE = { write: true, create: true } as const;

/** The tests that every implementation of the contract must pass. */
export function contractSuite(name: string, create: () => Subject): void {
  describe(name, () => {
    let subject: Subject;
    let counter = 0;
    before(() => {
      subject = create();
    });
    after(() => subject.cleanUp());

    /** A new directory for each test. */
    function setUp(): { fs: FileSystem; root: string } {
      const root = `${subject.directory}/${counter++}`;
      subject.fileSystem.makeDirectory(root);
      return { fs: subject.fileSystem, root };
    }

    openTests(setUp);
    fileTests(setUp);
    nameTests(setUp);
    lockTests(setUp);
  });
}

type SetUp = () => { fs: FileSystem; root: string };

function openTests(setUp: SetUp): void {
  test("open: missing names and missing parents are ENOENT, a file as a parent is ENOTDIR", () => {
    const { fs, root } = setUp();
    writeFile(fs, `${root}/file`, [1]);
    assertCode("ENOENT", () => fs.open(`${root}/none`, {}));
    assertCode("ENOENT", () => fs.open(`${root}/none`, { write: true }));
    assertCode("ENOENT", () => fs.open(`${root}/none/a`, CREATE));
    assertCode("ENOTDIR", () => fs.open(`${root}/file/a`, CREATE));
    assert.equal(fs.stat(`${root}/none`), undefined);
  });

  test("open: create keeps an existing file, exclusive refuses it, truncate cuts it", () => {
    const { fs, root } = setUp();
    const path = `${root}/file`;
    writeFile(fs, path, [1, 2, 3]);
    fs.open(path, CREATE).close();
    assert.deepEqual(readFile(fs, path), [1, 2, 3]);
    assertCode("EEXIST", () => fs.open(path, { ...CREATE, exclusive: true }));
    assertCode("EEXIST", () => fs.open(root, { ...CREATE, exclusive: true }));
    assert.deepEqual(readFile(fs, path), [1, 2, 3]);
    fs.open(path, { write: true, truncate: true }).close();
    assert.deepEqual(readFile(fs, path), []);
    fs.open(`${root}/new`, { ...CREATE, exclusive: true }).close();
    assert.deepEqual(fs.stat(`${root}/new`), { kind: "file", size: 0 });
  });

  test("open: a directory is EISDIR in every mode", () => {
    const { fs, root } = setUp();
    for (const options of [{}, { write: true }, CREATE]) assertCode("EISDIR", () => fs.open(root, options));
  });

  test("open: to create or to cut without write is EINVAL, and does neither", () => {
    const { fs, root } = setUp();
    writeFile(fs, `${root}/file`, [1]);
    assertCode("EINVAL", () => fs.open(`${root}/new`, { create: true }));
    assertCode("EINVAL", () => fs.open(`${root}/file`, { truncate: true }));
    assert.equal(fs.stat(`${root}/new`), undefined);
    assert.deepEqual(readFile(fs, `${root}/file`), [1]);
  });

  test("open: without write, writing is EBADF and truncating EINVAL", () => {
    const { fs, root } = setUp();
    writeFile(fs, `${root}/file`, [1]);
    const file = fs.open(`${root}/file`, {});
    assertCode("EBADF", () => file.write(bytes(2), 0));
    assertCode("EINVAL", () => file.truncate(0));
    file.close();
    assert.deepEqual(readFile(fs, `${root}/file`), [1]);
  });
}

function fileTests(setUp: SetUp): void {
  test("read: at, across and past the end", () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/file`, CREATE);
    const buffer = new Uint8Array(4);
    assert.equal(file.read(buffer, 0), 0);
    assert.equal(file.write(bytes(1, 2, 3), 0), 3);
    assert.equal(file.read(buffer, 1), 2);
    assert.deepEqual([...buffer], [2, 3, 0, 0]);
    assert.equal(file.read(buffer, 3), 0);
    assert.equal(file.read(buffer, 1e9), 0);
    assert.equal(file.read(new Uint8Array(0), 0), 0);
    assert.deepEqual([...buffer], [2, 3, 0, 0]);
    file.close();
  });

  test("write: overwrites in place, extends with zeros, and an empty write changes nothing", () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/file`, CREATE);
    file.write(bytes(1, 2, 3), 0);
    file.write(bytes(9), 1);
    file.write(bytes(7), 5);
    assert.equal(file.size(), 6);
    assert.equal(file.write(new Uint8Array(0), 100), 0);
    assert.equal(file.size(), 6);
    assert.deepEqual(contents(file), [1, 9, 3, 0, 0, 7]);
    file.close();
  });

  test("write: far after the end, the gap reads as zeros", () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/file`, CREATE);
    const position = 3_000_001;
    file.write(bytes(5), position);
    assert.equal(file.size(), position + 1);
    const tail = new Uint8Array(3).fill(9);
    assert.equal(file.read(tail, position - 1), 2);
    assert.deepEqual([...tail], [0, 5, 9]);
    file.close();
  });

  test("read and write copy bytes between the file and views of WebAssembly memory", () => {
    const { fs, root } = setUp();
    const memory = new WebAssembly.Memory({ initial: 1 });
    const file = fs.open(`${root}/file`, CREATE);
    const view = new Uint8Array(memory.buffer, 1000, 4);
    view.set([1, 2, 3, 4]);
    assert.equal(file.write(view, 0), 4);
    memory.grow(1);
    const grown = new Uint8Array(memory.buffer);
    assert.equal(file.read(grown.subarray(70_000, 70_002), 1), 2);
    assert.deepEqual([...grown.subarray(69_999, 70_003)], [0, 2, 3, 0]);
    file.close();
  });

  test("a file grown by many appends holds them all", () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/file`, CREATE);
    const block = new Uint8Array(777);
    for (let i = 0; i < 500; i++) file.write(block.fill(i % 251), i * block.length);
    assert.equal(file.size(), 500 * block.length);
    for (let i = 0; i < 500; i++) {
      assert.equal(file.read(block, i * block.length), block.length);
      assert.ok(block.every((byte) => byte === i % 251));
    }
    file.close();
  });

  test("truncate: a smaller size discards bytes, a larger size adds zeros", () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/file`, CREATE);
    file.write(bytes(1, 2, 3, 4), 0);
    file.truncate(2);
    assert.equal(file.size(), 2);
    file.truncate(5);
    assert.deepEqual(contents(file), [1, 2, 0, 0, 0]);
    file.write(new Uint8Array(10_000).fill(8), 0);
    file.truncate(1);
    file.write(bytes(9), 9_000);
    const middle = new Uint8Array(8_999);
    assert.equal(file.read(middle, 1), 8_999);
    assert.ok(middle.every((byte) => byte === 0));
    file.truncate(0);
    assert.equal(file.size(), 0);
    file.close();
  });

  test("positions and sizes that are negative or fractional are EINVAL", () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/file`, CREATE);
    file.write(bytes(1), 0);
    for (const offset of [-1, 0.5, Number.NaN, 2 ** 53]) {
      assertCode("EINVAL", () => file.read(new Uint8Array(1), offset));
      assertCode("EINVAL", () => file.write(bytes(2), offset));
      assertCode("EINVAL", () => file.truncate(offset));
    }
    assert.deepEqual(contents(file), [1]);
    file.close();
  });

  test("two handles see each other's writes", () => {
    const { fs, root } = setUp();
    const one = fs.open(`${root}/file`, CREATE);
    const two = fs.open(`${root}/file`, {});
    one.write(bytes(1, 2), 0);
    assert.deepEqual(contents(two), [1, 2]);
    one.truncate(1);
    assert.equal(two.size(), 1);
    one.close();
    two.close();
  });

  test("sync and syncOffThread keep the bytes", async () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/file`, CREATE);
    file.write(bytes(1), 0);
    file.sync();
    file.write(bytes(2), 1);
    const syncs = [file.syncOffThread(), file.syncOffThread()];
    file.write(bytes(3), 2);
    assert.deepEqual(await Promise.all(syncs), [undefined, undefined]);
    fs.syncDirectory(root);
    assert.deepEqual(contents(file), [1, 2, 3]);
    file.close();
  });

  test("close during a sync: the sync succeeds, the file is closed", async () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/file`, CREATE);
    file.write(bytes(1), 0);
    const sync = file.syncOffThread();
    file.close();
    assertCode("EBADF", () => file.size());
    assert.equal(await sync, undefined);
    assertCode("EBADF", () => file.size());
  });

  test("syncOffThread: also of a file that was moved, replaced or removed", async () => {
    const { fs, root } = setUp();
    for (const change of ["move", "replace", "remove"]) {
      const path = `${root}/${change}`;
      const file = fs.open(path, CREATE);
      if (change === "remove") fs.remove(path);
      else fs.rename(path, `${path}d`);
      if (change === "replace") writeFile(fs, path, [9]);
      for (let i = 0; i < 3; i++) {
        file.write(bytes(i), i);
        await file.syncOffThread();
      }
      assert.deepEqual(contents(file), [0, 1, 2]);
      file.close();
    }
    assert.deepEqual(readFile(fs, `${root}/replace`), [9]);
  });

  test("after close every call is EBADF, and another close does nothing", async () => {
    const { fs, root } = setUp();
    const file = fs.open(`${root}/file`, CREATE);
    file.close();
    const other = fs.open(`${root}/other`, CREATE);
    file.close();
    assertCode("EBADF", () => file.read(new Uint8Array(1), 0));
    assertCode("EBADF", () => file.write(bytes(1), 0));
    assertCode("EBADF", () => file.size());
    assertCode("EBADF", () => file.truncate(0));
    assertCode("EBADF", () => file.sync());
    await assert.rejects(file.syncOffThread(), { code: "EBADF" });
    assert.equal(other.size(), 0);
    other.close();
  });
}

function nameTests(setUp: SetUp): void {
  test("stat tells files, directories and missing names apart", () => {
    const { fs, root } = setUp();
    writeFile(fs, `${root}/file`, [1, 2]);
    assert.deepEqual(fs.stat(`${root}/file`), { kind: "file", size: 2 });
    assert.deepEqual(fs.stat(root), { kind: "directory", size: 0 });
    assert.equal(fs.stat(`${root}/none`), undefined);
    assert.equal(fs.stat(`${root}/none/none`), undefined);
    assert.equal(fs.stat(`${root}/file/none`), undefined);
  });

  test("list names each entry once, with its kind", () => {
    const { fs, root } = setUp();
    assert.deepEqual(fs.list(root), []);
    writeFile(fs, `${root}/a`, [1]);
    fs.makeDirectory(`${root}/b`);
    writeFile(fs, `${root}/b/c`, [1]);
    const entries = fs.list(root).sort((x, y) => (x.name < y.name ? -1 : 1));
    assert.deepEqual(entries, [
      { name: "a", kind: "file" },
      { name: "b", kind: "directory" },
    ]);
    assertCode("ENOENT", () => fs.list(`${root}/none`));
    assertCode("ENOTDIR", () => fs.list(`${root}/a`));
  });

  test("makeDirectory: a taken name is EEXIST, a missing parent ENOENT, a file as a parent ENOTDIR", () => {
    const { fs, root } = setUp();
    fs.makeDirectory(`${root}/d`);
    writeFile(fs, `${root}/f`, []);
    assertCode("EEXIST", () => fs.makeDirectory(`${root}/d`));
    assertCode("EEXIST", () => fs.makeDirectory(`${root}/f`));
    assertCode("ENOENT", () => fs.makeDirectory(`${root}/none/d`));
    assertCode("ENOTDIR", () => fs.makeDirectory(`${root}/f/d`));
  });

  test("rename replaces a file, whose open handles keep the old bytes", () => {
    const { fs, root } = setUp();
    writeFile(fs, `${root}/a`, [1]);
    writeFile(fs, `${root}/b`, [2, 2]);
    const old = fs.open(`${root}/b`, {});
    const moved = fs.open(`${root}/a`, CREATE);
    fs.rename(`${root}/a`, `${root}/b`);
    assert.equal(fs.stat(`${root}/a`), undefined);
    assert.deepEqual(readFile(fs, `${root}/b`), [1]);
    assert.deepEqual(contents(old), [2, 2]);
    moved.write(bytes(3), 1);
    assert.deepEqual(readFile(fs, `${root}/b`), [1, 3]);
    fs.rename(`${root}/b`, `${root}/b`);
    assert.deepEqual(readFile(fs, `${root}/b`), [1, 3]);
    old.close();
    moved.close();
  });

  test("rename moves directories with their content", () => {
    const { fs, root } = setUp();
    fs.makeDirectory(`${root}/a`);
    writeFile(fs, `${root}/a/f`, [1]);
    fs.makeDirectory(`${root}/empty`);
    fs.rename(`${root}/a`, `${root}/empty`);
    assert.deepEqual(readFile(fs, `${root}/empty/f`), [1]);
    fs.makeDirectory(`${root}/other`);
    fs.rename(`${root}/empty/f`, `${root}/other/g`);
    assert.deepEqual(readFile(fs, `${root}/other/g`), [1]);
    assert.deepEqual(fs.list(`${root}/empty`), []);
  });

  test("rename: each reason for a refusal", () => {
    const { fs, root } = setUp();
    writeFile(fs, `${root}/f`, [1]);
    fs.makeDirectory(`${root}/d`);
    fs.makeDirectory(`${root}/full`);
    writeFile(fs, `${root}/full/f`, [2]);
    assertCode("ENOENT", () => fs.rename(`${root}/none`, `${root}/x`));
    assertCode("ENOENT", () => fs.rename(`${root}/f`, `${root}/none/x`));
    assertCode("ENOTDIR", () => fs.rename(`${root}/d`, `${root}/f/x`));
    assertCode("EISDIR", () => fs.rename(`${root}/f`, `${root}/d`));
    assertCode("ENOTDIR", () => fs.rename(`${root}/d`, `${root}/f`));
    assertCode("ENOTEMPTY", () => fs.rename(`${root}/d`, `${root}/full`));
    assertCode("EINVAL", () => fs.rename(`${root}/d`, `${root}/d/x`));
    assert.deepEqual(readFile(fs, `${root}/f`), [1]);
    assert.deepEqual(readFile(fs, `${root}/full/f`), [2]);
  });

  test("link: a second name of the same bytes, which goes on without the first", () => {
    const { fs, root } = setUp();
    writeFile(fs, `${root}/a`, [1, 2, 3]);
    fs.makeDirectory(`${root}/d`);
    fs.link?.(`${root}/a`, `${root}/d/b`);
    writeFile(fs, `${root}/a`, [4]);
    assert.deepEqual(readFile(fs, `${root}/d/b`), readFile(fs, `${root}/a`));
    const before = readFile(fs, `${root}/a`);
    fs.remove(`${root}/a`);
    assert.deepEqual([fs.stat(`${root}/a`), readFile(fs, `${root}/d/b`)], [undefined, before]);
    assertCode("ENOENT", () => fs.link?.(`${root}/a`, `${root}/c`));
    assertCode("EEXIST", () => fs.link?.(`${root}/d/b`, `${root}/d`));
    assertCode("EEXIST", () => fs.link?.(`${root}/d/b`, `${root}/d/b`));
    assertCode("ENOENT", () => fs.link?.(`${root}/d/b`, `${root}/none/b`));
    assert.throws(() => fs.link?.(`${root}/d`, `${root}/e`));
  });

  test("remove: the name is removed at once, an open file still works", () => {
    const { fs, root } = setUp();
    const path = `${root}/file`;
    writeFile(fs, path, [1]);
    const file = fs.open(path, { write: true });
    fs.remove(path);
    assert.equal(fs.stat(path), undefined);
    assert.deepEqual(fs.list(root), []);
    file.write(bytes(2), 1);
    file.sync();
    assert.deepEqual(contents(file), [1, 2]);
    writeFile(fs, path, [9]);
    assert.deepEqual(contents(file), [1, 2]);
    file.close();
    assert.deepEqual(readFile(fs, path), [9]);
  });

  test("remove is for files, removeDirectory for empty directories", () => {
    const { fs, root } = setUp();
    fs.makeDirectory(`${root}/empty`);
    fs.makeDirectory(`${root}/full`);
    writeFile(fs, `${root}/full/f`, [1]);
    assertCode("EISDIR", () => fs.remove(`${root}/empty`));
    assertCode("EISDIR", () => fs.remove(`${root}/full`));
    assertCode("ENOENT", () => fs.remove(`${root}/none`));
    assertCode("ENOTDIR", () => fs.remove(`${root}/full/f/x`));
    assertCode("ENOTEMPTY", () => fs.removeDirectory(`${root}/full`));
    assertCode("ENOTDIR", () => fs.removeDirectory(`${root}/full/f`));
    assertCode("ENOENT", () => fs.removeDirectory(`${root}/none`));
    fs.removeDirectory(`${root}/empty`);
    assert.equal(fs.stat(`${root}/empty`), undefined);
    assert.deepEqual(readFile(fs, `${root}/full/f`), [1]);
  });

  test("syncDirectory: a missing directory is ENOENT", () => {
    const { fs, root } = setUp();
    fs.syncDirectory(root);
    assertCode("ENOENT", () => fs.syncDirectory(`${root}/none`));
  });

  test("syncDirectoryOffThread, if it exists: as syncDirectory", async () => {
    const { fs, root } = setUp();
    if (!fs.syncDirectoryOffThread) return;
    writeFile(fs, `${root}/file`, [1]);
    await Promise.all([fs.syncDirectoryOffThread(root), fs.syncDirectoryOffThread(root)]);
    await assert.rejects(fs.syncDirectoryOffThread(`${root}/none`), { code: "ENOENT" });
  });
}

function lockTests(setUp: SetUp): void {
  test("lock: one owner at a time, also under another spelling", async () => {
    const { fs, root } = setUp();
    const lock = await fs.lock(root);
    assert.equal(lock.held(), true);
    await assertLocked(fs.lock(root));
    await assertLocked(fs.lock(`${root}/.`));
    lock.release();
    lock.release();
    assert.equal(lock.held(), false);
    const next = await fs.lock(root);
    lock.release();
    await assertLocked(fs.lock(root));
    assert.equal(next.held(), true);
    next.release();
  });

  test("lock: of two attempts at once exactly one wins", async () => {
    const { fs, root } = setUp();
    const results = await Promise.allSettled([fs.lock(root), fs.lock(root), fs.lock(root)]);
    const won = results.filter((result) => result.status === "fulfilled");
    assert.equal(won.length, 1);
    won[0]?.value.release();
  });

  test("lock: two directories do not exclude each other", async () => {
    const { fs, root } = setUp();
    fs.makeDirectory(`${root}/a`);
    const outer = await fs.lock(root);
    const inner = await fs.lock(`${root}/a`);
    assert.ok(outer.held() && inner.held());
    outer.release();
    inner.release();
  });

  test("lock: a missing directory is ENOENT, a file ENOTDIR", async () => {
    const { fs, root } = setUp();
    writeFile(fs, `${root}/f`, [1]);
    await assert.rejects(fs.lock(`${root}/none`), { code: "ENOENT" });
    await assert.rejects(fs.lock(`${root}/f`), { code: "ENOTDIR" });
  });
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function contents(file: OpenFile): number[] {
  const buffer = new Uint8Array(file.size());
  assert.equal(file.read(buffer, 0), buffer.length);
  return [...buffer];
}

function writeFile(fs: FileSystem, path: string, values: number[]): void {
  const file = fs.open(path, { ...CREATE, truncate: true });
  file.write(Uint8Array.from(values), 0);
  file.close();
}

function readFile(fs: FileSystem, path: string): number[] {
  const file = fs.open(path, {});
  try {
    return contents(file);
  } finally {
    file.close();
  }
}

function assertCode(code: string, call: () => unknown): void {
  assert.throws(call, (error) => error instanceof Error && "code" in error && error.code === code);
}

async function assertLocked(lock: Promise<unknown>): Promise<void> {
  await assert.rejects(lock, (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, "STORE_LOCKED");
    assert.match(error.message, new RegExp(`\\b${process.pid}\\b`));
    return true;
  });
}
