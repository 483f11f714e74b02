/**
 * The file system between the engine and the disk: which calls wait for a sync, which do not, and the effect of a
 * failure.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import type { OpenFile } from "../../src/api/file_system.ts";
import { MAX_QUEUED_BYTES, OrderedFileSystem } from "../../src/host/ordered_file_system.ts";
import { HeldSyncs, type HeldSyncsOptions, type Reached, settle } from "../support/held_syncs.ts";
import { diskError } from "../support/observed_file_system.ts";
import { laneOf, OrderedHistory } from "./ordered_history.ts";

const CREATE = { write: true, create: true } as const;
const [LOG, TABLE] = ["/s/log/a", "/s/table/a"];

/** Two directories with a file in each. All of it is durable, and later calls are recorded. */
function setUp(options: HeldSyncsOptions & { maxQueuedBytes?: number } = {}) {
  const lower = new HeldSyncs(options);
  for (const path of ["/s", "/s/log", "/s/table"]) lower.inner.makeDirectory(path);
  const state = { checks: 0, owned: true, failures: [] as unknown[] };
  const check = () => {
    state.checks += 1;
    if (!state.owned) throw diskError("ELOST");
  };
  const failed = (error: unknown) => state.failures.push(error);
  const { maxQueuedBytes } = options;
  const files = new OrderedFileSystem(lower, {
    laneOf,
    check,
    failed,
    ...(maxQueuedBytes === undefined ? {} : { maxQueuedBytes }),
  });
  const [log, table] = files.inline("table", () =>
    files.inline("log", () => [files.open(LOG, CREATE), files.open(TABLE, CREATE)] as const),
  );
  lower.reached.length = 0;
  return { lower, files, log, table, state, reached: () => lower.reached.splice(0).map(textOf) };
}

function textOf({ name, path, to, position, bytes }: Reached): string {
  const range = bytes ? ` ${position}+${bytes.length}` : position === undefined ? "" : ` ${position}`;
  return `${name} ${path.replace("/s/", "")}${to ? ` ${to.replace("/s/", "")}` : ""}${range}`;
}

const bytes = (...values: number[]) => Uint8Array.from(values);

function contents(file: OpenFile): number[] {
  const buffer = new Uint8Array(file.size() + 1).fill(0xee);
  let count = 0;
  for (let more = -1; more !== 0; count += more) more = file.read(buffer.subarray(count), count);
  assert.equal(count, buffer.length - 1);
  return [...buffer.subarray(0, count)];
}

async function end(lower: HeldSyncs): Promise<void> {
  for (let held = lower.held[0]; held; held = lower.held[0]) {
    held.complete();
    await settle();
  }
}

