/**
 * Sends jobs to a worker, and gives its answers to the engine. A job is a part of a merge or of a descent.
 *
 * @module
 */

import { clearTimeout, clock, setTimeout, type Timer } from "../clock.ts";
import type { JobWorker } from "../fs/job_worker.ts";
import type { HostFigures } from "../metrics.ts";
import { type Deferred, deferred } from "../promises.ts";
import { messageOf } from "../realm.ts";
import type { EngineCalls } from "./calls.ts";
import { JobsOf, ReplyWord, Status } from "./interface.ts";

/** After this many failures the engine does all work itself. */
const MOST_FAILURES = 3;
/** A job takes about 20 ms. After this time the worker counts as failed. */
const LONGEST_MS = 30_000;

/** Starts the workers of an engine. */
export interface JobWorkers {
  /** Starts a worker; `undefined` if there can be none. */
  readonly start: () => Promise<JobWorker | undefined>;
  /** Called after a failure. The engine then does the work itself. */
  readonly failed?: (reason: string) => void;
}

/** `idle`: no worker has been needed yet. `off`: the engine does all work itself. */
type Phase = "idle" | "starting" | "on" | "off";

/** The jobs of one engine. Without a worker, the engine does all work in its own steps. */
export class Jobs {
  readonly #calls: EngineCalls;
  readonly #workers: JobWorkers | undefined;
  #phase: Phase;
  #worker: JobWorker | undefined;
  #failures = 0;
  #done = 0;
  /** How many jobs the worker has not answered. */
  #out = 0;
  /** Settles at the next answer. */
  #answered: Deferred<void> | undefined;
  #timer: Timer | undefined;
  #stopped: Promise<void> | undefined;
  #failStore: (error: unknown) => void = () => {};

  constructor(calls: EngineCalls, workers: JobWorkers | undefined) {
    this.#calls = calls;
    this.#workers = workers;
    this.#phase = workers ? "idle" : "off";
  }

  /** Sets the listener for failures of the engine outside of any call. */
  onFailure(listener: (error: unknown) => void): void {
    this.#failStore = listener;
  }

  get figures(): Pick<HostFigures, "workerJobs" | "workerFailures"> {
    return { workerJobs: this.#done, workerFailures: this.#failures };
  }

  /** Runs after a step. Sends the next job, if there is one. Starts a worker for the first job. Sends one job only: making it takes milliseconds. */
  pump(): void {
    if (this.#phase === "off") return;
    if (this.#present !== JobsOf.SOME) return;
    if (this.#phase === "idle") this.#start();
    if (this.#phase === "on") this.#send();
  }

  /** Whether there are jobs, as of the last write or step. */
  get #present(): number {
    return this.#calls.memory.replyWord(ReplyWord.jobs);
  }

  /** As {@linkcode Jobs.pump}, for the last steps of a store. Starts no worker. */
  pumpIfOn(): void {
    if (this.#phase === "on") this.pump();
  }

  /** Settles at the next answer, if the engine can do nothing before. */
  awaited(): Promise<void> | undefined {
    if (this.#out === 0 || this.#present !== JobsOf.AWAITED) return undefined;
    this.#answered ??= deferred<void>();
    return this.#answered.promise;
  }

  /** Sends no more jobs, and ignores all answers. Settles once the worker has ended. */
  stop(): Promise<void> {
    this.#phase = "off";
    this.#stopped ??= this.#endWorker();
    return this.#stopped;
  }

  #start(): void {
    this.#phase = "starting";
    this.#workers?.start().then(
      (worker) => {
        if (this.#phase !== "starting" || !worker) {
          void worker?.stop();
          this.#phase = "off";
          return;
        }
        this.#worker = worker;
        this.#phase = "on";
        this.#guarded(() => {
          this.#calls.run("write", (exports) => exports.luge_run_jobs(1));
          this.pump();
        });
      },
      (error: unknown) => this.#failed(error),
    );
  }

  #send(): void {
    const { exports, memory } = this.#calls;
    const worker = this.#worker;
    if (!worker || this.#calls.run("write", () => exports.luge_next_job(clock.now())) !== Status.Ok) return;
    const number = memory.replyCount;
    const job = new Uint8Array(memory.replyLength);
    memory.replyInto(job, 0);
    this.#out += 1;
    this.#watch();
    // All that the job names is in the files, although perhaps not durable.
    worker.run(job).then(
      (answer) => this.#finish(worker, number, answer),
      (error: unknown) => this.#failed(error, worker),
    );
  }

  #finish(worker: JobWorker, number: number, answer: Uint8Array): void {
    if (this.#phase !== "on" || worker !== this.#worker) return;
    this.#out -= 1;
    this.#done += 1;
    this.#watch();
    this.#guarded(() => {
      this.#calls.memory.request(answer, undefined);
      this.#calls.run("write", (exports) => exports.luge_finish_job(number, answer.length));
      this.pump();
    });
    this.#release();
  }

  /** Ends a worker that failed or could not start. The engine takes its jobs back. */
  #failed(error: unknown, worker?: JobWorker): void {
    if (this.#phase === "off" || (worker && worker !== this.#worker)) return;
    this.#failures += 1;
    const isLast = this.#failures >= MOST_FAILURES || this.#phase === "starting";
    this.#workers?.failed?.(messageOf(error));
    void this.#endWorker();
    this.#phase = isLast ? "off" : "idle";
    this.#guarded(() => {
      this.#calls.run("write", (exports) => exports.luge_fail_jobs());
      this.#calls.run("write", (exports) => exports.luge_run_jobs(0));
    });
    this.#release();
  }

  async #endWorker(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#out = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#release();
    await worker?.stop().catch(() => {});
  }

  #release(): void {
    this.#answered?.resolve();
    this.#answered = undefined;
  }

  /** Fails the store if the call fails. There is no caller that could get the error. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#failStore(error);
    }
  }

  /** Limits the time of the oldest job. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#out === 0) return;
    const worker = this.#worker;
    this.#timer = setTimeout(() => this.#failed(new Error("a job took too long"), worker), LONGEST_MS);
    this.#timer.unref();
  }
}
