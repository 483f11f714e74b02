/**
 * The file system between the engine and the disk: which changes wait for a sync, which do not, and the effect of a
 * failure.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SyncingFileSystem } from "../../src/host/syncing_file_system.ts";
import { HeldSyncs, type HeldSyncsOptions, type Reached, settle } from "../support/held_syncs.ts";
import { diskError } from "../support/observed_file_system.ts";
import { contentOf, SyncingHistory } from "./syncing_history.ts";

const CREATE = { write: true, create: true } as const;
const HISTORIES = 300;

/** A file of each kind, all durable. Later calls are recorded. */
function setUp(options: HeldSyncsOptions = {}, requireOwned: () => void = () => {}) {
  const lower = new HeldSyncs(options);
  for (const path of ["/s", "/s/log", "/s/blocks", "/s/index"]) lower.inner.makeDirectory(path);
  const events: string[] = [];
  const failures: unknown[] = [];
  const told = {
    begins: () => void events.push("begins"),
    done: () => void events.push("done"),
    failed: (error: unknown) => failures.push(error),
  };
  const files = new SyncingFileSystem(lower, contentOf, told, requireOwned);
  const [log, blocks, index] = ["log", "blocks", "index"].map((name) => files.open(`/s/${name}/a`, CREATE));
  assert.ok(log && blocks && index);
  files.finish();
  lower.reached.length = 0;
  const reached = () => lower.reached.splice(0).map(textOf);
  return { lower, files, log, blocks, index, events, failures, reached };
}

function textOf({ name, path, to }: Reached): string {
  return `${name} ${path.replace("/s/", "")}${to ? ` ${to.replace("/s/", "")}` : ""}`;
}

const bytes = Uint8Array.of(1, 2, 3);

async function end(lower: HeldSyncs): Promise<void> {
  for (let held = lower.held[0]; held; held = lower.held[0]) {
    held.complete();
    await settle();
  }
}

describe("syncs that are asked for", () => {
  test("begin off-thread when the call is over, and changes go to the file meanwhile", async () => {
    const { lower, files, log, blocks, events, reached } = setUp();
    log.sync();
    blocks.sync();
    assert.deepEqual(reached(), []);
    files.begin();
    log.write(bytes, 0);
    blocks.write(bytes, 0);
    files.open("/s/blocks/b", CREATE);
    files.open("/s/log/b", CREATE);
    const calls = ["begin log/a", "begin blocks/a", "write log/a", "write blocks/a", "create blocks/b", "create log/b"];
    assert.deepEqual(reached(), calls);
    await end(lower);
    // What was asked for meanwhile began when the first ones were done.
    assert.deepEqual(events, ["begins", "done", "begins", "done"]);
    assert.deepEqual(
      reached(),
      ["end log/a", "beginDirectory log", "end blocks/a", "beginDirectory blocks"].concat("end log", "end blocks"),
    );
  });

  test("are carried out before a change that relies on them, once", () => {
    const { files, blocks, index, reached } = setUp();
    blocks.sync();
    index.sync();
    index.write(bytes, 0);
    index.write(bytes, 3);
    assert.deepEqual(reached(), ["sync blocks/a", "sync index/a", "write index/a", "write index/a"]);
    const changes: (() => unknown)[] = [
      () => index.truncate(2),
      () => files.open("/s/index/b", CREATE),
      () => files.rename("/s/index/b", "/s/index/c"),
      () => files.remove("/s/blocks/a"),
    ];
    for (const change of changes) {
      blocks.sync();
      change();
      assert.equal(reached()[0], "sync blocks/a", String(change));
      files.finish();
      reached();
    }
  });

  test("also those in flight, and they still count when they end later", async () => {
    const { lower, files, index, reached, failures } = setUp();
    index.sync();
    files.begin();
    const settled = files.settled("table");
    index.write(bytes, 0);
    index.write(bytes, 3);
    assert.deepEqual(reached(), ["begin index/a", "sync index/a", "write index/a", "write index/a"]);
    lower.held[0]?.fail(diskError("EIO"));
    await assert.rejects(settled ?? Promise.resolve(), { code: "EIO" });
    assert.equal(failures.length, 1);
  });

  test("of the log stop no change of the table, nor those of the table one of the log", () => {
    const { files, log, index, blocks, reached } = setUp();
    log.sync();
    index.write(bytes, 0);
    files.remove("/s/index/a");
    blocks.sync();
    log.write(bytes, 0);
    log.truncate(1);
    assert.deepEqual(reached(), ["write index/a", "remove index/a", "write log/a", "sync log/a", "truncate log/a"]);
  });

  test("of one lane are carried out by a call for its directory", () => {
    const { files, log, blocks, reached } = setUp();
    log.sync();
    blocks.sync();
    files.finish("/s/log");
    assert.deepEqual(reached(), ["sync log/a"]);
    files.finish();
    assert.deepEqual(reached(), ["sync blocks/a"]);
  });

  test("are one for each file, however often they were asked for, and one after the other", async () => {
    const { lower, files, log, reached } = setUp();
    for (let i = 0; i < 3; i++) log.sync();
    files.begin();
    files.begin();
    log.sync();
    files.begin();
    assert.deepEqual(reached(), ["begin log/a"]);
    const all = files.settled("log");
    let isSettled = false;
    all?.then(() => {
      isSettled = true;
    });
    lower.held[0]?.complete();
    await settle();
    assert.deepEqual([reached(), isSettled], [["end log/a", "begin log/a"], false]);
    await end(lower);
    assert.ok(isSettled);
    assert.equal(files.settled("log"), undefined);
  });

  test("keep a closed file open until they are done", async () => {
    const { lower, files, log, blocks, reached } = setUp();
    log.sync();
    blocks.close();
    log.close();
    assert.deepEqual(reached(), ["close blocks/a"]);
    files.begin();
    await end(lower);
    assert.deepEqual(reached(), ["begin log/a", "end log/a", "close log/a"]);
    assert.equal(lower.openFiles, 1);
  });

  test("follow every change of a name, and a new directory is durable at once", () => {
    const { files, reached } = setUp();
    files.rename("/s/index/a", "/s/index/b");
    files.remove("/s/log/a");
    assert.deepEqual(reached(), ["rename index/a index/b", "syncDirectory index", "remove log/a"]);
    files.makeDirectory("/s/index/d");
    assert.deepEqual(reached(), ["syncDirectory log", "makeDirectory index/d", "syncDirectory index"]);
  });

  test("block where a file system has no others", async () => {
    const { files, reached } = setUp({ blockingDirectories: true });
    files.open("/s/log/b", CREATE);
    files.begin();
    await settle();
    assert.deepEqual(reached(), ["create log/b", "syncDirectory log"]);
    assert.equal(files.settled("log"), undefined);
  });
});

