/**
 * The order in which changes and syncs reach the disk, when syncs run off-thread.
 *
 * @module
 */

import { Entry, LaneQueue, type Ticket } from "./lane_queue.ts";

/**
 * Everything is done in the order asked for within its lane: `"log"` for the files of the log, `"table"` for all
 * others. The table waits for the log, never the log for the table.
 */
export type Lane = "log" | "table";

/** A sync. */
export interface Sync {
  /** Syncs, and returns when it is done. */
  readonly carryOut: () => void;
  /** The same off-thread. Without it the sync blocks. */
  readonly begin?: () => Promise<void>;
}

/** What {@linkcode Lanes} asks and tells. */
export interface LaneEvents {
  /** Throws when nothing may be changed any more; called right before each change that had to wait. */
  readonly check: () => void;
  /** Called once, when something fails outside of any call. */
  readonly failed: (error: unknown) => void;
}

const DONE: Ticket = { done: true };

/**
 * Two lanes of changes and syncs. An operation of the table runs after all syncs of the log that were asked for before
 * it. After the first error of what was deferred nothing runs any more, and every call throws that error.
 */
export class Lanes {
  readonly #log = new LaneQueue();
  readonly #table = new LaneQueue();
  readonly #events: LaneEvents;
  #failure: { readonly error: unknown } | undefined;
  /** Whether the event loop does not turn: syncs in flight were done again for room, and none has said that it is done. */
  #standsStill = false;

  constructor(events: LaneEvents) {
    this.#events = events;
  }

  /** How many bytes wait in a lane. */
  queuedBytes(lane: Lane): number {
    return this.#queue(lane).bytes;
  }

  /** Whether nothing runs any more. */
  get stopped(): boolean {
    return this.#failure !== undefined;
  }