describe("a lane of an ordered file system", () => {
  test("an idle lane passes every call on at once, with its results and errors", () => {
    const errors: string[] = [];
    const before = ({ name }: Reached) => {
      if (errors.length > 0 && name === "write") throw diskError(errors.pop() ?? "");
    };
    const { files, log, table, reached, state } = setUp({ moved: (length) => Math.min(length, 2), before });
    assert.equal(log.write(bytes(1, 2, 3), 0), 2);
    assert.equal(table.write(bytes(1), 4), 1);
    table.truncate(3);
    assert.deepEqual(reached(), ["write log/a 0+2", "write table/a 4+1", "truncate table/a 3"]);
    errors.push("ENOSPC");
    assert.throws(() => log.write(bytes(1), 0), { code: "ENOSPC" });
    assert.throws(() => files.remove("/s/table/none"), { code: "ENOENT" });
    assert.throws(() => files.rename("/s/table/none", TABLE), { code: "ENOENT" });
    assert.throws(() => files.open("/s/table/none", {}), { code: "ENOENT" });
    assert.throws(() => log.write(bytes(1), -1), { code: "EINVAL" });
    assert.equal(files.settled("log"), undefined);
    assert.equal(log.write(bytes(1), 0), 1);
    assert.deepEqual([state.checks, state.failures], [0, []]);
    log.sync();
    table.sync();
    assert.ok(files.settled("log"));
  });

  test("a sync starts off-thread, and later calls wait until it is done", async () => {
    const { lower, log, files, reached } = setUp();
    log.write(bytes(1), 0);
    log.sync();
    assert.equal(log.write(bytes(2, 3), 1), 2);
    log.sync();
    log.write(bytes(4), 3);
    assert.deepEqual(reached(), ["write log/a 0+1", "begin log/a"]);
    assert.equal(files.queuedBytes, 3);
    lower.held[0]?.complete();
    await settle();
    assert.deepEqual(reached(), ["end log/a", "write log/a 1+2", "begin log/a"]);
    lower.held[0]?.complete();
    await settle();
    assert.deepEqual(reached(), ["end log/a", "write log/a 3+1"]);
    assert.equal(files.queuedBytes, 0);
    assert.equal(files.settled("log"), undefined);
  });

  test("a waiting write has copied its bytes", async () => {
    const { lower, log } = setUp();
    log.sync();
    const buffer = bytes(1, 2);
    log.write(buffer, 0);
    buffer.fill(9);
    await end(lower);
    assert.deepEqual(contents(lower.open(LOG, {})), [1, 2]);
  });

  test("a write that waited continues until all its bytes are written", async () => {
    const { lower, log, reached } = setUp({ moved: (length) => Math.min(length, 2) });
    log.sync();
    assert.equal(log.write(bytes(1, 2, 3, 4, 5), 1), 5);
    reached();
    await end(lower);
    assert.deepEqual(reached(), ["end log/a", "write log/a 1+2", "write log/a 3+2", "write log/a 5+1"]);
  });

  test("a write that waited and writes nothing fails with EIO", async () => {
    const { lower, log, state } = setUp({ moved: () => 0 });
    log.sync();
    log.write(bytes(1), 0);
    await end(lower);
    assert.deepEqual(
      state.failures.map((error) => (error as { code: string }).code),
      ["EIO"],
    );
  });

  test("a write that cannot succeed is refused before it waits", () => {
    const { files, log } = setUp();
    const reader = files.open(LOG, {});
    log.sync();
    assert.throws(() => reader.write(bytes(1), 0), { code: "EBADF" });
    assert.throws(() => log.write(bytes(1), -1), { code: "EINVAL" });
    assert.throws(() => log.write(bytes(1), 0.5), { code: "EINVAL" });
    assert.equal(log.write(bytes(), 100), 0);
    assert.equal(log.size(), 0);
  });

  test("a queue of any length runs without growing the stack", async () => {
    const { lower, log, table, files } = setUp({ blockingDirectories: true });
    const count = 30_000;
    log.sync();
    for (let i = 0; i < count; i++) {
      log.write(bytes(i), i);
      table.write(bytes(i), i);
      files.syncDirectory("/s/log/");
    }
    await end(lower);
    assert.deepEqual([lower.stat(LOG)?.size, lower.stat(TABLE)?.size], [count, count]);
    assert.equal(files.queuedBytes, 0);
  });

  test("checks the ownership of the directory before each change that waited, and before no other", async () => {
    const { lower, files, log, table, state } = setUp();
    const other = files.open("/s/table/b", CREATE);
    table.write(bytes(1), 0);
    await end(lower);
    assert.equal(state.checks, 1, "the write waited for the name of the other file");
    log.sync();
    log.write(bytes(2), 1);
    log.sync();
    files.remove("/s/table/b");
    files.rename(LOG, "/s/log/b");
    table.sync();
    other.sync();
    other.close();
    assert.equal(state.checks, 1);
    await end(lower);
    assert.equal(state.checks, 4);
    assert.equal(lower.openFiles, 2);
  });

  test("a change that waited fails once the directory has another owner", async () => {
    const { lower, log, files, reached, state } = setUp();
    log.sync();
    log.write(bytes(2), 1);
    reached();
    state.owned = false;
    await end(lower);
    assert.deepEqual(reached(), ["end log/a"]);
    assert.equal(state.checks, 1);
    await assert.rejects(files.settled("log") ?? Promise.resolve(), { code: "ELOST" });
  });
});

describe("the two lanes of an ordered file system", () => {
  test("the table waits for earlier syncs of the log", async () => {
    const { lower, files, log, table, reached } = setUp();
    log.sync();
    log.write(bytes(1), 0);
    log.sync();
    table.write(bytes(1), 0);
    table.sync();
    log.sync();
    table.write(bytes(2), 1);
    assert.ok(files.settled("table"));
    lower.held[0]?.complete();
    await settle();
    assert.deepEqual(reached(), ["begin log/a", "end log/a", "write log/a 0+1", "begin log/a"]);
    lower.held[0]?.complete();
    await settle();
    assert.deepEqual(reached(), ["end log/a", "begin log/a", "write table/a 0+1", "begin table/a"]);
    lower.held[1]?.complete();
    await settle();
    assert.deepEqual(reached(), ["end table/a"]);
    lower.held[0]?.complete();
    await settle();
    assert.deepEqual(reached(), ["end log/a", "write table/a 1+1"]);
  });

  test("the log never waits for the table", () => {
    const { log, table, reached } = setUp();
    table.sync();
    table.write(bytes(1), 0);
    log.write(bytes(1), 0);
    log.sync();
    assert.deepEqual(reached(), ["begin table/a", "write log/a 0+1", "begin log/a"]);
  });

  test("the removal of a file of the log, and the sync of its directory, wait for the table", async () => {
    const { lower, files, table, reached } = setUp();
    table.sync();
    table.write(bytes(1), 0);
    files.remove(LOG);
    assert.deepEqual(reached(), ["begin table/a"]);
    assert.equal(files.settled("log"), undefined);
    lower.held[0]?.complete();
    await settle();
    assert.deepEqual(reached(), ["end table/a", "write table/a 0+1", "remove log/a", "beginDirectory log"]);
    assert.ok(files.settled("table"));
  });
});

