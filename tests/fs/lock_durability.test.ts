/**
 * The state of a lock after a power cut.
 */

import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import process from "node:process";
import { lockDirectory } from "../../src/fs/lock.ts";
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
