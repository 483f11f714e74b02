/**
 * The state of a lock after a power cut, and after a kill while it is taken.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import process from "node:process";
import { lockDirectory } from "../../src/fs/lock.ts";
import { storeError } from "../support/expect.ts";
import { nodeTest } from "../support/node_only.ts";
import { Temporary } from "./temporary.ts";

nodeTest("a lock's record is durable before lock() returns: a power cut leaves no empty lock file", async () => {
  const synced: string[] = [];
  const original = fs.fdatasyncSync;
  fs.fdatasyncSync = (fd) => {
    original(fd);
    const bytes = Buffer.alloc(1000);
    synced.push(bytes.toString("utf8", 0, fs.readSync(fd, bytes, 0, bytes.length, 0)));
  };
  syncBuiltinESMExports();
  const temporary = new Temporary();
  const lock = await lockDirectory(temporary.directory());
  try {
    assert.equal(synced.length, 1);
    assert.equal(JSON.parse(synced[0] ?? "").pid, process.pid);
  } finally {
    lock.release();
    await temporary.cleanUp();
    fs.fdatasyncSync = original;
    syncBuiltinESMExports();
  }
});

nodeTest("a process that is killed while it takes the lock leaves none: the next one has not to wait", async () => {
  const temporary = new Temporary();
  const directory = temporary.directory();
  const program = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    import { lockDirectory } from ${JSON.stringify(import.meta.resolve("../../src/fs/lock.ts"))};
    fs.linkSync = () => process.kill(process.pid, "SIGKILL");
    syncBuiltinESMExports();
    await lockDirectory(${JSON.stringify(directory)});`;
  try {
    const { signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program]);
    assert.equal(signal, "SIGKILL", String(stderr));
    assert.match(String(fs.readdirSync(directory)), /^LOCK\.probe-[0-9a-f]+\.new$/);
    const lock = await lockDirectory(directory);
    assert.deepEqual(fs.readdirSync(directory), ["LOCK.0000000001"]);
    lock.release();
  } finally {
    await temporary.cleanUp();
  }
});

nodeTest("where files cannot have two names, the lock is taken without", async () => {
  const original = fs.linkSync;
  fs.linkSync = () => {
    throw Object.assign(new Error("EPERM: no hard links"), { code: "EPERM" });
  };
  syncBuiltinESMExports();
  const temporary = new Temporary();
  try {
    const directory = temporary.directory();
    for (const name of ["LOCK.0000000001", "LOCK.0000000002"]) {
      const lock = await lockDirectory(directory);
      assert.deepEqual(fs.readdirSync(directory), [name]);
      await assert.rejects(lockDirectory(directory), storeError("STORE_LOCKED"));
      assert.ok(lock.held());
      lock.release();
    }
  } finally {
    await temporary.cleanUp();
    fs.linkSync = original;
    syncBuiltinESMExports();
  }
});