describe("names of an ordered file system", () => {
  test("a created file exists at once, and writes to it wait until its name is durable", async () => {
    const { lower, files, reached } = setUp();
    for (const path of ["/s/log/new", "/s/table/new"]) {
      const file = files.open(path, CREATE);
      file.write(bytes(1), 0);
      const [short, directory] = [path.replace("/s/", ""), path.replace("/s/", "").replace("/new", "")];
      assert.deepEqual(reached(), [`create ${short}`, `beginDirectory ${directory}`]);
      assert.ok(lower.stat(path));
      lower.held[0]?.complete();
      await settle();
      assert.deepEqual(reached(), [`end ${directory}`, `write ${short} 0+1`]);
    }
    files.open("/s/log/new", CREATE);
    assert.deepEqual(reached(), []);
  });

  test("a file is created at once on a busy lane too, and its directory synced in order", async () => {
    const { lower, files, log, reached } = setUp();
    log.sync();
    log.write(bytes(1), 0);
    files.open("/s/log/new", CREATE);
    assert.deepEqual(reached(), ["begin log/a", "create log/new"]);
    await end(lower);
    assert.deepEqual(reached(), ["end log/a", "write log/a 0+1", "beginDirectory log", "end log"]);
  });

  test("a file whose name cannot be made durable is not left open", () => {
    const before = ({ name, path }: Reached) => {
      if (name === "syncDirectory" && path === "/s") throw diskError("EIO");
    };
    const { lower, files } = setUp({ before, blockingDirectories: true });
    const { openFiles } = lower;
    assert.throws(() => files.open("/s/new", CREATE), { code: "EIO" });
    assert.equal(lower.openFiles, openFiles);
  });

  test("every rename and removal is followed by the syncs of its directories", async () => {
    const { lower, files, reached } = setUp();
    lower.inner.makeDirectory("/s/table/d");
    files.rename(TABLE, "/s/table/b");
    await end(lower);
    assert.deepEqual(reached(), ["rename table/a table/b", "beginDirectory table", "end table"]);
    files.rename("/s/table/b", "/s/table/d/c");
    await end(lower);
    const syncs = ["beginDirectory table/d", "end table/d", "beginDirectory table", "end table"];
    assert.deepEqual(reached(), ["rename table/b table/d/c", ...syncs]);
    files.remove("/s/table/d/c");
    await end(lower);
    assert.deepEqual(reached(), ["remove table/d/c", "beginDirectory table/d", "end table/d"]);
  });

  test("without off-thread syncs of directories, these block, in order", async () => {
    const { lower, files, log, reached } = setUp({ blockingDirectories: true });
    files.open("/s/log/b", CREATE);
    assert.deepEqual(reached(), ["create log/b", "syncDirectory log"]);
    assert.equal(files.settled("log"), undefined);
    log.sync();
    files.open("/s/log/c", CREATE);
    files.remove(TABLE);
    assert.deepEqual(reached(), ["begin log/a", "create log/c"]);
    await end(lower);
    assert.deepEqual(reached(), ["end log/a", "syncDirectory log", "remove table/a", "syncDirectory table"]);
    assert.equal(files.settled("table"), undefined);
  });

  test("a directory is created and removed durably, after all waiting calls", () => {
    for (const name of ["makeDirectory", "removeDirectory"] as const) {
      const { lower, files, log, table, reached } = setUp();
      if (name === "removeDirectory") lower.inner.makeDirectory("/s/d");
      log.sync();
      log.write(bytes(1), 0);
      table.sync();
      files[name]("/s/d");
      const drained = ["begin log/a", "sync log/a", "write log/a 0+1", "sync table/a"];
      assert.deepEqual(reached(), [...drained, `${name} d`, "syncDirectory /s"]);
    }
  });

  test("syncDirectory waits in the lane of its path", async () => {
    const { lower, files, log, reached } = setUp();
    log.sync();
    files.syncDirectory("/s/log/");
    files.syncDirectory("/s/table");
    await end(lower);
    const syncs = ["beginDirectory log/", "end log/", "beginDirectory table", "end table"];
    assert.deepEqual(reached(), ["begin log/a", "end log/a", ...syncs]);
  });

  test("a removed file cannot be found any more, and its handles still work", async () => {
    const { lower, files, table, reached } = setUp();
    table.write(bytes(1), 0);
    table.sync();
    table.write(bytes(2), 1);
    files.remove(TABLE);
    table.write(bytes(3), 2);
    reached();
    assert.equal(files.stat(TABLE), undefined);
    assert.deepEqual(files.list("/s/table"), []);
    assert.equal(files.list("/s").length, 2);
    assert.throws(() => files.open(TABLE, {}), { code: "ENOENT" });
    assert.throws(() => files.open(TABLE, { write: true }), { code: "ENOENT" });
    assert.deepEqual(contents(table), [1, 2, 3]);
    assert.ok(lower.stat(TABLE));
    assert.deepEqual(reached(), []);
    assert.throws(() => files.remove(TABLE), { code: "ENOENT" });
    assert.equal(lower.stat(TABLE), undefined);
    assert.deepEqual(contents(table), [1, 2, 3]);
  });

  test("a name that is no file is refused on a busy lane as on an idle one", () => {
    const { files, log, table } = setUp();
    const busy = () => {
      table.sync();
      log.sync();
    };
    busy();
    assert.throws(() => files.remove("/s/table/none"), { code: "ENOENT" });
    busy();
    assert.throws(() => files.remove("/s/table"), { code: "EISDIR" });
    busy();
    assert.throws(() => files.rename("/s/table/none", TABLE), { code: "ENOENT" });
    busy();
    assert.throws(() => files.rename(TABLE, "/s/table"), { code: "EISDIR" });
    busy();
    assert.throws(() => files.rename(TABLE, "/s/none/a"), { code: "ENOENT" });
    busy();
    assert.throws(() => files.rename(TABLE, `${TABLE}/b`), { code: "ENOTDIR" });
    assert.throws(() => files.makeDirectory(TABLE), { code: "EEXIST" });
    table.write(bytes(1), 0);
    assert.equal(files.stat(TABLE)?.size, 1);
  });
});

