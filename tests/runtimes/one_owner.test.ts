/**
 * A directory has only one owner at a time: see docs/design/ownership.md.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { open } from "../../mod.ts";
import { RUNTIMES } from "../../scripts/lib/runtimes.ts";
import { ended, kill, printed, start } from "../support/child.ts";
import { storeError } from "../support/expect.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const CHILD = join(import.meta.dirname, "child.ts");
const WORKER = new URL("./worker.ts", import.meta.url);

test("a second open in the same process is refused, until the first store is closed", () =>
  withDirectory(async (path) => {
    const store = await open(path);
    await assert.rejects(open(path), storeError("STORE_LOCKED", `${process.pid}`));
    await assert.rejects(open(`${path}/.`), storeError("STORE_LOCKED", `${process.pid}`));
    await store.put("still", "mine");
    await store.close();
    await (await open(path)).close();
  }));

test("an open in a worker is refused while the main thread has the store, and works afterwards", () =>
  withDirectory(async (path) => {
    const store = await open(path);
    assert.match(await askWorker(path), /^STORE_LOCKED The directory .*waitForLock$/);
    await store.put("still", "mine");
    await store.close();
    assert.equal(await askWorker(path), "opened");
  }));

nodeTest("an open on any runtime is refused while another one has the store, and the error names the owner", () =>
  withDirectory(async (path) => {
    for (const owner of RUNTIMES) {
      const child = start(owner, CHILD, ["hold", path]);
      const [, pid] = (await printed(child, "holding")).split(" ");
      for (const other of RUNTIMES) {
        const { code, output } = await ended(start(other, CHILD, ["check", path]));
        assert.equal(code, 0, output);
        assert.match(output, new RegExp(`^STORE_LOCKED .*process ${pid} \\(${owner}\\)`), `${other} against ${owner}`);
      }
      await kill(child);
    }
  }),
);

nodeTest("of two processes that race for the store of a killed one, one wins", () =>
  withDirectory(async (path) => {
    for (let round = 0; round < 9; round++) {
      const dead = start(RUNTIMES[round % 3] ?? "node", CHILD, ["hold", path, `${round}`]);
      await printed(dead, "holding");
      await kill(dead);
      const racers = [0, 1].map((i) => start(RUNTIMES[(round + i) % 3] ?? "node", CHILD, ["hold", path, `${round}`]));
      const results = await Promise.allSettled(racers.map((racer) => printed(racer, "")));
      const lines = results.map((result) => (result.status === "fulfilled" ? result.value : String(result.reason)));
      assert.equal(lines.filter((line) => line.startsWith("holding")).length, 1, lines.join("; "));
      assert.equal(lines.filter((line) => line.startsWith("STORE_LOCKED")).length, 1, lines.join("; "));
      for (const [i, line] of lines.entries()) if (line.startsWith("holding") && racers[i]) await kill(racers[i]);
      const { output } = await ended(start("node", CHILD, ["check", path, `${round}`]));
      assert.match(output, /^checked/m);
    }
  }),
);

async function askWorker(path: string): Promise<string> {
  const worker = new Worker(WORKER, { workerData: path });
  try {
    return await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  } finally {
    await worker.terminate();
  }
}
