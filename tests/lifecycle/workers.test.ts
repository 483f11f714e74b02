/**
 * Merges in a worker thread. The store keeps all entries if the thread fails, hangs or dies.
 */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { MemoryFileSystem, open } from "../../mod.ts";
import type { JobPlace, JobWorker } from "../../src/fs/job_worker.ts";
import { NodeFileSystem } from "../../src/fs/node.ts";
import { deferred } from "../../src/promises.ts";
import { withDirectory } from "../support/temporary.ts";
import { assertHolds, BATCH, BUFFER, keyOf, load, loadUntil, WatchedWorkers, withStore } from "./workers.ts";

test("a thread merges the entries, and ends with its store", async () => {
  const fileSystem = new WatchedWorkers();
  await withStore(fileSystem, async (store, warnings) => {
    await loadUntil(store, () => fileSystem.jobs > 20);
    await load(store);
    await assertHolds(store);
    await store.compact();
    await assertHolds(store);
    assert.deepEqual(warnings, []);
  });
  assert.deepEqual([fileSystem.started, fileSystem.stopped], [1, 1]);
});

test("a thread that is killed in a job is replaced twice; then the store does without one", async () => {
  const fileSystem = new WatchedWorkers((worker, job, number) => {
    const done = worker.run(job);
    if (number % 4 === 0) void worker.stop();
    return done;
  });
  await withStore(fileSystem, async (store, warnings) => {
    await loadUntil(store, () => warnings.length === 3);
    const { jobs } = fileSystem;
    await load(store);
    await assertHolds(store);
    assert.deepEqual([fileSystem.started, fileSystem.jobs, warnings.length], [3, jobs, 3]);
    assert.match(warnings[0] ?? "", /merges without a worker thread: The worker failed: /);
  });
});

test("a job that fails in the engine is done in the thread of the store", async () => {
  const fileSystem = new WatchedWorkers((worker, job) => worker.run(job.slice(0, job.length - 3)));
  await withStore(fileSystem, async (store, warnings) => {
    await loadUntil(store, () => warnings.length === 3);
    assert.match(warnings[0] ?? "", /a job or its answer is malformed/);
    await load(store);
    await assertHolds(store);
  });
});

test("the same if there is no memory for a job, or no thread can start", async () => {
  const poor = new WatchedWorkers(async () => {
    throw new Error("no memory for a job of 1 bytes");
  });
  await withStore(poor, async (store, warnings) => {
    await loadUntil(store, () => warnings.length === 3);
    await load(store);
    await assertHolds(store);
  });
  const none = new (class extends NodeFileSystem {
    override async startJobWorker(): Promise<JobWorker> {
      throw new Error("threads are forbidden");
    }
  })();
  await withStore(none, async (store, warnings) => {
    await load(store);
    await assertHolds(store);
    assert.match(warnings.join(), /merges without a worker thread: threads are forbidden$/);
  });
});

test("a store closes while a job hangs, and its thread changes nothing later", async () => {
  const held: { worker: JobWorker; job: Uint8Array<ArrayBuffer> }[] = [];
  const never = deferred<Uint8Array>();
  const fileSystem = new (class extends WatchedWorkers {
    override async startJobWorker(place: JobPlace): Promise<JobWorker> {
      const worker = await super.startJobWorker(place);
      // It outlives its store.
      return { run: (job) => worker.run(job), stop: async () => {} };
    }
  })((worker, job) => {
    held.push({ worker, job: job.slice() });
    return never.promise;
  });
  await withDirectory(async (path) => {
    const store = await open({ path, writeBufferSize: BUFFER, syncWrites: false, fileSystem, workers: "auto" });
    for (let i = 0; held.length === 0 && i < 200; i++) await Promise.race([load(store, BATCH), sleep(20)]);
    assert.ok(held.length > 0);
    const closing = store.close();
    // Close waits for the answer. The failure ends the wait.
    never.reject(new Error("it hangs"));
    await closing;
    await using again = await open(path);
    const before = again.version;
    // Threads keep no process alive.
    const alive = setInterval(() => {}, 1000);
    for (const { worker, job } of held) {
      await assert.rejects(worker.run(job));
      await worker.stop();
    }
    clearInterval(alive);
    await load(again);
    await assertHolds(again);
    assert.ok(again.version > before);
  });
});

