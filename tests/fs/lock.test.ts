import assert from "node:assert/strict";
import * as fs from "node:fs";
import process from "node:process";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { StoreError } from "../../src/errors.ts";
import { type LockOptions, lockDirectory } from "../../src/fs/lock.ts";
import { claimLock } from "../../src/fs/lock_claim.ts";
import { encodeRecord, type LockRecord, lockPath } from "../../src/fs/lock_record.ts";
import { OwnedLock } from "../../src/fs/owned_lock.ts";
import { lookAt } from "../../src/fs/path_identity.ts";
import { ownIdentity } from "../../src/fs/process_identity.ts";
import { listening, lockFiles, Temporary, threadEnded } from "./temporary.ts";

/** Long enough for a heartbeat of a live owner on a busy machine. */
const QUICK: LockOptions = { staleAfterMs: 400, heartbeatMs: 40 };
const LONG_AGO = new Date(Date.now() - 3_600_000);
const FAR_AHEAD = new Date(Date.now() + 3_600_000);

describe("directory lock, within one process", () => {
  const temporary = new Temporary();
  after(() => temporary.cleanUp());

  test("release then acquire leaves one file, whose number only grows", async () => {
    const directory = temporary.directory();
    for (let n = 1; n <= 5; n++) {
      const lock = await lockDirectory(directory);
      assert.deepEqual(lockFiles(directory), [`LOCK.000000000${n}`]);
      lock.release();
      assert.deepEqual(lockFiles(directory), [`LOCK.000000000${n}`]);
    }
  });

  test("the number may have more than ten digits", async () => {
    const directory = temporary.directory();
    fs.writeFileSync(lockPath(directory, 9_999_999_999), released());
    for (const expected of ["LOCK.10000000000", "LOCK.10000000001"]) {
      const lock = await lockDirectory(directory);
      assert.deepEqual(lockFiles(directory), [expected]);
      lock.release();
    }
  });

  test("other names and dead probes do not matter; probes are cleaned up", async () => {
    const directory = temporary.directory();
    for (const name of ["LOCK", "LOCK.1", "LOCK.abc", "LOCK.probe-dead"]) fs.writeFileSync(`${directory}/${name}`, "x");
    (await lockDirectory(directory)).release();
    assert.deepEqual(lockFiles(directory).sort(), ["LOCK.0000000001", "LOCK.1", "LOCK.abc"]);
  });

  test("held becomes false for good when the file is removed", async () => {
    const directory = temporary.directory();
    const lock = await lockDirectory(directory);
    fs.rmSync(lockPath(directory, 1));
    assert.equal(lock.held(), false);
    fs.writeFileSync(lockPath(directory, 1), "");
    assert.equal(lock.held(), false);
    lock.release();
    assert.equal(fs.readFileSync(lockPath(directory, 1), "utf8"), "");
  });

  for (const [name, look] of Object.entries({
    "reports a new inode for each stat": { of: lookAt, inode: () => Math.floor(Math.random() * 1e9) },
    "has larger inodes than a number holds": { of: lookAt, inode: () => 2 ** 60 },
  })) {
    test(`on a file system that ${name}, held tells the file from a copy`, () => {
      const directory = temporary.directory();
      const path = lockPath(directory, 1);
      const fd = fs.openSync(path, "wx+");
      const unstable = (at: string) => {
        const there = look.of(at);
        return there && { ...there, inode: look.inode() };
      };
      const parts = {
        directory,
        number: 1,
        fd,
        record: record(),
        hold: undefined,
        heartbeatMs: 60_000,
        look: unstable,
      };
      const lock = new OwnedLock({ ...parts, onRelease: () => {} });
      lock.announce();
      for (let i = 0; i < 3; i++) assert.equal(lock.held(), true);
      fs.copyFileSync(path, `${path}.copy`);
      fs.renameSync(`${path}.copy`, path);
      assert.equal(lock.held(), false);
      lock.release();
      assert.doesNotMatch(fs.readFileSync(path, "utf8"), /"released":true/);
    });
  }

  test("held becomes false when a copy replaces the file, or an older content is written into it", async () => {
    for (const replace of [
      (path: string) => {
        fs.copyFileSync(path, `${path}.copy`);
        fs.renameSync(`${path}.copy`, path);
      },
      (path: string) => fs.writeFileSync(path, fs.readFileSync(path, "utf8").replace(/"beat":\d+/, '"beat":0')),
    ]) {
      const directory = temporary.directory();
      const lock = await lockDirectory(directory, { heartbeatMs: 60_000 });
      await sleep(10);
      replace(lockPath(directory, 1));
      assert.equal(lock.held(), false);
      assert.match(lock.lossReason ?? "", /moved, replaced or removed/);
      lock.release();
    }
  });

  test("held stays true when the file gets another time, a link or other permissions", async () => {
    const directory = temporary.directory();
    const lock = await lockDirectory(directory);
    fs.utimesSync(lockPath(directory, 1), LONG_AGO, LONG_AGO);
    fs.chmodSync(lockPath(directory, 1), 0o600);
    fs.chmodSync(directory, 0o700);
    fs.writeFileSync(`${directory}/note`, "");
    assert.equal(lock.held(), true);
    lock.release();
  });

  test("the reason of a lost lock: another process took it, or the directory was moved", async () => {
    const directory = temporary.directory();
    const lost = await lockDirectory(directory);
    fs.rmSync(lockPath(directory, 1));
    fs.writeFileSync(lockPath(directory, 2), "");
    assert.equal(lost.held(), false);
    assert.equal(lost.lossReason, "another process took its lock over");
    lost.release();
  });

  test("held is not deceived by a hard link to the removed file", async () => {
    const directory = temporary.directory();
    const lock = await lockDirectory(directory);
    fs.linkSync(lockPath(directory, 1), `${directory}/backup`);
    assert.equal(lock.held(), true);
    fs.rmSync(lockPath(directory, 1));
    assert.equal(lock.held(), false);
    lock.release();
  });

  test("held is false for good when a heartbeat cannot be written", () => {
    const directory = temporary.directory();
    const path = lockPath(directory, 1);
    fs.writeFileSync(path, "");
    const fd = fs.openSync(path, "r");
    const parts = { directory, number: 1, fd, record: record(), hold: undefined, heartbeatMs: 0, onRelease: () => {} };
    const lock = new OwnedLock(parts);
    assert.equal(lock.held(), false);
    assert.equal(lock.held(), false);
    lock.abandon();
    assert.equal(fs.existsSync(path), false);
  });

  test("held is false for good, with the error as the reason, when the process cannot look at the lock", () => {
    const reasons: [code: string, reason: RegExp][] = [
      ["EMFILE", /^its lock cannot be checked: EMFILE: /],
      ["ENOENT", /moved, replaced or removed/],
    ];
    for (const [code, reason] of reasons) {
      const directory = temporary.directory();
      const fd = fs.openSync(lockPath(directory, 1), "wx+");
      let isFailing = false;
      const look = (path: string) => {
        if (isFailing) throw Object.assign(new Error(`${code}: injected`), { code });
        return lookAt(path);
      };
      const parts = { directory, number: 1, fd, record: record(), hold: undefined, heartbeatMs: 60_000, look };
      const lock = new OwnedLock({ ...parts, onRelease: () => {} });
      lock.announce();
      assert.equal(lock.held(), true);
      isFailing = true;
      assert.equal(lock.held(), false);
      isFailing = false;
      assert.equal(lock.held(), false);
      assert.match(lock.lossReason ?? "", reason);
      lock.release();
    }
  });

  test("the timer sends heartbeats, and held does while no timer can run", async () => {
    const directory = temporary.directory();
    const lock = await lockDirectory(directory, QUICK);
    const path = lockPath(directory, 1);
    const beaten = () => fs.statSync(path).mtimeMs > LONG_AGO.getTime() + 1000;
    fs.utimesSync(path, LONG_AGO, LONG_AGO);
    assert.equal(beaten(), false);
    for (const end = Date.now() + 10_000; !beaten() && Date.now() < end; ) await sleep(20);
    assert.equal(beaten(), true);
    fs.utimesSync(path, LONG_AGO, LONG_AGO);
    // Waits for a heartbeat, however long this process is not scheduled.
    const end = Date.now() + 10_000;
    do assert.equal(lock.held(), true);
    while (!beaten() && Date.now() < end);
    assert.equal(beaten(), true);
    lock.release();
  });

  test("within the process an owner keeps its lock, however long it sends no heartbeat", async () => {
    const directory = temporary.directory();
    const lock = await lockDirectory(directory);
    fs.utimesSync(lockPath(directory, 1), LONG_AGO, LONG_AGO);
    await assertLocked(directory, QUICK, `${process.pid}`);
    assert.equal(lock.held(), true);
    lock.release();
  });

  test("an owner that lost its lock can lock again once the taker has ended, even before its own release", async () => {
    const directory = temporary.directory();
    const lost = await lockDirectory(directory);
    fs.rmSync(lockPath(directory, 1));
    fs.writeFileSync(lockPath(directory, 2), released());
    const lock = await lockDirectory(directory);
    lost.release();
    assert.equal(lock.held(), true);
    await assertLocked(directory, {}, String(process.pid));
    lock.release();
  });
});

