/**
 * The core of an open store: its phase (open, restoring, closing, closed), its failure, the calls of its backend, and
 * which commits watches may deliver. Everything that works on a store holds the core.
 *
 * @module
 */

import { type Backend, NEWEST, type StoredValue } from "../backend.ts";
import type { Spool } from "../backup/spool.ts";
import { runInSteps } from "../commit/event_loop.ts";
import { TooLongError, WrongBytesError } from "../encoding.ts";
import { RefusedError, StoreError } from "../errors.ts";
import { wrongType } from "../options.ts";
import { messageOf } from "../realm.ts";
import { Contention } from "./contention.ts";
import { Observer } from "./observer.ts";
import type { Run } from "./read_source.ts";
import { Watchers } from "./watchers.ts";

/** The behaviour of a store, independent of its backend. */
export interface StoreBehaviour {
  /** If true, a write settles once it is durable; otherwise once it survives the end of the process. */
  readonly syncWrites: boolean;
  readonly readOnly: boolean;
  readonly observer?: Observer;
  /** Stores a backup temporarily while it is restored. Default: in memory. */
  spool?(): Spool;
  /** Called if the store fails. */
  failed?(error: unknown): void;
  /** Called when the store was closed without a failure. */
  closed?(): void;
  /** Called before `closed`, and after a failure: from then on the store writes nothing. */
  released?(): void;
  /** Called for an error during the release of a failed store. Callers get the failure that came first. */
  leftBehind?(error: unknown): void;
}

/** The phase of a store. It may fail in each phase. Once it is closed, no call may use the backend. */
type Phase = "open" | "restoring" | "closing" | "closed";

/** An open store. */
export class StoreCore {
  readonly behaviour: StoreBehaviour;
  readonly watchers: Watchers = new Watchers();
  readonly contention: Contention = new Contention();
  readonly observer: Observer;
  readonly #backend: Backend;
  #phase: Phase = "open";
  #failure: unknown;
  /** A lost lock that no call has reported yet: the first call reports it. */
  #untold: StoreError | undefined;
  /** The newest commit. */
  version: number;
  #settledVersion: number;

  /** Takes ownership of the backend. */
  constructor(backend: Backend, behaviour: StoreBehaviour) {
    this.#backend = backend;
    this.behaviour = behaviour;
    this.observer = behaviour.observer ?? new Observer();
    this.version = this.#settledVersion = backend.version;
    backend.disk?.onSync(this.observer.synced);
    backend.disk?.onFailure(StoreCore.#failureListener(new WeakRef(this)));
  }

  /**
   * The registry that releases the backend of a collected store must not reference the store. This function is static,
   * because a closure keeps everything alive that any closure of the same function uses.
   */
  static #failureListener(self: WeakRef<StoreCore>): (error: unknown) => void {
    return (error) => self.deref()?.failUnseen(error);
  }

  /** Watches may deliver commits up to this one. */
  get settledVersion(): number {
    return this.#settledVersion;
  }

  /** Whether new calls are refused. */
  get isClosing(): boolean {
    return this.#phase === "closing" || this.#phase === "closed";
  }

  /** Whether the backend can still be used. */
  get isAlive(): boolean {
    return !this.isClosing && this.#failure === undefined;
  }

