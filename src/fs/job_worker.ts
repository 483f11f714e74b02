/**
 * Who does jobs of an engine on another thread: what it must offer, and the worker that does so on the runtime's own disk.
 *
 * @module
 */

import type { DirectoryLock } from "../api/file_system.ts";

/** Does jobs, one after another. */
export interface JobWorker {
  /** Does a job of which all blocks can be read from the files; settles with the answer. After a rejection it must not be used again. */
  run(job: Uint8Array): Promise<Uint8Array>;
  /** Ends it; settles when it is over. What it still writes until then, nothing leads to. */
  stop(): Promise<void>;
}

/** What a {@linkcode JobWorker} works on. */
export interface JobPlace {
  readonly path: string;
  readonly module: WebAssembly.Module;
  readonly lock: DirectoryLock;
}

/** A file system whose jobs somebody may do elsewhere. Of others all is done in the thread of the store. */
export interface WithJobWorker {
  /** `undefined` where there can be none. */
  startJobWorker?(place: JobPlace): Promise<JobWorker | undefined>;
}

/** What tells that a directory is still that of a store: the number of its lock, and what stands in it. */
export interface Fence {
  readonly number: number;
  readonly nonce: string;
}

/** What the thread gets. */
export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly path: string;
  readonly fence: Fence;
}
