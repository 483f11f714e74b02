/**
 * Syncs that were asked for and are not done.
 *
 * @module
 */

import { clock } from "../clock.ts";
import { type Deferred, deferred } from "../promises.ts";

/** What can be synced: a file, or the names in a directory. */
export interface Syncable {
  /** Syncs, and returns when it is done. */
  sync(): void;
  /** The same off-thread. */
  syncOffThread(): Promise<void>;
  /** Called when no sync of it is pending any more. */
  synced?(): void;
}

/** What {@linkcode PendingSyncs} tells. */
export interface SyncEvents {
  /** Called when all syncs that were asked for begin. */
  readonly begins?: () => void;
  /** Called when those that began are done. May ask for more. */
  readonly done?: () => void;
  /** Called after each group of syncs, with its milliseconds. */
  readonly took?: (ms: number) => void;
  /** Called once, when something fails outside of any call. */
  readonly failed: (error: unknown) => void;
}

/**
 * The syncs of one lane. They run off-thread, a group at a time: what is asked for meanwhile begins when that group is
 * done. So no file is synced twice at the same time, and no failed sync is hidden by a later one.
 */
export class PendingSyncs {
  readonly #events: SyncEvents;
  #asked: Set<Syncable> = new Set();
  #running: ReadonlySet<Syncable> = new Set();
  /** Whether what runs has been done once more, by {@linkcode PendingSyncs.finish}. */
  #isRedone = false;
  #current: Deferred<void> = waiter();
  #failure: Deferred<void> | undefined;

  constructor(events: SyncEvents) {
    this.#events = events;
  }

  /** Asks for a sync. It begins with {@linkcode PendingSyncs.begin}. */
  ask(target: Syncable): void {
    this.#asked.add(target);
  }

  /** Whether a sync of this is pending. */
  has(target: Syncable): boolean {
    return this.#asked.has(target) || this.#running.has(target);
  }

  /** Begins all that was asked for, unless earlier ones run: then it begins after them. */
  begin(): void {
    if (this.#running.size > 0 || this.#asked.size === 0 || this.#failure) return;
    this.#running = this.#asked;
    this.#asked = new Set();
    this.#isRedone = false;
    this.#current = waiter();
    this.#events.begins?.();
    const started = clock.monotonic();
    Promise.all(Array.from(this.#running, async (target) => await target.syncOffThread()))
      .then(() => {
        this.#events.took?.(clock.monotonic() - started);
        this.#done();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /**
   * Does all that is pending before it returns. What runs is done once more, and still fails everything when it fails
   * later.
   */
  finish(): void {
    const redone = this.#isRedone ? [] : [...this.#running];
    const asked = this.#asked;
    if (redone.length + asked.size === 0) return;
    const started = clock.monotonic();
    for (const target of redone) target.sync();
    this.#isRedone = true;
    for (const target of asked) target.sync();
    this.#events.took?.(clock.monotonic() - started);
    this.#asked = new Set();
    this.#release(asked);
  }

  /** Begins all that was asked for. `undefined` when nothing is pending. Otherwise settles with all of it. */
  settled(): Promise<void> | undefined {
    this.begin();
    if (this.#failure) return this.#failure.promise;
    if (this.#running.size === 0) return undefined;
    // What was asked for meanwhile begins when the current ones are done.
    const current = this.#current.promise;
    return this.#asked.size === 0 ? current : current.then(() => this.#current.promise);
  }

  /** Begins nothing any more, and rejects every promise. Only the first call counts. */
  stop(error: unknown): void {
    if (this.#failure) return;
    this.#failure = waiter();
    for (const { reject } of [this.#failure, this.#current]) reject(error);
  }

  #done(): void {
    if (this.#failure) return;
    const [done, current] = [this.#running, this.#current];
    this.#running = new Set();
    this.#release(done);
    // May begin the next ones.
    this.#events.done?.();
    current.resolve();
    this.begin();
  }

  #release(done: Iterable<Syncable>): void {
    for (const target of done) if (!this.has(target)) target.synced?.();
  }

  #fail(error: unknown): void {
    if (this.#failure) return;
    this.stop(error);
    this.#events.failed(error);
  }
}

/** Nobody has to wait for it. */
function waiter(): Deferred<void> {
  const made = deferred<void>();
  made.promise.catch(() => {});
  return made;
}
