/** What the kernel says of a process that was stopped. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { linuxProcess } from "../../src/fs/process_identity.ts";
import { type Standstill, standstillOf } from "../../src/fs/stopped_process.ts";
import { until } from "../support/until.ts";

const linuxTest = process.platform === "linux" ? test : test.skip;

linuxTest("a process stands still after SIGSTOP, and has run after SIGCONT", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    await once(child, "spawn");
    const pid = child.pid as number;
    const identity = { pid, started: linuxProcess(String(pid))?.started as string };
    const now = (): Standstill => standstillOf(identity);
    assert.deepEqual(now(), { state: "runs" });
    process.kill(pid, "SIGSTOP");
    await until(() => now().state === "stopped", "it is stopped");
    const first = now();
    assert.deepEqual(now(), first, "it has not run");
    process.kill(pid, "SIGCONT");
    await until(() => now().state === "runs", "it runs");
    process.kill(pid, "SIGSTOP");
    await until(() => now().state === "stopped", "it is stopped again");
    assert.notDeepEqual(now(), first, "it has run");
    assert.deepEqual(standstillOf({ pid, started: "1" }), { state: "gone" }, "another process with its number");
    assert.deepEqual(standstillOf({ pid }), { state: "unknown" });
    process.kill(pid, "SIGKILL");
    await once(child, "exit");
    assert.deepEqual(now(), { state: "gone" });
  } finally {
    child.kill("SIGKILL");
  }
});