describe("a sync that fails", () => {
  test("off-thread is told once, and to all that wait; nothing begins after it", async () => {
    const { lower, files, log, failures, events, reached } = setUp();
    log.sync();
    files.begin();
    const first = files.settled("log");
    log.sync();
    const second = files.settled("log");
    lower.held[0]?.fail(diskError("EIO"));
    await assert.rejects(first ?? Promise.resolve(), { code: "EIO" });
    await assert.rejects(second ?? Promise.resolve(), { code: "EIO" });
    await assert.rejects(files.settled("log") ?? Promise.resolve(), { code: "EIO" });
    files.begin();
    assert.deepEqual([failures.length, events, reached()], [1, ["begins"], ["begin log/a", "fail log/a"]]);
  });

  test("in a change fails the change, which does not reach the disk", () => {
    let fails = false;
    const before = ({ name }: Reached) => {
      if (fails && name === "sync") throw diskError("EIO");
    };
    const { files, blocks, index, reached } = setUp({ before });
    blocks.sync();
    fails = true;
    assert.throws(() => index.write(bytes, 0), { code: "EIO" });
    assert.throws(() => files.remove("/s/blocks/a"), { code: "EIO" });
    assert.deepEqual(reached(), []);
  });

  test("after the files were abandoned is not told, and each file is closed once", async () => {
    const { lower, files, log, blocks, failures, events } = setUp();
    log.sync();
    files.begin();
    const settled = files.settled("log");
    blocks.close();
    log.close();
    files.abandon();
    assert.equal(lower.openFiles, 0);
    await assert.rejects(settled ?? Promise.resolve(), { code: "EBADF" });
    lower.held[0]?.fail(diskError("EIO"));
    await settle();
    assert.deepEqual([failures, events, lower.openFiles], [[], ["begins"], 0]);
  });
});

describe("the sync of a directory, whose path leads elsewhere by then,", () => {
  const lost = diskError("LOCK_LOST");
  /** A store whose directory can be taken away. */
  const setUpMovable = () => {
    const place = { isOurs: true };
    const all = setUp({}, () => {
      if (!place.isOurs) throw lost;
    });
    return { ...all, place };
  };

  test("is no sync of the names that were made: off-thread it fails everything", async () => {
    const { lower, files, log, failures, events, place } = setUpMovable();
    files.open("/s/log/b", CREATE).write(bytes, 0);
    log.sync();
    files.begin();
    const settled = files.settled("log");
    place.isOurs = false;
    await end(lower);
    await assert.rejects(settled ?? Promise.resolve(), lost);
    assert.deepEqual([failures, events], [[lost], ["begins"]]);
  });

  test("fails the change that relies on it, and a new directory", () => {
    const { files, place, reached } = setUpMovable();
    files.open("/s/blocks/b", CREATE);
    place.isOurs = false;
    assert.throws(() => files.remove("/s/blocks/a"), lost);
    assert.throws(() => files.makeDirectory("/s/index/blobs"), lost);
    assert.ok(!reached().some((call) => call.startsWith("remove")));
  });

  test("of a file counts all the same: it is the file that was opened", async () => {
    const { lower, files, log, failures, place } = setUpMovable();
    log.sync();
    files.begin();
    place.isOurs = false;
    const settled = files.settled("log");
    await end(lower);
    await settled;
    assert.deepEqual(failures, []);
  });
});

test("random histories: each change is seen at once, and what it relies on is durable before", async () => {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    await new SyncingHistory(seed).run().catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
  }
});
