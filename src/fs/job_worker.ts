/**
 * The contract of a worker: it does jobs of an engine in another thread.
 *
 * @module
 */

import type { DirectoryLock } from "../api/file_system.ts";

/**
 * Does jobs, one after another.
 *
 * @internal
 */
export interface JobWorker {
  /**
   * Does a job. The files must already have all blocks that the job names. Settles with the answer. After a rejection the worker must
   * not be used again. The job must fill its buffer, which the worker takes.
   */
  run(job: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
  /** Ends the worker. Settles once it has ended. Until then it may still write blocks, but nothing refers to them. */
  stop(): Promise<void>;
}

/**
 * The store that a {@linkcode JobWorker} works for.
 *
 * @internal
 */
export interface JobPlace {
  readonly path: string;
  readonly module: WebAssembly.Module;
  readonly lock: DirectoryLock;
}

/**
 * A file system that may have workers. On any other file system, the store does all work in its own thread.
 *
 * @internal
 */
export interface WithJobWorker {
  /** Starts a worker; `undefined` if there can be none. */
  startJobWorker?(place: JobPlace): Promise<JobWorker | undefined>;
}

/** The lock of a store: its number and its nonce. A worker may write only while the directory has this lock. */
export interface Fence {
  readonly number: number;
  readonly nonce: string;
}

/** The data that a worker thread starts with. */
export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly path: string;
  readonly fence: Fence;
}