describe("reads of an ordered file system", () => {
  test("every handle of a file sees the waiting writes", () => {
    const { files, lower, table } = setUp();
    table.write(bytes(1, 2, 3), 0);
    table.sync();
    const other = files.open(TABLE, { write: true });
    table.write(bytes(8, 8), 1);
    other.write(bytes(9), 2);
    table.write(bytes(7), 6);
    for (const file of [table, other, files.open(TABLE, {})]) {
      assert.deepEqual(contents(file), [1, 8, 9, 0, 0, 0, 7]);
      assert.equal(file.size(), 7);
      const part = new Uint8Array(2);
      assert.equal(file.read(part, 2), 2);
      assert.deepEqual([...part], [9, 0]);
      assert.equal(file.read(part, 6), 1);
      assert.equal(file.read(part, 7), 0);
      assert.equal(file.read(new Uint8Array(0), 2), 0);
    }
    assert.deepEqual(files.stat(TABLE), { kind: "file", size: 7 });
    assert.equal(lower.stat(TABLE)?.size, 3);
  });

  test("a short read of the lower file does not hide waiting writes", () => {
    const { table } = setUp({ moved: (length) => Math.min(length, 2) });
    for (let i = 0; i < 6; i += 2) table.write(bytes(i, i), i);
    table.sync();
    table.write(bytes(9), 5);
    assert.deepEqual(contents(table), [0, 0, 2, 2, 4, 9]);
    table.write(bytes(9), 8);
    assert.deepEqual(contents(table), [0, 0, 2, 2, 4, 9, 0, 0, 9]);
  });

  test("many appended writes are found by reads from any position, while they are written", async () => {
    const { lower, log } = setUp();
    const count = 300;
    log.sync();
    for (let i = 0; i < count; i++) {
      log.write(bytes(i, i + 1, i + 2), 3 * i);
      if (i % 100 === 99) log.sync();
    }
    const expected = Array.from({ length: 3 * count }, (_, i) => (Math.floor(i / 3) + (i % 3)) & 0xff);
    for (;;) {
      for (let at = 0; at < 3 * count; at += 37) {
        const part = new Uint8Array(50);
        const length = log.read(part, at);
        assert.deepEqual([...part.subarray(0, length)], expected.slice(at, at + 50));
      }
      if (lower.held.length === 0) break;
      lower.held[0]?.complete();
      await settle();
    }
  });

  test("waiting writes of a file do not appear in another file that has its name now", () => {
    const { files, table } = setUp();
    table.sync();
    table.write(bytes(1, 2, 3), 0);
    files.remove(TABLE);
    const fresh = files.open(TABLE, { ...CREATE, exclusive: true });
    table.write(bytes(4), 3);
    fresh.write(bytes(9), 0);
    assert.deepEqual(contents(table), [1, 2, 3, 4]);
    assert.deepEqual(contents(fresh), [9]);
    assert.deepEqual(contents(files.open(TABLE, {})), [9]);
  });

  test("waiting writes of a file move with it", async () => {
    const { lower, files, log, table } = setUp();
    table.sync();
    table.write(bytes(1), 0);
    files.rename(TABLE, "/s/table/b");
    table.write(bytes(2), 1);
    assert.deepEqual(contents(table), [1, 2]);
    assert.deepEqual(contents(files.open("/s/table/b", {})), [1, 2]);
    files.rename("/s/table", "/s/moved");
    table.sync();
    table.write(bytes(3), 2);
    assert.equal(files.stat("/s/moved/b")?.size, 3);
    files.rename(LOG, "/s/moved/log");
    log.sync();
    log.write(bytes(4), 0);
    assert.ok(files.settled("table"));
    assert.equal(files.settled("log"), undefined, "it is a file of the table now");
    assert.equal(files.stat("/s/moved/log")?.size, 1);
    await end(lower);
    assert.deepEqual(contents(lower.open("/s/moved/b", {})), [1, 2, 3]);
    assert.deepEqual(contents(lower.open("/s/moved/log", {})), [4]);
  });
});

