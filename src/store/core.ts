/**
 * The core of an open store: whether it is open, closing, failed or restoring, the calls of its backend, and what was told of its
 * commits. All that works on a store has it.
 *
 * @module
 */

import type { Backend } from "../backend.ts";
import type { Spool } from "../backup/spool.ts";
import { runInSteps } from "../commit/event_loop.ts";
import { NotUtf8Error } from "../encoding.ts";
import { messageOf, RefusedError, StoreError } from "../errors.ts";
import { wrongType } from "../options.ts";
import { Contention } from "./contention.ts";
import type { Run } from "./read_source.ts";
import { Watchers } from "./watchers.ts";

/** How a store behaves, whatever holds its data. */
export interface StoreBehaviour {
  /** With it a write settles once it is durable, without once it survives the end of the process. */
  readonly syncWrites: boolean;
  readonly readOnly: boolean;
  /** Where a backup is kept while it is restored. Default: in memory. */
  spool?(): Spool;
  /** Called when the store failed. */
  failed?(error: unknown): void;
  /** Called when the store is closed, and did not fail. */
  closed?(): void;
  /** Called before that, and after a failure: nothing of the store can write any more. */
  released?(): void;
  /** Called for an error while a failed store was given back: its callers get the failure that came first. */
  leftBehind?(error: unknown): void;
}

/** In which part of its life a store is; it may fail in each. Once it is closed, nothing may be asked of the backend any more. */
type Phase = "open" | "restoring" | "closing" | "closed";

/** An open store. */
export class StoreCore {
  readonly behaviour: StoreBehaviour;
  readonly watchers: Watchers = new Watchers();
  readonly contention: Contention = new Contention();
  readonly #backend: Backend;
  #phase: Phase = "open";
  #failure: unknown;
  /** The failure while it is a lost lock that no call has met: the first one gets it. */
  #untold: StoreError | undefined;
  /** The newest commit. */
  version: number;
  #settledVersion: number;

  /** Takes the backend over. */
  constructor(backend: Backend, behaviour: StoreBehaviour) {
    this.#backend = backend;
    this.behaviour = behaviour;
    this.version = this.#settledVersion = backend.version;
    backend.disk?.onFailure(StoreCore.#failureListener(new WeakRef(this)));
  }

  /**
   * Whoever gives the backend back once the store was collected must not keep it. Made here, since closures of one function keep
   * everything that any of them uses.
   */
  static #failureListener(self: WeakRef<StoreCore>): (error: unknown) => void {
    return (error) => self.deref()?.failUnseen(error);
  }

  /** Commits up to this one may be told. */
  get settledVersion(): number {
    return this.#settledVersion;
  }

  /** Whether nothing more may be asked for. */
  get isClosing(): boolean {
    return this.#phase === "closing" || this.#phase === "closed";
  }

  /** Whether the backend is still there. */
  get isAlive(): boolean {
    return !this.isClosing && this.#failure === undefined;
  }

