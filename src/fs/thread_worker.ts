/**
 * A worker thread of the runtime that does jobs of an engine.
 *
 * @module
 */

import type { Worker } from "node:worker_threads";
import { type Deferred, deferred } from "../promises.ts";
import type { JobWorker, WorkerData } from "./job_worker.ts";
import { WORKER_SOURCE } from "./worker/source.ts";

interface Message {
  readonly isReady?: true;
  readonly answer?: Uint8Array;
  readonly failure?: string;
}

/** Starts a thread; settles once it can do jobs. It keeps no process alive. */
export async function startThread(data: WorkerData): Promise<JobWorker> {
  // Loaded for those who need it.
  const threads = await import("node:worker_threads");
  const isDeno = "Deno" in globalThis;
  const source = isDeno ? new URL(`data:text/javascript,${encodeURIComponent(WORKER_SOURCE)}`) : WORKER_SOURCE;
  const worker = new threads.Worker(source, {
    eval: !isDeno,
    workerData: data,
    name: "luge",
    // What the process was started with, such as a test runner's options, is not for a worker.
    execArgv: [],
  });
  const thread = new Thread(worker);
  // Behind its listeners, which let Node wait for messages again.
  worker.unref();
  await thread.ready;
  return thread;
}

class Thread implements JobWorker {
  readonly #worker: Worker;
  readonly #ready: Deferred<void> = deferred<void>();
  readonly #waiting: Deferred<Uint8Array>[] = [];
  #failure: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (message: Message) => this.#take(message));
    worker.on("error", (error: unknown) => this.#end(String(error)));
    worker.on("messageerror", (error: unknown) => this.#end(String(error)));
    worker.on("exit", (code: unknown) => this.#end(`it ended with exit code ${code}`));
    this.#ready.promise.catch(() => {});
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  run(job: Uint8Array): Promise<Uint8Array> {
    const waiting = deferred<Uint8Array>();
    if (this.#failure) waiting.reject(this.#failure);
    else {
      this.#waiting.push(waiting);
      this.#worker.postMessage(job, [job.buffer as ArrayBuffer]);
    }
    return waiting.promise;
  }

  async stop(): Promise<void> {
    this.#end("it was stopped");
    await this.#worker.terminate();
  }

  #take({ isReady, answer, failure }: Message): void {
    if (isReady) this.#ready.resolve();
    else if (answer) this.#waiting.shift()?.resolve(answer);
    else this.#end(failure ?? "it sent what is no answer");
  }

  #end(reason: string): void {
    if (this.#failure) return;
    this.#failure = new Error(`The worker cannot go on: ${reason}`);
    this.#ready.reject(this.#failure);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
  }
}