describe("rare cases of an ordered file system block instead of waiting", () => {
  test("cutting a file when it is opened", () => {
    const { files, table, reached } = setUp();
    table.write(bytes(1, 2), 0);
    table.sync();
    table.write(bytes(3), 2);
    reached();
    files.open(TABLE, { write: true, truncate: true });
    assert.deepEqual(reached(), ["sync table/a", "write table/a 2+1", "cut table/a"]);
    assert.deepEqual(contents(table), []);
  });

  test("truncating a file", () => {
    const { table, log, reached } = setUp();
    for (const file of [log, table]) {
      file.write(bytes(1, 2), 0);
      file.sync();
      file.write(bytes(3), 2);
      reached();
      file.truncate(1);
      const name = file === log ? "log/a" : "table/a";
      assert.deepEqual(reached().slice(0, 3), [`sync ${name}`, `write ${name} 2+1`, `truncate ${name} 1`]);
      assert.deepEqual(contents(file), [1]);
    }
  });

  test("creating a file whose removal waits", () => {
    const { files, table, reached } = setUp();
    table.sync();
    files.remove(TABLE);
    files.open(TABLE, CREATE);
    const removal = ["begin table/a", "sync table/a", "remove table/a", "syncDirectory table"];
    assert.deepEqual(reached(), [...removal, "create table/a", "beginDirectory table"]);
  });

  test("looking into a directory where a rename waits", () => {
    const looks: ((files: OrderedFileSystem) => unknown)[] = [
      (files) => assert.equal(files.stat(TABLE), undefined),
      (files) => assert.deepEqual(files.list("/s/table"), [{ name: "b", kind: "file" }]),
      (files) => assert.throws(() => files.open(TABLE, {}), { code: "ENOENT" }),
      (files) => files.open("/s/table/b", {}).close(),
      (files) => files.remove("/s/table/b"),
      (files) => files.rename("/s/table/b", "/s/table/c"),
      (files) => files.rename("/s/file", TABLE),
    ];
    for (const look of looks) {
      const { lower, files, table, reached } = setUp();
      lower.inner.open("/s/file", CREATE).close();
      table.sync();
      files.rename(TABLE, "/s/table/b");
      assert.deepEqual(reached(), ["begin table/a"]);
      assert.deepEqual(files.list("/s/log").length, 1);
      assert.deepEqual(reached(), []);
      look(files);
      assert.deepEqual(reached().slice(0, 3), ["sync table/a", "rename table/a table/b", "syncDirectory table"]);
    }
  });

  test("but not once the rename is done", async () => {
    const { lower, files, table, reached } = setUp();
    table.sync();
    files.rename(TABLE, "/s/table/b");
    await end(lower);
    table.sync();
    table.write(bytes(1), 0);
    reached();
    assert.equal(files.stat("/s/table/b")?.size, 1);
    assert.deepEqual(reached(), []);
  });

  test("renaming a directory, to another lane, or onto a name whose removal waits", () => {
    const { files, log, table, reached } = setUp();
    files.inline("log", () => files.open("/s/log/b", CREATE));
    table.sync();
    files.remove(LOG);
    files.rename("/s/log/b", LOG);
    assert.deepEqual(
      reached().filter((text) => /^re/.test(text)),
      ["remove log/a", "rename log/b log/a"],
    );
    assert.ok(files.stat(LOG));
    log.sync();
    table.sync();
    files.rename(LOG, "/s/table/c");
    const synced = ["sync log/a", "sync table/a", "rename log/a table/c", "syncDirectory table", "syncDirectory log"];
    assert.deepEqual(reached().slice(-5), synced);
    table.sync();
    files.rename("/s/table", "/s/other");
    assert.deepEqual(reached(), ["begin table/a", "sync table/a", "rename table other", "syncDirectory /s"]);
  });

  test("a write above the limit of waiting bytes completes twice as many, and so does each later one", async () => {
    const { files, lower, log, table, reached } = setUp({ maxQueuedBytes: 10 });
    log.sync();
    table.write(new Uint8Array(10), 0);
    log.write(new Uint8Array(6), 0);
    log.write(new Uint8Array(4), 6);
    assert.deepEqual([files.queuedBytes, reached()], [20, ["begin log/a"]]);
    log.write(new Uint8Array(1), 10);
    assert.deepEqual([files.queuedBytes, reached()], [15, ["sync log/a", "write log/a 0+6"]]);
    log.write(new Uint8Array(1), 11);
    assert.deepEqual([files.queuedBytes, reached()], [12, ["write log/a 6+4"]]);
    log.write(new Uint8Array(1), 12);
    assert.deepEqual(reached(), ["write log/a 10+1", "write log/a 11+1", "write log/a 12+1"]);
    table.write(new Uint8Array(1), 10);
    assert.deepEqual([files.queuedBytes, reached()], [0, ["write table/a 0+10", "write table/a 10+1"]]);
    await end(lower);
    assert.equal(MAX_QUEUED_BYTES, 32 * 1024 * 1024);
  });

  test("after such a write, syncs of the table block and nothing waits, until the event loop turns", async () => {
    const { files, lower, table, reached } = setUp({ maxQueuedBytes: 10 });
    table.sync();
    table.write(new Uint8Array(6), 0);
    table.sync();
    table.write(new Uint8Array(4), 6);
    assert.deepEqual([files.queuedBytes, reached()], [10, ["begin table/a"]]);
    table.write(new Uint8Array(5), 10);
    const done = ["sync table/a", "write table/a 0+6", "sync table/a", "write table/a 6+4", "write table/a 10+5"];
    assert.deepEqual([files.queuedBytes, reached()], [0, done]);
    table.sync();
    table.write(new Uint8Array(1), 15);
    table.sync();
    assert.deepEqual(reached(), ["sync table/a", "write table/a 15+1", "sync table/a"]);
    await end(lower);
    table.sync();
    table.write(new Uint8Array(1), 16);
    assert.deepEqual([files.queuedBytes, reached()], [1, ["end table/a", "begin table/a"]]);
    await end(lower);
    assert.deepEqual(reached(), ["end table/a", "write table/a 16+1"]);
  });

  test("syncs of the log do not: a caller that awaits durable writes one by one lets the event loop turn", async () => {
    const { files, lower, log, table, reached } = setUp({ maxQueuedBytes: 10 });
    table.sync();
    table.write(new Uint8Array(10), 0);
    table.write(new Uint8Array(10), 10);
    assert.equal(reached().length, 4);
    for (let i = 0; i < 3; i++) {
      log.write(new Uint8Array(1), i);
      log.sync();
      assert.deepEqual(reached(), [`write log/a ${i}+1`, "begin log/a"]);
      let settled = false;
      files.settled("log")?.then(() => {
        settled = true;
      });
      await Promise.resolve();
      assert.equal(settled, false);
      lower.held.at(-1)?.complete();
      await settle();
      assert.deepEqual([settled, reached()], [true, ["end log/a"]]);
    }
    // Such a sync shows that the event loop turns, so the table's syncs are off-thread again.
    table.sync();
    assert.deepEqual(reached(), ["begin table/a"]);
    await end(lower);
  });

  test("calls that still wait after such a write are done when the event loop turns", async () => {
    const { files, lower, table, reached } = setUp({ maxQueuedBytes: 10 });
    table.sync();
    table.write(new Uint8Array(2), 0);
    table.sync();
    table.write(new Uint8Array(8), 2);
    table.write(new Uint8Array(1), 10);
    assert.deepEqual([files.queuedBytes, reached()], [9, ["begin table/a", "sync table/a", "write table/a 0+2"]]);
    await end(lower);
    assert.deepEqual(reached(), [
      "end table/a",
      "begin table/a",
      "end table/a",
      "write table/a 2+8",
      "write table/a 10+1",
    ]);
    assert.deepEqual([files.queuedBytes, files.settled("table")], [0, undefined]);
  });

  test("when its sync fails later, everything fails", async () => {
    const { lower, table, state } = setUp({ maxQueuedBytes: 10 });
    table.sync();
    table.write(new Uint8Array(10), 0);
    table.write(new Uint8Array(10), 10);
    lower.held[0]?.fail(diskError("EIO"));
    await settle();
    assert.equal(state.failures.length, 1);
    assert.throws(() => table.write(new Uint8Array(1), 20), { code: "EIO" });
  });

  test("the table completes only those calls of the log that it waits for", async () => {
    const { files, lower, log, table, reached } = setUp({ maxQueuedBytes: 10 });
    log.sync();
    log.write(new Uint8Array(5), 0);
    table.write(new Uint8Array(10), 0);
    table.write(new Uint8Array(8), 10);
    const done = ["begin log/a", "sync log/a", "write table/a 0+10", "write table/a 10+8"];
    assert.deepEqual([files.queuedBytes, reached()], [5, done]);
    await end(lower);
    assert.deepEqual(reached(), ["end log/a", "write log/a 0+5"]);
  });
});

