/**
 * A worker in a thread of the runtime. This module is loaded with the first worker, and shares no code with others, so that it is a file
 * of its own in the package.
 *
 * @module
 */

import { closeSync, openSync } from "node:fs";
import type { Worker, WorkerOptions } from "node:worker_threads";
import type { JobWorker, WorkerData } from "./job_worker.ts";
import { WORKER_CODE } from "./worker/worker_code.ts";

/** A thread needs fewer descriptors to start. */
const DESCRIPTORS = 32;

/**
 * A message of the thread. Bytes travel as buffers, not as views: Deno looks for ports in every property of a message, and each byte of a view is one.
 */
interface Message {
  readonly isReady?: true;
  readonly answer?: ArrayBuffer;
  readonly failure?: string;
}

/** A caller that waits for a message. */
interface Waiting {
  resolve(answer: Uint8Array): void;
  reject(reason: Error): void;
}

/** Starts a thread. Settles once it can do jobs. It keeps no process alive. */
export async function startThread(data: WorkerData): Promise<JobWorker> {
  requireDescriptors(data.path);
  const threads = await import("node:worker_threads");
  const isDeno = "Deno" in globalThis;
  const code = isDeno ? new URL(`data:text/javascript,${encodeURIComponent(WORKER_CODE)}`) : WORKER_CODE;
  const options: WorkerOptions = {
    eval: !isDeno,
    workerData: data,
    name: "luge",
    // The options of the process are not for the worker. A test runner's options would load the tests again.
    execArgv: [],
  };
  // Without `new`: Turbopack takes the argument of a `new Worker(…)` for a file, and then for each file of the package.
  const worker: Worker = Reflect.construct(threads.Worker, [code, options]);
  const thread = new Thread(worker);
  // After the constructor: a new listener makes Node keep the process alive again.
  worker.unref();
  try {
    await thread.ready;
  } catch (error) {
    await thread.stop();
    throw error;
  }
  return thread;
}

/**
 * Throws if there are not enough free descriptors for a thread: Bun and Deno end the process if one of them cannot start
 * for that reason.
 */
function requireDescriptors(path: string): void {
  const open: number[] = [];
  try {
    while (open.length < DESCRIPTORS) open.push(openSync(path, "r"));
  } catch (error) {
    // Windows opens no directory, and has no such limit.
    const { code } = error as { code?: string };
    if (code === "EMFILE" || code === "ENFILE") throw error;
  } finally {
    for (const descriptor of open) closeSync(descriptor);
  }
}

class Thread implements JobWorker {
  readonly #worker: Worker;
  /** Settles once the thread can do jobs. */
  readonly ready: Promise<unknown>;
  /** The callers, in the order of their jobs. The first one waits for the thread to be ready. */
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (message: Message) => this.#take(message));
    worker.on("error", (error: unknown) => this.#end(String(error)));
    worker.on("messageerror", (error: unknown) => this.#end(String(error)));
    worker.on("exit", (code: unknown) => this.#end(`it ended with exit code ${code}`));
    this.ready = this.#next();
  }

  run(job: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const answer = this.#next();
    if (!this.#failure) this.#worker.postMessage(job.buffer, [job.buffer]);
    return answer;
  }

  async stop(): Promise<void> {
    this.#end("it was stopped");
    await this.#worker.terminate();
  }

  /** Settles with the next message that nobody waits for yet. */
  #next(): Promise<Uint8Array> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #take({ isReady, answer, failure }: Message): void {
    if (isReady || answer) this.#waiting.shift()?.resolve(answer ? new Uint8Array(answer) : new Uint8Array());
    else this.#end(failure ?? "its message is not an answer");
  }

  #end(reason: string): void {
    if (this.#failure) return;
    this.#failure = new Error(`The worker failed: ${reason}`);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
  }
}