test("a thread gets and gives buffers: Deno visits each byte of a view in a message", async () => {
  const messages = new Set<string>();
  const see = (message: unknown) => messages.add(Object.prototype.toString.call(message));
  const { prototype } = Worker;
  const { postMessage } = prototype;
  prototype.postMessage = function (this: Worker, ...of: Parameters<typeof postMessage>) {
    see(of[0]);
    postMessage.apply(this, of);
  };
  prototype.on = function (this: Worker, event: string, listener: (...of: unknown[]) => void) {
    if (event === "message") EventEmitter.prototype.on.call(this, event, ({ answer }) => answer && see(answer));
    return EventEmitter.prototype.on.call(this, event, listener) as Worker;
  };
  try {
    const fileSystem = new WatchedWorkers();
    await withStore(fileSystem, async (store) => {
      await loadUntil(store, () => fileSystem.jobs > 2);
      await load(store);
    });
  } finally {
    prototype.postMessage = postMessage;
    Reflect.deleteProperty(prototype, "on");
  }
  assert.deepEqual([...messages], ["[object ArrayBuffer]"]);
});

test("many stores have a thread each", async () => {
  await withDirectory(async (directory) => {
    const fileSystem = new WatchedWorkers();
    const config = { writeBufferSize: BUFFER, syncWrites: false, fileSystem, workers: "auto" } as const;
    const stores = await Promise.all([1, 2, 3, 4].map((i) => open({ ...config, path: `${directory}/${i}` })));
    for (let i = 0; i < 100 && (fileSystem.started < 4 || fileSystem.jobs < 20); i++)
      await Promise.all(stores.map((store) => load(store)));
    await Promise.all(stores.map((store) => assertHolds(store)));
    await Promise.all(stores.map((store) => store.close()));
    assert.deepEqual([fileSystem.started, fileSystem.stopped], [4, 4]);
  });
});

test("a thread changes the blocks that lead to moved values", async () => {
  /** The second lowest bit of a job says so. */
  let relocations = 0;
  const fileSystem = new WatchedWorkers((worker, job) => {
    relocations += ((job[0] ?? 0) >> 1) & 1;
    return worker.run(job);
  });
  await withDirectory(async (path) => {
    const config = { path, writeBufferSize: BUFFER, syncWrites: false, fileSystem, workers: "auto" } as const;
    await using store = await open(config);
    const last = new Map<string, number>();
    for (let round = 0; round < 200 && relocations < 4; round++) {
      for (let i = 0; i < 90; i++) {
        if (round > 0 && i % 3 > 0) continue;
        await store.put(keyOf(i), new Uint8Array(5000 + i).fill(round));
        last.set(keyOf(i), round);
      }
      await store.compact();
    }
    assert.ok(relocations >= 4, `${relocations} jobs relocated values`);
    for (const [key, round] of last) assert.equal((await store.get(key))?.at(-1), round);
    assert.deepEqual((await store.verify()).damages, []);
  });
});

test("with workers: false, or on another file system, no thread is started", async () => {
  const fileSystem = new WatchedWorkers();
  await withDirectory(async (path) => {
    await using store = await open({ path, writeBufferSize: BUFFER, syncWrites: false, fileSystem, workers: false });
    await load(store);
    await assertHolds(store);
  });
  assert.equal(fileSystem.started, 0);
  const memory = {
    path: "/data",
    writeBufferSize: BUFFER,
    fileSystem: new MemoryFileSystem(),
    workers: "auto",
  } as const;
  await using store = await open(memory);
  await load(store);
  await assertHolds(store);
});

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