describe("drains and inline sections of an ordered file system", () => {
  test("a drain completes all waiting calls, and repeats a sync in flight", async () => {
    const { lower, files, log, table, reached } = setUp();
    log.sync();
    log.write(bytes(1), 0);
    log.sync();
    table.write(bytes(1), 0);
    table.sync();
    table.write(bytes(2), 1);
    files.syncDirectory("/s/table");
    files.drain("table");
    const logged = ["begin log/a", "sync log/a", "write log/a 0+1", "sync log/a"];
    const tabled = ["write table/a 0+1", "sync table/a", "write table/a 1+1", "syncDirectory table"];
    assert.deepEqual(reached(), [...logged, ...tabled]);
    assert.deepEqual([files.settled("log"), files.settled("table"), files.queuedBytes], [undefined, undefined, 0]);
    log.sync();
    log.write(bytes(2), 1);
    lower.held[0]?.complete();
    await settle();
    assert.deepEqual(reached(), ["begin log/a", "end log/a"], "the old sync is not the new one");
    await end(lower);
    assert.deepEqual(reached(), ["end log/a", "write log/a 1+1"]);
  });

  test("a drain of the log completes only those calls of the table that wait for no other sync", () => {
    const { files, log, table, reached } = setUp();
    log.sync();
    table.write(bytes(1), 0);
    table.sync();
    table.write(bytes(2), 1);
    files.drain("log");
    assert.deepEqual(reached(), ["begin log/a", "sync log/a", "write table/a 0+1", "begin table/a"]);
    assert.equal(files.queuedBytes, 1);
    files.drain();
    assert.deepEqual(reached(), ["sync table/a", "write table/a 1+1"]);
  });

  test("a sync in flight that fails after a drain repeated it fails everything", async () => {
    const { lower, files, log, state } = setUp();
    log.sync();
    files.drain();
    lower.held[0]?.fail(diskError("EIO"));
    await settle();
    assert.equal(state.failures.length, 1);
    assert.throws(() => log.write(bytes(1), 0), { code: "EIO" });
  });

  test("nothing waits in an inline section of a lane, also when sections are nested or throw", () => {
    const { files, log, table, reached } = setUp();
    log.sync();
    log.write(bytes(1), 0);
    const result = files.inline("log", () => {
      assert.deepEqual(reached(), ["begin log/a", "sync log/a", "write log/a 0+1"]);
      log.sync();
      assert.throws(() =>
        files.inline("log", () => {
          throw new Error("a reason");
        }),
      );
      log.sync();
      log.write(bytes(2), 0);
      files.open("/s/log/new", CREATE);
      table.sync();
      return 7;
    });
    assert.equal(result, 7);
    const inlined = ["sync log/a", "sync log/a", "write log/a 0+1", "create log/new", "syncDirectory log"];
    assert.deepEqual(reached(), [...inlined, "begin table/a"]);
    log.sync();
    assert.deepEqual(reached(), ["begin log/a"]);
  });

  test("in an inline section of the table a sync of the log is done before the table continues", () => {
    const { files, log, table, reached } = setUp();
    files.inline("table", () => {
      log.sync();
      assert.deepEqual(reached(), ["begin log/a"]);
      table.write(bytes(1), 0);
      files.remove(LOG);
      files.rename(TABLE, "/s/table/b");
    });
    const names = ["remove log/a", "syncDirectory log", "rename table/a table/b", "syncDirectory table"];
    assert.deepEqual(reached(), ["sync log/a", "write table/a 0+1", ...names]);
  });
});