describe("directory lock, content of the file", () => {
  const temporary = new Temporary();
  after(() => temporary.cleanUp());

  /** A directory with lock file 7. By default the record has the file's own inode. */
  function stale(change: Partial<LockRecord>, modified?: Date): string {
    const directory = temporary.directory();
    const path = lockPath(directory, 7);
    fs.writeFileSync(path, "");
    const inode = String(fs.statSync(path, { bigint: true }).ino);
    fs.writeFileSync(path, encodeRecord({ ...record(), inode, ...change }));
    if (modified) fs.utimesSync(path, modified, modified);
    return directory;
  }

  for (const [name, content] of Object.entries({
    empty: "",
    garbage: "\0\0\0{]",
    "of another format": '{"format":2}',
    "wrong in a type": JSON.stringify({ ...record(), pid: "1" }),
  })) {
    test(`a file that is ${name}: locked while it is fresh, taken over when it is old`, async () => {
      const directory = temporary.directory();
      fs.writeFileSync(lockPath(directory, 1), content);
      await assertLocked(directory, {}, "has not written its process id");
      fs.utimesSync(lockPath(directory, 1), LONG_AGO, LONG_AGO);
      await assertTakenOver(directory, QUICK, 2);
    });
  }

  test("the lock of an ended process is taken over at once", async () => {
    await assertTakenOver(stale({ pid: 2 ** 22 + 1 }), {}, 8);
  });

  test("the lock of a reused process id is taken over at once", async () => {
    await assertTakenOver(stale({ pid: process.ppid, started: "1" }), {}, 8);
  });

  test("another machine's owner is judged by its heartbeat: locked while fresh, with the time left", async () => {
    const directory = stale({ machine: "another", pid: 2 ** 22 + 1 });
    await assertLocked(directory, {}, `${2 ** 22 + 1}`, /last heartbeat was \d\.\d s ago.* taken over in \d+\.\d s/);
    fs.utimesSync(lockPath(directory, 7), LONG_AGO, LONG_AGO);
    await assertTakenOver(directory, QUICK, 8);
  });

  test("another machine's kernel lock proves nothing", async () => {
    await assertLocked(stale({ machine: "another", kernel: true }), {}, `${process.pid}`, /last heartbeat/);
  });

  test("an unknown machine never matches, not even itself", async () => {
    const { machine: _, ...unknown } = record();
    const directory = temporary.directory();
    const path = lockPath(directory, 1);
    fs.writeFileSync(path, "");
    const inode = String(fs.statSync(path, { bigint: true }).ino);
    fs.writeFileSync(path, encodeRecord({ ...unknown, inode, pid: 2 ** 22 + 1 }));
    await assertLocked(directory, {}, `${2 ** 22 + 1}`, /last heartbeat/);
  });

  test("our own process id and start, from another copy of this module: judged by the heartbeat", async () => {
    const directory = stale({});
    await assertLocked(directory, {}, `${process.pid}`, /last heartbeat/);
    fs.utimesSync(lockPath(directory, 7), LONG_AGO, LONG_AGO);
    await assertTakenOver(directory, QUICK, 8);
  });

  test("a copy of a locked directory is free at once, the original is not", async () => {
    const original = temporary.directory();
    const lock = await lockDirectory(original);
    const copy = `${temporary.directory()}/copy`;
    fs.cpSync(original, copy, { recursive: true, filter: (path) => !path.endsWith("luge.sock") });
    await assertTakenOver(copy, {}, 2);
    await assertLocked(original, {}, `${process.pid}`);
    assert.equal(lock.held(), true);
    lock.release();
  });

  test("a record with another inode, and without a directory, is judged by its heartbeat", async () => {
    const directory = stale({ inode: "1", kernel: false });
    await assertLocked(directory, {}, `${process.pid}`, /last heartbeat/);
    fs.utimesSync(lockPath(directory, 7), LONG_AGO, LONG_AGO);
    await assertTakenOver(directory, QUICK, 8);
  });

  test("a heartbeat in the future comes from a clock that was set back: watched, then taken over", async () => {
    await assertTakenOver(stale({ machine: "another" }, FAR_AHEAD), QUICK, 8);
  });

  test("an owner with a heartbeat while it is watched keeps its lock, however old it looked", async () => {
    const directory = stale({ machine: "another" }, LONG_AGO);
    const attempt = assertLocked(
      directory,
      { staleAfterMs: 5_000, heartbeatMs: 400 },
      `${process.pid}`,
      /last heartbeat/,
    );
    await sleep(100);
    fs.utimesSync(lockPath(directory, 7), new Date(), new Date());
    await attempt;
    assert.deepEqual(lockFiles(directory), ["LOCK.0000000007"]);
  });
});