  /** Throws if the store is closed, failed, or being restored. `action` is a verb for the message. */
  assertOpen(action: string): void {
    if (this.#phase === "open" && this.#failure === undefined) return;
    if (this.isClosing) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the store is closed`);
    this.assertSound(action);
    throw new StoreError("STORE_RESTORING", `Cannot ${action}: a backup is being restored`);
  }

  /** Throws if the store failed. */
  assertSound(action: string): void {
    if (this.#failure === undefined) return;
    const untold = this.#untold;
    this.#untold = undefined;
    if (untold) throw untold;
    const message = `Cannot ${action}: the store failed before: ${messageOf(this.#failure)}`;
    throw new StoreError("STORE_FAILED", message, { cause: this.#failure });
  }

  /** As {@linkcode StoreCore.assertOpen}, but also throws if the store is open for reading only. */
  assertWritable(action: string): void {
    this.assertOpen(action);
    if (this.behaviour.readOnly)
      throw new StoreError("STORE_READ_ONLY", `Cannot ${action}: the store is open for reading only`);
  }

  /**
   * The value of the version option `name`; the newest version by default. Throws `TypeError` or `RangeError` for a
   * wrong one.
   */
  checkVersion(version: unknown, name: string): number {
    if (version === undefined) return this.version;
    if (typeof version !== "number") wrongType(name, version, "a number");
    if (Number.isInteger(version) && version >= 0 && version <= this.version) return version;
    throw new RangeError(`Wrong option '${name}': expected a version from 0 to ${this.version}, got ${version}`);
  }

  /** Runs a read of the backend. The store may have been closed meanwhile. */
  readonly read: Run = (call) => {
    this.assertOpen("read");
    return this.run(call);
  };

  /** Runs a call of the backend. A failure fails the store for good, because its memory may be wrong. */
  readonly run: Run = (call) => {
    // Refuses work that waited while the store was closed, and work that does not know of the close.
    if (this.#phase === "closed") this.assertOpen("go on");
    try {
      return call(this.#backend);
    } catch (error) {
      if (!isOfOneCall(error)) this.fail(error);
      throw error;
    }
  };

  /** The newest entry of a key. */
  readonly newest = (key: Uint8Array): StoredValue | undefined => this.run((backend) => backend.entry(key, NEWEST));

  /** A step that fails fails the store: the next call reports it. Does nothing while syncs are pending that it needs. */
  step(): boolean {
    if (this.#failure !== undefined) return false;
    if (this.congestion()) return true;
    try {
      const start = this.observer.start();
      const more = this.#backend.step();
      this.observer.stepped(start);
      return more;
    } catch (error) {
      if (!isOfOneCall(error)) this.failUnseen(error);
      return false;
    }
  }

  /** Whether there is a step to do. */
  get hasWork(): boolean {
    return this.#backend.hasWork;
  }

  /** Whether a commit that is durable waits for a disk. */
  get hasDisk(): boolean {
    return this.#backend.disk !== undefined;
  }

  /** Whether the background steps have fallen behind the writes. */
  get isBehind(): boolean {
    return this.#backend.disk?.isBehind === true;
  }

  /** The syncs that a step must wait for; `undefined` for nothing. */
  congestion(): Promise<void> | undefined {
    if (this.#failure !== undefined || this.#phase === "closed") return undefined;
    try {
      return this.#backend.disk?.congestion();
    } catch (error) {
      this.failUnseen(error);
      return undefined;
    }
  }

  /** Records a commit of one key. Returns whether there are background steps to do. */
  wrote(version: number, key: Uint8Array): boolean {
    this.watchers.wrote(key, version);
    this.version = version;
    return this.#backend.hasWork;
  }

  /** Lets watches deliver commits up to this one. */
  told(version: number): void {
    this.#settledVersion = Math.max(this.#settledVersion, version);
    this.watchers.settled(this.#settledVersion);
  }

  /** Brings the files to rest. A copy of them has all commits, and the version that the store has then. */
  endSegments(): void {
    this.run(({ disk }) => disk?.endSegmentsNow());
    this.version = this.run((backend) => backend.version);
    this.told(this.version);
  }

  /**
   * Replaces the content of the store. Until it is done other calls are refused. A failure of the work fails the store.
   */
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

  /** Refuses new calls from now on. */
  beginToClose(): void {
    this.#phase = "closing";
    this.contention.release();
  }

  /** Releases the backend, unless the store failed before. */
  async close(): Promise<void> {
    this.watchers.wakeAll();
    if (this.#failure !== undefined) return;
    await this.observer.closing(() => this.#close());
  }

  async #close(): Promise<void> {
    const closeStep = () => this.run(({ disk }) => disk?.closeStep() === true);
    const step = () => this.#failure === undefined && (this.congestion() !== undefined || closeStep());
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
    this.observer.failed(error);
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

  /** As {@linkcode StoreCore.fail}, for an error that no call reports. */
  failUnseen(error: unknown): void {
    if (this.#failure !== undefined) return;
    if (error instanceof StoreError && error.code === "LOCK_LOST") this.#untold = error;
    this.fail(error);
  }

  /** As {@linkcode StoreCore.fail}. Throws the error for the callers that wait for a commit. */
  failCommit(error: unknown): never {
    this.fail(error);
    this.#untold = undefined;
    // An earlier failure elsewhere is the reason of this one, because it closed the files. Throw the earlier failure.
    if (causeOf(this.#failure) !== causeOf(error)) this.assertSound("commit");
    throw error;
  }
}

/** Whether an error fails only the call, and not the store. */
function isOfOneCall(error: unknown): boolean {
  if (error instanceof WrongBytesError || error instanceof TooLongError || error instanceof RefusedError) return true;
  return error instanceof StoreError && error.code === "OUT_OF_MEMORY";
}

function causeOf(error: unknown): unknown {
  return error instanceof StoreError ? error.cause : error;
}