  /** Throws when the store is closed, failed, or is being restored. `action` is a verb for the message. */
  assertOpen(action: string): void {
    if (this.#phase === "open" && this.#failure === undefined) return;
    if (this.isClosing) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the store is closed`);
    this.assertSound(action);
    throw new StoreError("STORE_RESTORING", `Cannot ${action}: a backup is being restored`);
  }

  /** Throws when the store failed. */
  assertSound(action: string): void {
    if (this.#failure === undefined) return;
    const untold = this.#untold;
    this.#untold = undefined;
    if (untold) throw untold;
    const message = `Cannot ${action}: the store failed before: ${messageOf(this.#failure)}`;
    throw new StoreError("STORE_FAILED", message, { cause: this.#failure });
  }

  /** As {@linkcode StoreCore.assertOpen}, also when the store is open for reading only. */
  assertWritable(action: string): void {
    this.assertOpen(action);
    if (this.behaviour.readOnly)
      throw new StoreError("STORE_READ_ONLY", `Cannot ${action}: the store is open for reading only`);
  }

  /** The version of the option `name`, by default the newest one; throws `TypeError` or `RangeError` for what is none. */
  checkVersion(version: unknown, name: string): number {
    if (version === undefined) return this.version;
    if (typeof version !== "number") wrongType(name, version, "a number");
    if (Number.isInteger(version) && version >= 0 && version <= this.version) return version;
    throw new RangeError(`Wrong option '${name}': expected a version from 0 to ${this.version}, got ${version}`);
  }

  /** Runs a call of what reads a store that may be closed meanwhile. */
  readonly read: Run = (call) => {
    this.assertOpen("read");
    return this.run(call);
  };

  /** Runs a call of the backend; one that fails fails the store for good: what it holds in memory may be wrong. */
  readonly run: Run = (call) => {
    // What waited meanwhile, and what was begun by who knew nothing of the end.
    if (this.#phase === "closed") this.assertOpen("go on");
    try {
      return call(this.#backend);
    } catch (error) {
      if (!isOfOneCall(error)) this.fail(error);
      throw error;
    }
  };

  /** Nobody waits for a step: what fails it fails the store, and the next call says so. */
  step(): boolean {
    if (this.#failure !== undefined) return false;
    try {
      return this.#backend.step();
    } catch (error) {
      if (!isOfOneCall(error)) this.failUnseen(error);
      return false;
    }
  }

  /** Whether there is a step to do. */
  get hasWork(): boolean {
    return this.#backend.hasWork;
  }

  /** Whether the steps are behind the writes. */
  get isBehind(): boolean {
    return this.#backend.disk?.isBehind === true;
  }

  /** What to wait for before more work is asked for; `undefined` for nothing. */
  congestion(): Promise<void> | undefined {
    return this.#backend.disk?.congestion();
  }

  /** A commit of one key was written; says whether there are steps to do. */
  wrote(version: number, key: Uint8Array): boolean {
    this.watchers.wrote(key, version);
    this.version = version;
    return this.#backend.hasWork;
  }

  /** Commits up to this one may be told. */
  told(version: number): void {
    this.#settledVersion = Math.max(this.#settledVersion, version);
    this.watchers.settled(this.#settledVersion);
  }

  /** Brings the files to rest: whoever copies them has all commits, and the version that the store is at then. */
  endSegments(): void {
    this.run(({ disk }) => disk?.endSegmentsNow());
    this.version = this.run((backend) => backend.version);
    this.told(this.version);
  }

  /** Makes another store of it: until that is done nothing may be asked for, and what fails fails the store. */
  async replace(work: () => Promise<void>): Promise<void> {
    this.#phase = "restoring";
    try {
      await work();
      this.watchers.wroteAll(this.version + 1);
      this.version = this.run((backend) => backend.version);
    } catch (error) {
      this.fail(error);
      throw error;
    } finally {
      if (this.#phase === "restoring") this.#phase = "open";
    }
    this.told(this.version);
  }

  /** From here on nothing more may be asked for. */
  beginToClose(): void {
    this.#phase = "closing";
    this.contention.release();
  }

  /** Gives everything back, unless the store failed before. */
  async close(): Promise<void> {
    this.watchers.wakeAll();
    if (this.#failure !== undefined) return;
    const step = () => this.#failure === undefined && this.run(({ disk }) => disk?.closeStep() === true);
    await runInSteps(step, { wait: () => this.congestion() });
    try {
      if (this.#failure === undefined) {
        this.#phase = "closed";
        const { disk } = this.#backend;
        if (disk) await disk.close();
        else this.#backend.abandon();
      }
    } catch (error) {
      this.fail(error);
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.behaviour.released?.();
    this.behaviour.closed?.();
  }

  /** Ends the store after a failure. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.behaviour.failed?.(error);
    for (const giveBack of [() => this.#backend.abandon(), () => this.behaviour.released?.()]) {
      try {
        giveBack();
      } catch (left) {
        this.behaviour.leftBehind?.(left);
      }
    }
    this.contention.release();
    this.watchers.wakeAll();
  }

  /** As {@linkcode StoreCore.fail}, for an error that no call meets. */
  failUnseen(error: unknown): void {
    if (this.#failure !== undefined) return;
    if (error instanceof StoreError && error.code === "LOCK_LOST") this.#untold = error;
    this.fail(error);
  }

  /** As {@linkcode StoreCore.fail}, and throws what whoever waits for a commit gets. */
  failCommit(error: unknown): never {
    this.fail(error);
    this.#untold = undefined;
    // What failed before, elsewhere, is why this did: files that were given up.
    if (causeOf(this.#failure) !== causeOf(error)) this.assertSound("commit");
    throw error;
  }
}

/** Whether an error fails a call, and not the store. */
function isOfOneCall(error: unknown): boolean {
  if (error instanceof NotUtf8Error || error instanceof RefusedError) return true;
  return error instanceof StoreError && error.code === "OUT_OF_MEMORY";
}

function causeOf(error: unknown): unknown {
  return error instanceof StoreError ? error.cause : error;
}
