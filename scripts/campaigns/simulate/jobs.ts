/**
 * Workers for a simulated store. A worker does its jobs at any moment between the calls of the store. It may fail or die in the middle
 * of a job.
 *
 * @module
 */

import type { FileSystem, OpenFile } from "../../../src/api/file_system.ts";
import type { JobPlace, JobWorker } from "../../../src/fs/job_worker.ts";
import { Host } from "../../../src/host/host.ts";
import { type Deferred, deferred } from "../../../src/promises.ts";
import type { EngineExports } from "../../../src/wasm/interface.ts";
import type { Random } from "../../lib/random.ts";
import type { EnginePool, Lease } from "./engine_pool.ts";

/** One in this many jobs fails, at any of its calls. */
const FAILS_ONE_IN = 12;
/** The most calls of the disk before such a job fails. */
const MOST_CALLS = 30;

/** Where the jobs of a store are at a moment. */
export interface JobMoment {
  /** A worker has a job that it has not begun, or has not answered. */
  readonly isOut: boolean;
  /** A worker has the answer to a job, and the store does not. */
  readonly isAnswered: boolean;
  /** The store has got an answer a short time before. It may not have applied all of it. */
  readonly isTaken: boolean;
  /** A worker is in the middle of a job that writes to this level. */
  readonly writes: "upper" | "bottom" | undefined;
  /** A worker has a job that relocates values, or the store has got its answer a short time before. */
  readonly isRelocating: boolean;
}

/** How many crash states there were at such moments. */
export interface JobStates {
  out: number;
  answered: number;
  taken: number;
  inUpper: number;
  inBottom: number;
  relocating: number;
}

/** No states. */
export function noJobStates(): JobStates {
  return { out: 0, answered: 0, taken: 0, inUpper: 0, inBottom: 0, relocating: 0 };
}

/** Whether a job is in flight. */
export function isInFlight(moment: JobMoment | undefined): boolean {
  return moment !== undefined && (moment.isOut || moment.isAnswered || moment.isTaken || moment.writes !== undefined);
}

/** Counts a crash state. */
export function countState(states: JobStates, moment: JobMoment | undefined): void {
  if (moment?.isOut) states.out += 1;
  if (moment?.isAnswered) states.answered += 1;
  if (moment?.isTaken) states.taken += 1;
  if (moment?.writes === "upper") states.inUpper += 1;
  if (moment?.writes === "bottom") states.inBottom += 1;
  if (moment?.isRelocating) states.relocating += 1;
}

/** For this many changes of the disk, the store may still apply an answer. */
const TAKEN_POINTS = 40;

/** A job begins with the sum of these: it changes the bottom level, it relocates values. */
const BOTTOM = 1;
const RELOCATES = 2;

function firstOf(job: Uint8Array): number {
  return job[0] ?? 0;
}

interface Waiting {
  readonly job: Uint8Array;
  readonly done: Deferred<Uint8Array>;
  answer?: Uint8Array;
}

/** The parts that all workers of a life share. */
export interface JobContext {
  readonly pool: EnginePool;
  readonly random: Random;
  readonly view: FileSystem;
  /** Their blocks are not synced, although their answers say so. */
  readonly isUnsynced: boolean;
}

/** The workers of one life. */
export class SimulatedWorkers {
  readonly #context: JobContext;
  readonly #workers: SimulatedWorker[] = [];
  /** How many jobs they did. */
  done = 0;

  constructor(context: JobContext) {
    this.#context = context;
  }