  /** Throws what stopped the lanes, if anything did. */
  requireRunning(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Whether a change in the lane is to be made now; if not, it has to wait: see {@linkcode Lanes.changeLater}. */
  isFree(lane: Lane): boolean {
    this.requireRunning();
    const queue = this.#queue(lane);
    const { syncsAsked, syncsDone } = this.#log;
    if (lane === "table" && syncsDone < syncsAsked) {
      if (!this.#blocks(queue)) return false;
      this.#carryOut(undefined, undefined, syncsAsked);
    }
    return queue.idle;
  }

  /** Makes a change when all before it is done; it keeps `bytes` in memory until then. The lane must not be free. */
  changeLater(lane: Lane, change: () => void, bytes = 0): Ticket {
    const carryOut = () => {
      this.#events.check();
      change();
    };
    return this.#append(lane, { carryOut }, bytes, false);
  }

  /** As {@linkcode Lanes.changeLater}, for what changes nothing on the disk. */
  closeLater(lane: Lane, close: () => void): Ticket {
    return this.#append(lane, { carryOut: close }, 0, false);
  }

  /** Starts a sync, or lets it wait for all before it; in an inline section it is done when this returns. */
  sync(lane: Lane, sync: Sync): Ticket {
    if (!this.isFree(lane)) return this.#append(lane, sync, 0, true);
    const queue = this.#queue(lane);
    if (this.#blocks(queue) || !sync.begin) {
      sync.carryOut();
      return DONE;
    }
    const entry = this.#entry(lane, sync, 0, true);
    const promise = sync.begin();
    queue.startedAtOnce(entry);
    this.#follow(queue, entry, promise);
    return entry;
  }

  /**
   * Does all that waits before it returns: in the lane, and also in the log before the table. A sync in flight is done
   * again, and may still fail later.
   */
  drain(lane?: Lane): void {
    this.#carryOut(-1, lane === "log" ? undefined : -1);
  }

  /**
   * Before `bytes` more wait in the lane: does what waits longest, as {@linkcode Lanes.drain} does, where they would
   * exceed `most`. They do when the event loop does not turn. Until it does, nothing that waits is begun off-thread, where
   * nobody would learn of its end, syncs of the table block, and each write lets twice its bytes be done: once nothing
   * waits, none has to. Those of the log do not block: who waits for one lets the event loop turn.
   */
  makeRoom(lane: Lane, bytes: number, most: number): void {
    const queue = this.#queue(lane);
    const isFull = queue.bytes + bytes > most;
    if (isFull) this.#standsStill = true;
    if (!this.#standsStill) return;
    const rest = Math.min(most - bytes, queue.bytes - 2 * bytes);
    if (lane === "log") this.#carryOut(rest, undefined);
    else this.#carryOut(undefined, rest);
  }

  /** Drains the lane; during `call`, which must be synchronous, nothing in it waits or runs off-thread. */
  inline<T>(lane: Lane, call: () => T): T {
    this.drain(lane);
    const queue = this.#queue(lane);
    queue.inlineDepth += 1;
    try {
      return call();
    } finally {
      queue.inlineDepth -= 1;
    }
  }

  /** `undefined` when the lane is idle, otherwise settles with what was asked for so far. */
  settled(lane: Lane): Promise<void> | undefined {
    if (!this.#failure) return this.#queue(lane).settled();
    const promise = Promise.reject(this.#failure.error);
    // Nobody has to wait for it.
    promise.catch(() => {});
    return promise;
  }

  /** Drops all that waits and lets every later call throw `error`; only the first one counts. */
  stop(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    this.#log.drop(error);
    this.#table.drop(error);
  }

  /** Whether a sync of the lane is done when the call that asks for it returns. */
  #blocks(queue: LaneQueue): boolean {
    return queue.inlineDepth > 0 || (this.#standsStill && queue === this.#table);
  }

  #queue(lane: Lane): LaneQueue {
    return lane === "log" ? this.#log : this.#table;
  }

  #entry(lane: Lane, { carryOut, begin }: Sync, bytes: number, isSync: boolean): Entry {
    const after = lane === "table" ? this.#log.syncsAsked : 0;
    return new Entry({ carryOut, begin, isSync, bytes, after });
  }

  #append(lane: Lane, operation: Sync, bytes: number, isSync: boolean): Ticket {
    const entry = this.#entry(lane, operation, bytes, isSync);
    this.#queue(lane).append(entry);
    return entry;
  }

  /**
   * Does what waits in a lane until at most so many bytes do, -1 for until all is done, and then begins what may run now. Of
   * the log it does at least so many of all syncs. An error is final.
   */
  #carryOut(logBytes: number | undefined, tableBytes: number | undefined, logSyncs = 0): void {
    this.requireRunning();
    try {
      this.#finishSyncsOfLog(logSyncs);
      if (logBytes !== undefined) this.#drainQueue(this.#log, logBytes);
      if (tableBytes !== undefined) this.#drainQueue(this.#table, tableBytes);
      this.#advance(this.#log);
      this.#advance(this.#table);
    } catch (error) {
      this.stop(error);
      throw error;
    }
  }

  /** Does what is in flight again and then what waits, until at most `bytes` wait. */
  #drainQueue(queue: LaneQueue, bytes: number): void {
    this.#finishRunning(queue);
    while (queue.bytes > bytes && this.#doNext(queue));
  }

  /** Does what waits in the log up to so many syncs ever asked for. */
  #finishSyncsOfLog(count: number): void {
    if (this.#log.syncsDone < count) this.#finishRunning(this.#log);
    while (this.#log.syncsDone < count && this.#doNext(this.#log));
  }

  /** Does a sync in flight again. */
  #finishRunning(queue: LaneQueue): void {
    const { running } = queue;
    if (!running) return;
    running.carryOut();
    queue.finish(running);
  }

  /** Does what waits longest, and before it what it waits for; says whether anything waited. */
  #doNext(queue: LaneQueue): boolean {
    const { next } = queue;
    if (!next) return false;
    this.#finishSyncsOfLog(next.after);
    queue.takeNext();
    next.carryOut();
    queue.finish(next);
    return true;
  }

  /** Runs what may run now, up to the next sync. */
  #advance(queue: LaneQueue): void {
    while (!this.#standsStill && !queue.running && queue.next && queue.next.after <= this.#log.syncsDone) {
      const entry = queue.takeNext();
      if (entry?.begin) {
        const promise = entry.begin();
        queue.nowRunning(entry);
        this.#follow(queue, entry, promise);
      } else if (entry) {
        entry.carryOut();
        queue.finish(entry);
      }
    }
  }

  #follow(queue: LaneQueue, entry: Entry, promise: Promise<void>): void {
    promise.then(
      () => this.#completed(queue, entry),
      (error) => this.#failLater(error),
    );
  }

  #completed(queue: LaneQueue, entry: Entry): void {
    this.#standsStill = false;
    // Otherwise a drain has done it again meanwhile, or nobody wants to know any more.
    if (queue.running === entry) queue.finish(entry);
    try {
      this.#advance(this.#log);
      this.#advance(this.#table);
    } catch (error) {
      this.#failLater(error);
    }
  }

  #failLater(error: unknown): void {
    if (this.#failure) return;
    this.stop(error);
    this.#events.failed(error);
  }
}