describe("directory lock, the claim of a number", () => {
  const temporary = new Temporary();
  after(() => temporary.cleanUp());

  function claim(directory: string, number: number): OwnedLock | undefined {
    const times = { staleAfterMs: 10_000, heartbeatMs: 2_000 };
    const prober = { directory, id: "test", self: ownIdentity(), kernel: undefined, nonce: "test", ...times };
    return claimLock(prober, number, () => {});
  }

  test("a number that is taken cannot be claimed", () => {
    const directory = temporary.directory();
    fs.writeFileSync(lockPath(directory, 3), "x");
    assert.equal(claim(directory, 3), undefined);
    assert.equal(fs.readFileSync(lockPath(directory, 3), "utf8"), "x");
  });

  test("a late claim, below a higher number, is given up and touches nothing else", () => {
    const directory = temporary.directory();
    fs.writeFileSync(lockPath(directory, 2), "x");
    fs.writeFileSync(lockPath(directory, 5), "x");
    assert.equal(claim(directory, 3), undefined);
    assert.deepEqual(lockFiles(directory).sort(), ["LOCK.0000000002", "LOCK.0000000005"]);
  });

  test("the newest number is claimed, and all lower files are removed", () => {
    const directory = temporary.directory();
    for (const number of [1, 2, 4]) fs.writeFileSync(lockPath(directory, number), "x");
    const lock = claim(directory, 5);
    assert.equal(lock?.held(), true);
    assert.deepEqual(lockFiles(directory), ["LOCK.0000000005"]);
    lock?.release();
  });

  test("a claim that fails after it removed lower files leaves its own file, released", () => {
    const directory = temporary.directory();
    fs.writeFileSync(lockPath(directory, 1), "x");
    fs.mkdirSync(`${lockPath(directory, 2)}/full`, { recursive: true });
    assert.throws(
      () => claim(directory, 3),
      (error) => error instanceof Error && "code" in error,
    );
    assert.equal(JSON.parse(fs.readFileSync(lockPath(directory, 3), "utf8")).released, true);
  });
});