describe("settled of an ordered file system", () => {
  test("resolves when all earlier calls of the lane are done, and waits for no later ones", async () => {
    const { lower, files, log, table } = setUp();
    const settled: string[] = [];
    const note = (name: string, promise: Promise<void> | undefined) => {
      assert.ok(promise);
      promise.then(() => settled.push(name));
    };
    assert.equal(files.settled("log"), undefined);
    log.sync();
    note("first", files.settled("log"));
    assert.equal(files.settled("log"), files.settled("log"));
    assert.equal(files.settled("table"), undefined);
    log.sync();
    table.write(bytes(1), 0);
    note("table", files.settled("table"));
    log.sync();
    log.write(bytes(1), 0);
    note("last", files.settled("log"));
    for (const expected of [["first"], ["first", "table"], ["first", "table", "last"]]) {
      lower.held[0]?.complete();
      await settle();
      assert.deepEqual(settled, expected);
    }
    log.sync();
    note("drained", files.settled("log"));
    files.drain();
    await settle();
    assert.equal(settled.at(-1), "drained");
  });

  test("syncOffThread of a file is a sync that is awaited", async () => {
    const { lower, log } = setUp();
    let done = false;
    const sync = log.syncOffThread().then(() => {
      done = true;
    });
    await settle();
    assert.equal(done, false);
    await end(lower);
    await sync;
  });
});

describe("a failure of an ordered file system", () => {
  /** Checks that every call fails after a failure. */
  async function assertDead(files: OrderedFileSystem, file: OpenFile, code: string): Promise<void> {
    const calls: (() => unknown)[] = [
      () => file.write(bytes(1), 0),
      () => file.truncate(0),
      () => file.sync(),
      () => file.read(bytes(1), 0),
      () => file.size(),
      () => files.stat(LOG),
      () => files.open("/s/log/x", CREATE),
      () => files.remove(LOG),
      () => files.rename(LOG, "/s/log/y"),
      () => files.makeDirectory("/s/d"),
      () => files.removeDirectory("/s/log"),
      () => files.syncDirectory("/s/log"),
      () => files.drain(),
      () => files.inline("table", () => assert.fail("it was called")),
    ];
    for (const call of calls) assert.throws(call, { code });
    for (const lane of ["log", "table"] as const) {
      const settled = files.settled(lane);
      assert.ok(settled);
      await assert.rejects(settled, { code });
    }
    await assert.rejects(file.syncOffThread());
    assert.equal(files.queuedBytes, 0);
  }

  test("a failed sync fails everything: no waiting call is done, and it is reported once", async () => {
    const { lower, files, log, table, state, reached } = setUp();
    table.sync();
    log.sync();
    log.write(bytes(1), 0);
    log.sync();
    files.remove(TABLE);
    const settled = [files.settled("log"), files.settled("table")];
    const outcomes = Promise.allSettled(settled);
    reached();
    const [second, first] = lower.held;
    first?.fail(diskError("EIO"));
    await settle();
    second?.fail(diskError("ENOSPC"));
    await settle();
    assert.deepEqual(reached(), ["fail log/a", "fail table/a"]);
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ["rejected", "rejected"],
    );
    await assertDead(files, log, "EIO");
    assert.deepEqual(reached(), []);
    assert.deepEqual(
      state.failures.map((error) => (error as { code: string }).code),
      ["EIO"],
    );
  });

  test("so does a failed sync of a directory", async () => {
    const { lower, files, log, state } = setUp();
    files.remove(TABLE);
    lower.held[0]?.fail(diskError("EIO"));
    await settle();
    await assertDead(files, log, "EIO");
    assert.equal(state.failures.length, 1);
  });

  test("so does a failed change that waited, or a sync that fails to start after waiting", async () => {
    for (const failing of ["write", "begin", "beginDirectory", "remove", "rename"]) {
      let armed = false;
      const before = ({ name }: Reached) => {
        if (armed && name === failing) throw diskError("ENOSPC");
      };
      const { lower, files, log, state } = setUp({ before });
      log.sync();
      armed = true;
      if (failing === "write") log.write(bytes(1), 0);
      if (failing === "begin") log.sync();
      if (failing === "remove" || failing === "beginDirectory") files.remove(TABLE);
      if (failing === "rename") files.rename(LOG, "/s/log/b");
      log.write(bytes(2), 1);
      await end(lower);
      await assertDead(files, log, "ENOSPC");
      assert.equal(state.failures.length, 1, failing);
      const later = lower.reached.filter(({ name, position }) => name === "write" && position === 1);
      assert.equal(later.length, failing === "remove" || failing === "beginDirectory" ? 1 : 0, failing);
    }
  });

  test("a failure during a drain is thrown, not reported", async () => {
    for (const failing of ["sync", "write"]) {
      const before = ({ name }: Reached) => {
        if (name === failing) throw diskError("EIO");
      };
      const { lower, files, log, table, state } = setUp({ before });
      log.sync();
      log.write(bytes(1), 0);
      const settled = files.settled("log");
      assert.throws(() => table.truncate(3), { code: "EIO" });
      await assert.rejects(settled ?? Promise.resolve(), { code: "EIO" });
      lower.held[0]?.fail(diskError("ENOSPC"));
      await settle();
      await assertDead(files, log, "EIO");
      assert.deepEqual(state.failures, []);
    }
  });

  test("a rejection that nobody awaits is not reported by the runtime", async () => {
    const { lower, files, log } = setUp();
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", note);
    log.sync();
    files.settled("log");
    lower.held[0]?.fail(diskError("EIO"));
    await settle();
    files.settled("log");
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off("unhandledRejection", note);
    assert.deepEqual(unhandled, []);
  });
});

