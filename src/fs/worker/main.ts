/**
 * The code of a worker thread. It has an instance of the engine that does the jobs of a store, on the files of that store.
 * `node scripts/build.ts worker` writes this code as text to
 * `worker_code.ts`.
 *
 * The worker opens files by path, because threads share no descriptors on Deno. It creates and removes no file, and writes only to
 * segments that the store created for it.
 *
 * @module
 */

import type * as Fs from "node:fs";
import type { WorkerData } from "../job_worker.ts";
import { WorkerFiles } from "./files.ts";
import { JobWasi } from "./wasi.ts";

/** The exports of the engine that a worker uses. */
interface JobExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  luge_reply(): number;
  luge_reserve(length: number): number;
  luge_do_job(length: number): number;
}

/** Starts an instance. The returned function does one job. */
function start(fs: typeof Fs, { module, path, fence }: WorkerData): (job: Uint8Array) => Uint8Array<ArrayBuffer> {
  const wasi = new JobWasi(new WorkerFiles(fs, path, fence));
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.imports() });
  const engine = instance.exports as unknown as JobExports;
  wasi.memory = engine.memory;
  engine._initialize();
  return (job) => {
    const address = engine.luge_reserve(job.length);
    if (address === 0) throw new Error(`no memory for a job of ${job.length} bytes`);
    new Uint8Array(engine.memory.buffer, address, job.length).set(job);
    const status = engine.luge_do_job(job.length);
    const [at = 0, length = 0] = new Uint32Array(engine.memory.buffer, engine.luge_reply(), 2);
    const reply = new Uint8Array(engine.memory.buffer, at, length).slice();
    if (status !== 0) throw new Error(`${new TextDecoder().decode(reply)} (status ${status})`);
    return reply;
  };
}

async function main(): Promise<void> {
  const [fs, { parentPort, workerData }] = await Promise.all([import("node:fs"), import("node:worker_threads")]);
  if (!parentPort) return;
  // The thread of the store gets every failure. One that nobody catches, Deno prints.
  const guarded = (call: () => void) => {
    try {
      call();
    } catch (error) {
      parentPort.postMessage({ failure: String(error) });
    }
  };
  guarded(() => {
    const run = start(fs, workerData as WorkerData);
    parentPort.on("message", (job: ArrayBuffer) =>
      guarded(() => {
        const answer = run(new Uint8Array(job)).buffer;
        parentPort.postMessage({ answer }, [answer]);
      }),
    );
    parentPort.postMessage({ isReady: true });
  });
}

void main();
