/**
 * The socket of an owner shows at once whether the owner is alive.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { connect, createServer } from "node:net";
import process from "node:process";
import { after, describe, test } from "node:test";
import { StoreError } from "../../src/errors.ts";
import { type LockOptions, lockDirectory } from "../../src/fs/lock.ts";
import { encodeRecord, type LockRecord, lockPath, readLock } from "../../src/fs/lock_record.ts";
import { greeting } from "../../src/fs/lock_socket.ts";
import { ownIdentity } from "../../src/fs/process_identity.ts";
import { Child, childCommand } from "./child.ts";
import { listening, lockFiles, Temporary } from "./temporary.ts";

const QUICK: LockOptions = { staleAfterMs: 400, heartbeatMs: 40 };
const LONG_AGO = new Date(Date.now() - 3_600_000);
const ON_WINDOWS = process.platform === "win32";

describe("the socket of a lock", { skip: ON_WINDOWS }, () => {
  const temporary = new Temporary();
  after(() => temporary.cleanUp());

  /** A directory that is locked by an owner in another container, whose process is not visible here. */
  function ofAnotherContainer(change: Partial<LockRecord> = {}): string {
    const directory = temporary.directory();
    const path = lockPath(directory, 1);
    fs.writeFileSync(path, "");
    const inode = String(fs.statSync(path, { bigint: true }).ino);
    const who = { ...ownIdentity(), namespace: "another", pid: 1, nonce: "test", inode };
    const record = { format: 1, ...who, kernel: false, socket: "luge.sock", released: false, ...change } as const;
    fs.writeFileSync(path, encodeRecord(record));
    return directory;
  }

  test("greets with the nonce of the lock, and is removed when the lock is released", async () => {
    const directory = temporary.directory();
    const lock = await lockDirectory(directory);
    assert.equal(await listening(directory), "luge.sock");
    assert.equal(await said(`${directory}/luge.sock`), greeting(readLock(directory, 1)?.record?.nonce ?? ""));
    lock.release();
    assert.deepEqual(fs.readdirSync(directory), ["LOCK.0000000001"]);
  });

  test("is bound by the next owner although a dead one left a complete and an incomplete socket", async () => {
    const directory = temporary.directory();
    await deadSocket(`${directory}/luge.sock`);
    await deadSocket(`${directory}/luge.0a1f`);
    const lock = await lockDirectory(directory);
    await listening(directory);
    assert.match(await said(`${directory}/luge.sock`), /^luge 1 /);
    assert.deepEqual(fs.readdirSync(directory).sort(), ["LOCK.0000000001", "luge.sock"]);
    lock.release();
  });

  test("is not created if a file has its name; the lock works all the same", async () => {
    const directory = temporary.directory();
    fs.mkdirSync(`${directory}/luge.sock`);
    const lock = await lockDirectory(directory);
    assert.equal(lock.held(), true);
    lock.release();
    assert.ok(fs.statSync(`${directory}/luge.sock`).isDirectory());
  });

  test("that refuses belongs to a dead owner, even if its process is not visible", async () => {
    const directory = ofAnotherContainer();
    await deadSocket(`${directory}/luge.sock`);
    await assertTakenOver(directory, 2);
  });

  test("that refuses proves nothing about an owner on another or an unknown machine", async () => {
    const { machine: _, ...unknown } = ownIdentity();
    for (const change of [{ machine: "another" }, { ...unknown, machine: undefined }] as Partial<LockRecord>[]) {
      const directory = ofAnotherContainer(change);
      await deadSocket(`${directory}/luge.sock`);
      await assertLocked(directory, {}, /last heartbeat/);
    }
  });

  test("that is missing proves nothing", async () => {
    await assertLocked(ofAnotherContainer(), {}, /last heartbeat/);
  });

  for (const [name, words, owner] of [
    ["greets", greeting("test"), /is locked by process 1 \(\w+\);/],
    ["sends nothing, as that of a stopped owner", "", /is locked by process 1 \(\w+\);/],
  ] as const) {
    test(`that ${name} belongs to a live owner, however old its heartbeat is`, async () => {
      const directory = ofAnotherContainer();
      fs.utimesSync(lockPath(directory, 1), LONG_AGO, LONG_AGO);
      const close = await listen(`${directory}/luge.sock`, words);
      await assertLocked(directory, QUICK, owner);
      close();
    });
  }

  test("that greets with another nonce belongs to another owner: the heartbeat decides", async () => {
    const directory = ofAnotherContainer();
    const close = await listen(`${directory}/luge.sock`, greeting("else"));
    await assertLocked(directory, {}, /last heartbeat/);
    fs.utimesSync(lockPath(directory, 1), LONG_AGO, LONG_AGO);
    const lock = await lockDirectory(directory, QUICK);
    await listening(directory);
    lock.release();
    close();
  });

  test("of a directory with a long path is reached through another path", {
    skip: process.platform !== "linux",
  }, async () => {
    const directory = `${temporary.directory()}/${"long".repeat(40)}`;
    fs.mkdirSync(directory);
    const lock = await lockDirectory(directory);
    assert.equal(await listening(directory), "luge.sock");
    assert.deepEqual(fs.readdirSync(directory).sort(), ["LOCK.0000000001", "luge.sock"]);
    fs.renameSync(directory, `${temporary.directory()}/short`);
    lock.release();
  });

  test("of another store is left alone when the directory was moved", async () => {
    const directory = temporary.directory();
    const lost = await lockDirectory(directory);
    await listening(directory);
    fs.renameSync(directory, `${directory}.old`);
    fs.mkdirSync(directory);
    const lock = await lockDirectory(directory);
    await listening(directory);
    lost.release();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.match(await said(`${directory}/luge.sock`), /^luge 1 /);
    assert.equal(lock.held(), true);
    lock.release();
  });

  for (const runtime of ["node", "bun", "deno"] as const) {
    test(`of a ${runtime} that was killed in a container tells the next owner at once`, {
      skip: !mayUnshare(),
    }, async () => {
      const directory = temporary.directory();
      const contained = (mount: string[]) =>
        Child.start(["unshare", "--pid", "--fork", "--kill-child", ...mount, ...childCommand(runtime, directory)]);
      for (const mount of [[], ["--mount-proc"], []]) {
        const owner = await contained(mount);
        try {
          assert.deepEqual(await owner.ask({ do: "lock", directory }), { held: true });
          await listening(directory);
        } finally {
          // Its own process id is 1 in the container, and must not be killed here.
          await owner.killProgram();
        }
      }
    });
  }

  test("needs a permission on Deno; without it the heartbeat decides", async () => {
    const directory = temporary.directory();
    const scoped = childCommand("deno-scoped", directory);
    const at = scoped.indexOf("--no-prompt");
    const allowed = [...scoped.slice(0, at), `--allow-net=unix:${directory}/luge.sock`, ...scoped.slice(at)];
    const owner = temporary.own(await Child.start(allowed));
    const answer = await owner.ask({ do: "lock", directory });
    assert.deepEqual(answer, { held: true });
    assert.equal(await listening(directory), "luge.sock");
    assert.match(await said(`${directory}/luge.sock`), /^luge 1 /);
    await owner.ask({ do: "release" });
    assert.deepEqual(lockFiles(directory), ["LOCK.0000000001"]);
    const other = temporary.own(await Child.start(scoped));
    assert.deepEqual(await other.ask({ do: "lock", directory }), { held: true });
    assert.equal(readLock(directory, 2)?.record?.socket, undefined);
    await Promise.all([owner.kill(), other.kill()]);
  });
});