  start(place: JobPlace): JobWorker {
    const worker = new SimulatedWorker(this.#context, place, () => {
      this.done += 1;
    });
    this.#workers.push(worker);
    return worker;
  }

  /** Lets each worker do a job, send an answer, or do nothing. */
  act(): void {
    for (const worker of this.#workers) worker.act();
  }

  moment(): JobMoment {
    const moments = this.#workers.map((worker) => worker.moment());
    return {
      isOut: moments.some(({ isOut }) => isOut),
      isAnswered: moments.some(({ isAnswered }) => isAnswered),
      isTaken: moments.some(({ isTaken }) => isTaken),
      writes: moments.find(({ writes }) => writes)?.writes,
      isRelocating: moments.some(({ isRelocating }) => isRelocating),
    };
  }

  /** Ends all workers, as the end of the process does. */
  end(): void {
    for (const worker of this.#workers.splice(0)) worker.end();
  }
}

class SimulatedWorker implements JobWorker {
  readonly #random: Random;
  readonly #host: Host;
  readonly #lease: Lease;
  readonly #engine: EngineExports;
  readonly #queue: Waiting[] = [];
  readonly #didOne: () => void;
  #callsLeft = Number.POSITIVE_INFINITY;
  #isOver = false;
  #present: Uint8Array | undefined;
  /** Moments since the store got the last answer. */
  #sinceTaken = TAKEN_POINTS;
  #tookRelocations = false;

  constructor({ pool, random, view, isUnsynced }: JobContext, { path, lock }: JobPlace, didOne: () => void) {
    this.#random = random;
    this.#didOne = didOne;
    const fileSystem = limited(view, () => this.#spend(), isUnsynced);
    this.#host = new Host({ fileSystem, path, owned: () => lock.held() });
    const { instance, lease } = pool.start(this.#host.imports());
    this.#lease = lease;
    this.#engine = instance.exports as unknown as EngineExports;
    this.#host.start(this.#engine);
  }

  run(job: Uint8Array): Promise<Uint8Array> {
    const waiting = { job, done: deferred<Uint8Array>() };
    waiting.done.promise.catch(() => {});
    if (this.#isOver) waiting.done.reject(new Error("The worker has ended"));
    else this.#queue.push(waiting);
    return waiting.done.promise;
  }

  async stop(): Promise<void> {
    this.end();
  }

  moment(): JobMoment {
    this.#sinceTaken += 1;
    return {
      isTaken: this.#sinceTaken < TAKEN_POINTS,
      isOut: this.#queue.some(({ answer }) => answer === undefined),
      isAnswered: this.#queue.some(({ answer }) => answer !== undefined),
      writes: this.#present && (firstOf(this.#present) & BOTTOM ? "bottom" : "upper"),
      isRelocating:
        this.#queue.some(({ job }) => (firstOf(job) & RELOCATES) !== 0) ||
        (this.#sinceTaken < TAKEN_POINTS && this.#tookRelocations),
    };
  }

  act(): void {
    const next = this.#queue.find(({ answer }) => answer === undefined);
    const first = this.#queue[0];
    const chance = this.#random.below(4);
    if (chance === 0 && next) this.#do(next);
    else if (chance === 1 && first?.answer) {
      this.#queue.shift();
      this.#sinceTaken = 0;
      this.#tookRelocations = (firstOf(first.job) & RELOCATES) !== 0;
      first.done.resolve(first.answer);
    }
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Its callers have ended, too, or get the error in another way.
    try {
      this.#callsLeft = Number.POSITIVE_INFINITY;
      this.#host.abandon();
    } catch {
      // The power is off.
    }
    this.#lease.release();
  }

  #do(waiting: Waiting): void {
    const fails = this.#random.below(FAILS_ONE_IN) === 0;
    this.#callsLeft = fails ? this.#random.below(MOST_CALLS) : Number.POSITIVE_INFINITY;
    this.#present = waiting.job;
    try {
      const answer = this.#run(waiting.job);
      this.#host.finishSyncs();
      waiting.answer = answer;
      this.#didOne();
    } catch {
      this.end();
      for (const { done } of this.#queue.splice(0)) done.reject(new Error("The worker died"));
    }
    this.#present = undefined;
  }

  #run(job: Uint8Array): Uint8Array {
    const engine = this.#engine;
    const address = engine.luge_reserve(job.length);
    new Uint8Array(engine.memory.buffer, address, job.length).set(job);
    const status = engine.luge_do_job(job.length);
    const [at = 0, length = 0] = new Uint32Array(engine.memory.buffer, engine.luge_reply(), 2);
    if (status !== 0) throw new Error(`status ${status}`);
    return new Uint8Array(engine.memory.buffer, at, length).slice();
  }

  #spend(): void {
    this.#callsLeft -= 1;
    if (this.#callsLeft < 0) throw Object.assign(new Error("EIO: the worker dies"), { code: "EIO" });
  }
}

/** The same file system, with these workers. */
export function withWorkers(fileSystem: FileSystem, workers: SimulatedWorkers): FileSystem {
  const startJobWorker = async (place: JobPlace): Promise<JobWorker> => workers.start(place);
  return new Proxy(fileSystem, {
    get: (target, name) => {
      if (name === "startJobWorker") return startJobWorker;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Calls `spend` before each call that changes or reads a file. */
function limited(disk: FileSystem, spend: () => void, isUnsynced: boolean): FileSystem {
  const file = (lower: OpenFile): OpenFile => ({
    read: (buffer, position) => {
      spend();
      return lower.read(buffer, position);
    },
    write: (buffer, position) => {
      spend();
      return lower.write(buffer, position);
    },
    size: () => lower.size(),
    truncate: (size) => lower.truncate(size),
    sync: () => {
      spend();
      if (!isUnsynced) lower.sync();
    },
    syncOffThread: () => lower.syncOffThread(),
    close: () => lower.close(),
  });
  return {
    open: (path, options) => {
      spend();
      return file(disk.open(path, options));
    },
    stat: (path) => disk.stat(path),
    list: (path) => disk.list(path),
    makeDirectory: (path) => disk.makeDirectory(path),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    removeDirectory: (path) => disk.removeDirectory(path),
    syncDirectory: (path) => disk.syncDirectory(path),
    lock: (path) => disk.lock(path),
  };
}