describe("closing of an ordered file system", () => {
  test("a file is closed after all its calls, or at once if there are none", async () => {
    const { lower, files, log, reached } = setUp();
    const reader = files.open(LOG, {});
    log.sync();
    log.write(bytes(1), 0);
    log.sync();
    reader.close();
    log.close();
    log.close();
    assert.deepEqual(reached(), ["begin log/a", "close log/a"]);
    assert.deepEqual([files.stat(LOG)?.size, lower.openFiles], [1, 2]);
    for (const call of [() => log.size(), () => log.sync(), () => log.write(bytes(1), 0), () => log.truncate(0)]) {
      assert.throws(call, { code: "EBADF" });
    }
    assert.throws(() => log.read(bytes(1), 0), { code: "EBADF" });
    await end(lower);
    assert.deepEqual(reached(), ["end log/a", "write log/a 0+1", "begin log/a", "end log/a", "close log/a"]);
    assert.equal(lower.openFiles, 1);
  });

  test("a drain can repeat the sync in flight of a file that was closed", () => {
    const { files, log, reached } = setUp();
    log.sync();
    log.close();
    files.drain("log");
    assert.deepEqual(reached(), ["begin log/a", "sync log/a", "close log/a"]);
    assert.equal(files.settled("log"), undefined);
  });

  test("abandon drops waiting calls and closes each file once, even if calls fail", async () => {
    let fail = false;
    const before = ({ name, path }: Reached) => {
      if (fail && name === "close" && path === LOG) throw diskError("EIO");
    };
    const { lower, files, log, table, state, reached } = setUp({ before });
    const [reader, closed] = [files.open(TABLE, {}), files.open(TABLE, {})];
    closed.close();
    log.sync();
    log.write(bytes(1), 0);
    table.write(bytes(1), 0);
    table.close();
    const settled = files.settled("log");
    reached();
    fail = true;
    assert.throws(() => files.abandon(), { code: "EIO" });
    assert.equal(lower.openFiles, 0);
    files.abandon();
    reader.close();
    assert.deepEqual(reached(), ["close table/a", "close table/a"]);
    lower.held[0]?.fail(diskError("EIO"));
    await settle();
    assert.deepEqual([state.failures, reached()], [[], ["fail log/a"]]);
    await assert.rejects(settled ?? Promise.resolve(), { code: "EBADF" });
    for (const call of [() => log.size(), () => files.stat(LOG), () => files.list("/s"), () => files.drain()]) {
      assert.throws(call, { code: "EBADF" });
    }
    assert.throws(() => files.open(LOG, {}), { code: "EBADF" });
    assert.throws(() => log.write(bytes(1), 0), { code: "EBADF" });
  });

  test("after a failure files can be closed, and abandon closes the others", async () => {
    const { lower, files, log, table } = setUp();
    table.sync();
    log.sync();
    log.write(bytes(1), 0);
    log.close();
    lower.held[0]?.fail(diskError("EIO"));
    await settle();
    table.close();
    assert.equal(lower.openFiles, 1);
    files.abandon();
    assert.equal(lower.openFiles, 0);
  });
});

const HISTORIES = 400;
/** Seeds of histories that once failed. */
const KEPT_SEEDS: readonly number[] = [1, 2, 3, 2806450202, 4290852942, 1761082288];

test(`${HISTORIES} random histories agree with a plain file system, and reach the disk in order`, async () => {
  const seeds = Array.from({ length: HISTORIES }, (_, i) => 1000 + i);
  for (const seed of [...KEPT_SEEDS, ...seeds]) {
    try {
      await new OrderedHistory(seed).run();
    } catch (cause) {
      throw new Error(`The history of seed ${seed} failed`, { cause });
    }
  }
});