describe("two copies of the module in one process", () => {
  const temporary = new Temporary();
  after(() => temporary.cleanUp());

  test("know of each other's directories", async () => {
    const directory = temporary.directory();
    const source = temporary.directory();
    fs.cpSync(new URL("../../src", import.meta.url), source, { recursive: true });
    const other: { lockDirectory: typeof lockDirectory } = await import(`file://${source}/fs/lock.ts`);
    assert.notEqual(other.lockDirectory, lockDirectory);
    const lock = await lockDirectory(directory);
    fs.utimesSync(lockPath(directory, 1), LONG_AGO, LONG_AGO);
    await assert.rejects(other.lockDirectory(directory, QUICK), /is already open/);
    lock.release();
    const theirs = await other.lockDirectory(directory);
    await assertLocked(directory, {}, /is already open/);
    theirs.release();
  });
});

/** The first line that a socket sends. */
function said(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let words = "";
    const socket = connect(path);
    socket.on("data", (bytes) => {
      words += bytes;
      if (words.endsWith("\n")) socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(words));
  });
}

/** Listens, and greets with `words`. Returns a function that stops it. */
async function listen(path: string, words: string): Promise<() => void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (words) socket.end(words);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  server.unref();
  return () => server.close();
}

/** A socket that nobody listens on, as a killed process leaves it. */
async function deadSocket(path: string): Promise<void> {
  const close = await listen(`${path}.now`, "");
  fs.renameSync(`${path}.now`, path);
  close();
}

function mayUnshare(): boolean {
  try {
    execFileSync("unshare", ["--pid", "--fork", "--mount-proc", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function assertLocked(directory: string, options: LockOptions, text: RegExp): Promise<void> {
  await assert.rejects(lockDirectory(directory, options), (error) => {
    assert.ok(error instanceof StoreError && error.code === "STORE_LOCKED", String(error));
    assert.match(error.message, text);
    assert.match(error.message, /^The directory '.*waitForLock/);
    return true;
  });
}

async function assertTakenOver(directory: string, number: number): Promise<void> {
  const lock = await lockDirectory(directory);
  assert.equal(lock.held(), true);
  assert.deepEqual(lockFiles(directory), [`LOCK.${String(number).padStart(10, "0")}`]);
  lock.release();
}
