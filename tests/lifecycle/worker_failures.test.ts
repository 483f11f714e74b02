/**
 * Worker threads that really fail: they trap, have no memory, hang, or outlive the ownership of the directory. The store
 * goes on without them, and its metrics and its log say so.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { open, type SledStore } from "../../mod.ts";
import { launcher } from "../../scripts/lib/runtimes.ts";
import type { JobPlace, JobWorker } from "../../src/fs/job_worker.ts";
import { NodeFileSystem } from "../../src/fs/node.ts";
import { deferred } from "../../src/promises.ts";
import { engineThatHangsIn, engineThatTrapsIn, engineWithLittleMemory } from "../support/altered_engine.ts";
import { RUNTIME } from "../support/runtime.ts";
import { withDirectory } from "../support/temporary.ts";
import { assertHolds, BUFFER, load, loadUntil, WatchedWorkers, withStore } from "./workers.ts";

/** The disk, with workers that have another build of the engine than their store. */
class AlteredWorkers extends WatchedWorkers {
  readonly #module: Promise<WebAssembly.Module>;

  constructor(engine: Uint8Array) {
    super();
    this.#module = WebAssembly.compile(engine as Uint8Array<ArrayBuffer>);
  }

  override async startJobWorker(place: JobPlace): Promise<JobWorker> {
    return await super.startJobWorker({ ...place, module: await this.#module });
  }
}

/** Every worker fails in its first job. After three the store does without. */
async function assertFailures(fileSystem: WatchedWorkers, reason: RegExp): Promise<void> {
  await withStore(fileSystem, async (store, warnings) => {
    await loadUntil(store, () => warnings.length === 3);
    await load(store);
    await assertHolds(store);
    for (const warning of warnings) assert.match(warning, reason);
    const { workerFailures } = store.metrics();
    assert.deepEqual([fileSystem.started, warnings.length, workerFailures], [3, 3, 3]);
  });
}

test("a worker that traps in a job ends, and the thread of the store does the job", () =>
  assertFailures(
    new AlteredWorkers(engineThatTrapsIn("luge_do_job")),
    /merges without a worker thread: The worker failed: RuntimeError: .*unreachable/i,
  ));

test("so does a worker that has no memory for a job", () =>
  assertFailures(
    new AlteredWorkers(engineWithLittleMemory()),
    /merges without a worker thread: The worker failed: .*(?:no memory|unreachable)/i,
  ));

test("a worker whose engine does not start fails once, and no other one is started", async () => {
  const fileSystem = new AlteredWorkers(engineThatTrapsIn("_initialize"));
  await withStore(fileSystem, async (store, warnings) => {
    await loadUntil(store, () => warnings.length === 1);
    await load(store);
    await assertHolds(store);
    assert.deepEqual([fileSystem.started, warnings.length, store.metrics().workerFailures], [1, 1, 1]);
  });
});

test("no thread is started with few free file descriptors: Bun and Deno would end the process", {
  skip: process.platform === "win32",
}, async () => {
  await withDirectory((path) => {
    const [command, flags] = launcher(RUNTIME);
    const program = [command, ...flags, join(import.meta.dirname, "few_descriptors.ts"), path];
    const child = spawnSync("sh", ["-c", 'ulimit -n 200; exec "$@"', "sh", ...program], { encoding: "utf8" });
    const output = child.stdout + child.stderr;
    assert.equal(child.status, 0, output);
    assert.match(output, /^jobs 0, failures 1$/m);
    assert.equal(output.match(/merges without a worker thread: EMFILE/g)?.length, 1, output);
  });
});

test("the warning says that the directory was moved, and not what the worker missed there", async () => {
  await withDirectory(async (root) => {
    const [path, warnings] = [`${root}/data`, [] as string[]];
    const fileSystem = new WatchedWorkers(async () => {
      // The step that sent the job writes nothing after the move: so the failure of the worker comes first.
      await sleep(1);
      renameSync(path, `${root}/moved`);
      throw new Error("a file is missing, and the store still needs it");
    });
    const logger = { debug() {}, info() {}, warn: (line: string) => warnings.push(line), error() {} };
    const options = { path, writeBufferSize: BUFFER, syncWrites: false, fileSystem, logger, loggingLevel: 2 } as const;
    const store = await open({ ...options, workers: "auto" });
    await assert.rejects(
      loadUntil(store, () => false),
      /moved, replaced or removed/,
    );
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /merges without a worker thread: the directory was moved, replaced or removed/);
    await store.close();
  });
});

test("a store closes while its worker is in a loop of seconds", async () => {
  let failed: (() => void) | undefined;
  const fileSystem = new (class extends AlteredWorkers {
    override async startJobWorker(place: JobPlace): Promise<JobWorker> {
      const worker = await super.startJobWorker(place);
      const failure = deferred<Uint8Array>();
      failure.promise.catch(() => {});
      failed = () => failure.reject(new Error("a job took too long"));
      return { run: (job) => Promise.race([worker.run(job), failure.promise]), stop: () => worker.stop() };
    }
  })(engineThatHangsIn("luge_do_job"));
  await withStore(fileSystem, async (store) => {
    // Commits wait for the job. After the limit of time its failure ends their wait: the test does not wait so long.
    const loading = loadUntil(store, () => store.metrics().workerFailures === 3);
    const limit = setInterval(() => failed?.(), 50);
    await loading;
    clearInterval(limit);
    await load(store);
    await assertHolds(store);
  });
});

/** A segment without blocks is not longer. */
const HEADER_BYTES = 64;

/** Names and bytes of the segments with blocks. While a job is out, only its worker writes blocks. */
function blocksIn(path: string): Record<string, string> {
  const files = ["upper", "bottom"].flatMap((level) =>
    readdirSync(join(path, level)).map((name) => join(path, level, name)),
  );
  const found = files.map((file) => [file, readFileSync(file, "latin1")] as const);
  return Object.fromEntries(found.filter(([, bytes]) => bytes.length > HEADER_BYTES).sort());
}

/** A store whose worker has a job that it has not begun. */
interface Late {
  readonly store: SledStore;
  readonly path: string;
  /** Lets the worker do the job. */
  readonly begin: () => Promise<Uint8Array>;
}

/** Calls `use` with a store whose first job is held back. */
async function withLateWorker(use: (late: Late) => Promise<void>): Promise<void> {
  const held = deferred<() => Promise<Uint8Array>>();
  const never = deferred<Uint8Array>();
  let worker: JobWorker | undefined;
  const fileSystem = new (class extends NodeFileSystem {
    override async startJobWorker(place: JobPlace): Promise<JobWorker> {
      const own = await super.startJobWorker(place);
      worker = own;
      return {
        run: (job) => {
          const kept = job.slice();
          held.resolve(() => own.run(kept));
          return never.promise;
        },
        // It outlives its store.
        stop: async () => {},
      };
    }
  })();
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  // A thread keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  try {
    await withDirectory(async (path) => {
      const config = { path, writeBufferSize: BUFFER, syncWrites: false, fileSystem, logger: silent } as const;
      const store = await open({ ...config, workers: "auto" });
      const begun = held.promise;
      let isHeld = false;
      void begun.then(() => {
        isHeld = true;
      });
      const loading = loadUntil(store, () => isHeld).catch(() => {});
      const begin = await begun;
      await use({ store, path, begin });
      never.reject(new Error("it hangs"));
      await loading;
      await store.close().catch(() => {});
    });
  } finally {
    clearInterval(alive);
    await worker?.stop();
  }
}

test("a worker writes nothing once another owner has the directory", () =>
  withLateWorker(async ({ path, begin }) => {
    // As a process does that takes the directory over.
    const [newest = ""] = readdirSync(path)
      .flatMap((name) => /^LOCK\.(\d+)$/.exec(name)?.[1] ?? [])
      .sort()
      .reverse();
    writeFileSync(join(path, `LOCK.${String(Number(newest) + 1).padStart(newest.length, "0")}`), "");
    const before = blocksIn(path);
    await assert.rejects(begin(), /The worker failed: /);
    assert.deepEqual(blocksIn(path), before);
  }));

test("the same worker does its job while the store has the directory", () =>
  withLateWorker(async ({ path, begin }) => {
    const before = blocksIn(path);
    assert.ok((await begin()).length > 0);
    assert.notDeepEqual(blocksIn(path), before);
  }));
