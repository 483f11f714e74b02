/**
 * A worker thread that is ready only while its engine closes.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryFileSystem } from "../../mod.ts";
import type { JobWorker } from "../../src/fs/job_worker.ts";
import { deferred } from "../../src/promises.ts";
import { Engine } from "../../src/wasm/engine.ts";
import { loadEngine } from "../../src/wasm/load.ts";

const VALUE = new Uint8Array(100).fill(7);

test("a worker that is ready after the engine has closed is stopped, and nothing fails", async () => {
  const fileSystem = new MemoryFileSystem();
  fileSystem.makeDirectory("/store");
  const ready = deferred<JobWorker>();
  let [isStarted, stops] = [false, 0];
  const start = () => {
    isStarted = true;
    return ready.promise;
  };
  const { compiled } = await loadEngine(undefined);
  const engine = await Engine.start(compiled, { fileSystem, path: "/store", owned: () => true }, { start });
  const sizes = { cacheSize: 1 << 20, writeBufferSize: 1 << 18 };
  await engine.open({ ...sizes, numVersionsToKeep: 1, readOnly: false, compression: "none", shareBuffers: false });
  const failures: unknown[] = [];
  engine.disk.onFailure((error) => failures.push(error));
  for (let i = 0; !isStarted && i < 10_000; i++) {
    engine.put(Uint8Array.of(i >> 8, i), VALUE, 0);
    if (engine.hasWork) engine.step();
  }
  assert.ok(isStarted);
  // The engine closes in this call, and its syncs are not done when it returns.
  const closing = engine.disk.close();
  const stop = async () => {
    stops += 1;
  };
  ready.resolve({ run: async () => new Uint8Array(), stop });
  await closing;
  assert.deepEqual([failures, stops], [[], 1]);
});
