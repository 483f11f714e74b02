/**
 * What waits for the disk in one lane, in order, and who waits for it.
 *
 * @module
 */

import { Fifo } from "./fifo.ts";

/** Tells whether one operation has been done. */
export interface Ticket {
  readonly done: boolean;
}

/** One operation of a lane. */
export class Entry implements Ticket {
  /** Does it, and returns when it is done. */
  readonly carryOut: () => void;
  /** Starts it off-thread; only syncs have it. */
  readonly begin: (() => Promise<void>) | undefined;
  readonly isSync: boolean;
  /** How many bytes it keeps in memory. */
  readonly bytes: number;
  /** How many syncs of the other lane must be done before it. */
  readonly after: number;
  done = false;

  constructor(operation: Pick<Entry, "carryOut" | "begin" | "isSync" | "bytes" | "after">) {
    this.carryOut = operation.carryOut;
    this.begin = operation.begin;
    this.isSync = operation.isSync;
    this.bytes = operation.bytes;
    this.after = operation.after;
  }
}

interface Waiter {
  /** How many operations must be done. */
  readonly until: number;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The bookkeeping of one lane. It runs nothing itself. */
export class LaneQueue {
  readonly #waiting: Fifo<Entry> = new Fifo();
  readonly #waiters: Fifo<Waiter> = new Fifo();
  #running: Entry | undefined;
  #bytes = 0;
  #asked = 0;
  #done = 0;
  #syncsAsked = 0;
  #syncsDone = 0;
  /** How many inline sections the caller is in. */
  inlineDepth = 0;

  /** Whether no sync is in flight and nothing waits. */
  get idle(): boolean {
    return this.#running === undefined && this.#waiting.length === 0;
  }

  /** The sync in flight. */
  get running(): Entry | undefined {
    return this.#running;
  }

  /** What waits longest. */
  get next(): Entry | undefined {
    return this.#waiting.at(0);
  }

  /** How many bytes it keeps in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many syncs were ever asked for. */
  get syncsAsked(): number {
    return this.#syncsAsked;
  }

  /** How many syncs have ever been done. */
  get syncsDone(): number {
    return this.#syncsDone;
  }

  /** Lets an operation wait behind all others. */
  append(entry: Entry): void {
    this.#waiting.push(entry);
    this.#note(entry);
  }

  /** Takes out what waits longest. It must be passed to `finish` or `nowRunning` before anything else is asked. */
  takeNext(): Entry | undefined {
    return this.#waiting.shift();
  }

  /** Notes that a sync, taken out before, is in flight. */
  nowRunning(entry: Entry): void {
    this.#running = entry;
  }

  /** Notes that a sync which never waited is in flight. */
  startedAtOnce(entry: Entry): void {
    this.#running = entry;
    this.#note(entry);
  }

  /** Notes that an operation is done: the one in flight, or one just taken out. */
  finish(entry: Entry): void {
    if (this.#running === entry) this.#running = undefined;
    entry.done = true;
    this.#bytes -= entry.bytes;
    this.#done += 1;
    if (entry.isSync) this.#syncsDone += 1;
    while ((this.#waiters.at(0)?.until ?? Number.POSITIVE_INFINITY) <= this.#done) this.#waiters.shift()?.resolve();
  }

  /** `undefined` when idle, otherwise resolves once all that was asked for so far is done. */
  settled(): Promise<void> | undefined {
    if (this.idle) return undefined;
    const last = this.#waiters.at(this.#waiters.length - 1);
    if (last?.until === this.#asked) return last.promise;
    const waiter = newWaiter(this.#asked);
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  /** Drops all that waits, forgets the sync in flight, and rejects every promise with `error`. */
  drop(error: unknown): void {
    this.#waiting.clear();
    this.#running = undefined;
    this.#bytes = 0;
    for (let waiter = this.#waiters.shift(); waiter; waiter = this.#waiters.shift()) waiter.reject(error);
  }

  #note(entry: Entry): void {
    this.#bytes += entry.bytes;
    this.#asked += 1;
    if (entry.isSync) this.#syncsAsked += 1;
  }
}

function newWaiter(until: number): Waiter {
  let resolve = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  // Nobody has to wait for it.
  promise.catch(() => {});
  return { until, promise, resolve, reject };
}
