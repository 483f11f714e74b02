/**
 * Hands merges and descents out to a worker, and takes what came of them.
 *
 * @module
 */

import { clearTimeout, clock, setTimeout, type Timer } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { JobWorker } from "../fs/job_worker.ts";
import { type Deferred, deferred } from "../promises.ts";
import type { EngineCalls } from "./calls.ts";
import { JobsOf, ReplyWord, Status } from "./interface.ts";

/** After so many failures all is done here. */
const MOST_FAILURES = 3;
/** A job takes some 50 ms. One that takes this long is taken back. */
const LONGEST_MS = 30_000;

/** Where workers come from, and who learns of their ends. */
export interface JobWorkers {
  /** Starts one; `undefined` where there can be none. */
  readonly start: () => Promise<JobWorker | undefined>;
  /** Told of what failed: the work is done all the same, in the thread of the store. */
  readonly failed?: (reason: string) => void;
}

type Phase = "idle" | "starting" | "on" | "over";

/** The jobs of one engine. Without workers all is done by the engine's own steps. */
export class Jobs {
  readonly #calls: EngineCalls;
  readonly #workers: JobWorkers | undefined;
  #phase: Phase;
  #worker: JobWorker | undefined;
  #failures = 0;
  /** How many jobs are out, and whom the next answer lets go on. */
  #out = 0;
  /** Whether there was nothing else to do after the last step. */
  #isAwaited = false;
  #answered: Deferred<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #stopped: Promise<void> | undefined;
  #failStore: (error: unknown) => void = () => {};

  constructor(calls: EngineCalls, workers: JobWorkers | undefined) {
    this.#calls = calls;
    this.#workers = workers;
    this.#phase = workers ? "idle" : "over";
  }

  /** Calls when the engine fails outside of any call. */
  onFailure(listener: (error: unknown) => void): void {
    this.#failStore = listener;
  }

  /** After a step: starts a worker for the first job, and hands out what there is. */
  pump(): void {
    if (this.#phase === "over") return;
    if (this.#present === JobsOf.SOME) {
      if (this.#phase === "idle") this.#start();
      while (this.#phase === "on" && this.#handOut());
    }
    this.#isAwaited = this.#present === JobsOf.AWAITED;
  }

  get #present(): number {
    return this.#calls.memory.replyWord(ReplyWord.jobs);
  }

  /** As {@linkcode Jobs.pump}, for the last steps: for those no worker is started. */
  pumpIfOn(): void {
    if (this.#phase === "on") this.pump();
  }

  /** What to wait for when there is nothing to do before a job is answered. */
  awaited(): Promise<void> | undefined {
    if (this.#out === 0 || !this.#isAwaited) return undefined;
    this.#answered ??= deferred<void>();
    return this.#answered.promise;
  }

  /** Hands nothing out any more, and takes no answer. Settles when the worker is over. */
  stop(): Promise<void> {
    this.#phase = "over";
    this.#stopped ??= this.#endWorker();
    return this.#stopped;
  }

  #start(): void {
    this.#phase = "starting";
    this.#workers?.start().then(
      (worker) => {
        if (this.#phase !== "starting" || !worker) {
          void worker?.stop();
          this.#phase = "over";
          return;
        }
        this.#worker = worker;
        this.#phase = "on";
        this.#guarded(() => {
          this.#calls.run("write", () => this.#calls.exports.luge_run_jobs(1));
          this.pump();
        });
      },
      (error: unknown) => this.#failed(error),
    );
  }

  #handOut(): boolean {
    const { exports, memory } = this.#calls;
    const worker = this.#worker;
    if (!worker || this.#calls.work("write", () => exports.luge_next_job(clock.now())) !== Status.Ok) return false;
    const number = memory.replyCount;
    const job = new Uint8Array(memory.replyLength);
    memory.replyInto(job, 0);
    this.#out += 1;
    this.#watch();
    // What the job reads may still wait for the disk, and so may the segments that it writes to.
    const settled = this.#calls.settled("write", "table");
    const sent = this.#last.then(() => settled);
    this.#last = sent.catch(() => {});
    sent
      .then(() => this.#run(worker, job))
      .then(
        (answer) => this.#finish(worker, number, answer),
        (error: unknown) => this.#failed(error, worker),
      );
    return true;
  }

  /** One that was given up meanwhile gets no more jobs. */
  async #run(worker: JobWorker, job: Uint8Array): Promise<Uint8Array> {
    if (worker !== this.#worker) throw new Error("The worker is over");
    return await worker.run(job);
  }

  #finish(worker: JobWorker, number: number, answer: Uint8Array): void {
    if (this.#phase !== "on" || worker !== this.#worker) return;
    this.#out -= 1;
    this.#watch();
    this.#guarded(() => {
      this.#calls.memory.request(answer, undefined);
      this.#calls.run("write", () => this.#calls.exports.luge_finish_job(number, answer.length));
      this.pump();
    });
    this.#release();
  }

  /** A worker that failed, or could not be started: what is out is done here. */
  #failed(error: unknown, worker?: JobWorker): void {
    if (this.#phase === "over" || (worker && worker !== this.#worker)) return;
    this.#failures += 1;
    const isLast = this.#failures >= MOST_FAILURES || this.#phase === "starting";
    this.#workers?.failed?.(messageOf(error));
    void this.#endWorker();
    this.#phase = isLast ? "over" : "idle";
    this.#guarded(() => {
      this.#calls.run("write", () => this.#calls.exports.luge_fail_jobs());
      this.#calls.run("write", () => this.#calls.exports.luge_run_jobs(0));
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

  /** Nobody else learns of what fails here. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#failStore(error);
    }
  }

  /** Limits how long the oldest job may take. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#out === 0) return;
    const worker = this.#worker;
    this.#timer = setTimeout(() => this.#failed(new Error("a job took too long"), worker), LONGEST_MS);
    this.#timer.unref();
  }
}