describe("directory lock, between threads", () => {
  const temporary = new Temporary();
  after(() => temporary.cleanUp());

  test("a worker cannot lock what the main thread holds", async () => {
    const directory = temporary.directory();
    const lock = await lockDirectory(directory, QUICK);
    const { worker, answer } = await startWorker(directory);
    assert.equal(answer.error, "STORE_LOCKED");
    assert.match(answer.message ?? "", new RegExp(`\\b${process.pid}\\b`));
    await worker.terminate();
    assert.equal(lock.held(), true);
    lock.release();
  });

  test("the main thread cannot lock what a worker holds, until the worker is terminated", async () => {
    const directory = temporary.directory();
    const { worker, answer } = await startWorker(directory);
    assert.equal(answer.held, true);
    await assertLocked(directory, QUICK, `${process.pid}`);
    await sleep(600);
    await assertLocked(directory, QUICK, `${process.pid}`);
    await listening(directory);
    await worker.terminate();
    await threadEnded(directory);
    // The take-over does not wait for a heartbeat.
    await assertTakenOver(directory, {}, 2);
  });

  async function startWorker(directory: string): Promise<{ worker: Worker; answer: WorkerAnswer }> {
    const worker = new Worker(new URL("./lock_worker.ts", import.meta.url), {
      workerData: { directory, options: QUICK },
    });
    const answer = await new Promise<WorkerAnswer>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    return { worker, answer };
  }
});

interface WorkerAnswer {
  readonly held?: boolean;
  readonly error?: string;
  readonly message?: string;
}

/** A record of this process. */
function record(): LockRecord {
  return { format: 1, ...ownIdentity(), nonce: "test", inode: "0", kernel: false, released: false };
}

function released(): Uint8Array {
  return encodeRecord({ ...record(), released: true });
}

async function assertLocked(directory: string, options: LockOptions, ...texts: (string | RegExp)[]): Promise<void> {
  const before = lockFiles(directory);
  await assert.rejects(lockDirectory(directory, options), (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, "STORE_LOCKED");
    for (const text of [directory, ...texts]) {
      assert.ok(typeof text === "string" ? error.message.includes(text) : text.test(error.message), error.message);
    }
    return true;
  });
  assert.deepEqual(lockFiles(directory), before);
}

async function assertTakenOver(directory: string, options: LockOptions, number: number): Promise<void> {
  const lock = await lockDirectory(directory, options);
  assert.equal(lock.held(), true);
  assert.deepEqual(lockFiles(directory), [`LOCK.${String(number).padStart(10, "0")}`]);
  lock.release();
}
