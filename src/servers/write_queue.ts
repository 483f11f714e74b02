/**
 * Group commit: writes of one turn of the event loop, and those that come while a group is on its way, travel together.
 *
 * One group is on its way at a time. So the writes of one store happen in the order of the calls, and what waits is
 * bounded by what callers have not awaited. A group is bounded by the limits of its backend.
 *
 * @module
 */

import { nameOf, sizeOf } from "../bytes.ts";
import { type Deferred, deferred } from "../promises.ts";
import { type AsyncBackend, type CommitOutcome, type CommitRequest, isChange } from "./backend.ts";
import { WrittenKeys } from "./written.ts";

/** A change of a value counts as this many bytes: nobody knows them before. */
const BYTES_A_CHANGE = 256;

/** As many steps as callers take that were told of their writes, until they write again. */
const STEPS_OF_CALLERS = 16;

/** Settles when the callers that run now have made their writes. */
async function gather(): Promise<void> {
  for (let step = 0; step < STEPS_OF_CALLERS; step++) await undefined;
}

/** A request that waits. */
interface Waiting {
  readonly request: CommitRequest;
  /** The names of the keys that it writes. */
  readonly names: readonly string[];
  readonly bytes: number;
  /** Reads that began before it, and have no answer yet. */
  readonly reads: readonly Promise<unknown>[];
  readonly outcome: Deferred<CommitOutcome>;
}

/** The writes of one store. */
export class WriteQueue {
  readonly #backend: AsyncBackend;
  /** Called with the version of each commit. */
  readonly #committed: (version: number) => void;
  #waiting: Waiting[] = [];
  #isRunning = false;
  /** Settles with the newest request. It never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  /** By the names of keys: settles with the newest request that writes the key. */
  readonly #lastOf: Map<string, Promise<unknown>> = new Map();
  /** Reads that later writes wait for. */
  readonly #before: Set<Promise<unknown>> = new Set();

  constructor(backend: AsyncBackend, committed: (version: number) => void) {
    this.#backend = backend;
    this.#committed = committed;
  }

  /** Sends a request with its group. The request must own its bytes. */
  submit(request: CommitRequest): Promise<CommitOutcome> {
    const outcome = deferred<CommitOutcome>();
    const names = request.operations.map(({ key }) => nameOf(key));
    let bytes = 0;
    for (const each of request.operations) bytes += isChange(each) ? BYTES_A_CHANGE : sizeOf(each);
    this.#waiting.push({ request, names, bytes, reads: [...this.#before], outcome });
    const settled = outcome.promise.then(
      () => {},
      () => {},
    );
    this.#last = settled;
    for (const name of names) this.#lastOf.set(name, settled);
    void settled.then(() => {
      for (const name of names) if (this.#lastOf.get(name) === settled) this.#lastOf.delete(name);
    });
    if (!this.#isRunning) void this.#run();
    return outcome.promise;
  }

  /** Settles once the writes so far are done or have failed; `undefined` if none waits. */
  idle(): Promise<unknown> | undefined {
    return this.#isRunning ? this.#last : undefined;
  }

  /** As {@linkcode WriteQueue.idle}, for the writes of some keys. */
  settled(keys: readonly Uint8Array[]): Promise<unknown> | undefined {
    if (this.#lastOf.size === 0) return undefined;
    const last = keys.flatMap((key) => this.#lastOf.get(nameOf(key)) ?? []);
    return last.length === 0 ? undefined : Promise.all(last);
  }

  /** Lets later writes wait until a read that began before them has its answer. Returns the same promise. */
  before<T>(read: Promise<T>): Promise<T> {
    const settled = read.then(
      () => {},
      () => {},
    );
    this.#before.add(settled);
    void settled.then(() => this.#before.delete(settled));
    return read;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      await gather();
      await Promise.all(this.#waiting[0]?.reads ?? []);
      const group = this.#take();
      try {
        const outcomes = await this.#backend.commit(group.map(({ request }) => request));
        for (const [i, { outcome }] of group.entries()) this.#settle(outcome, outcomes[i] as CommitOutcome);
      } catch (error) {
        for (const { outcome } of group) outcome.reject(error);
      }
      // Callers that write one after the other begin the next group here.
      if (this.#waiting.length === 0) await gather();
    }
    this.#isRunning = false;
  }

  #settle(outcome: Deferred<CommitOutcome>, came: CommitOutcome): void {
    if (came.state === "done") this.#committed(came.version);
    outcome.resolve(came);
  }

  /** Takes the first requests that may be one group. */
  #take(): Waiting[] {
    const { groupRequests, groupOperations, groupBytes, writesKeysOnce } = this.#backend.limits;
    const written = new WrittenKeys();
    let [count, operations, bytes] = [0, 0, 0];
    for (const next of this.#waiting) {
      operations += next.names.length;
      bytes += next.bytes;
      const isFull = count >= groupRequests || operations > groupOperations || bytes > groupBytes;
      const isFirst = count === 0;
      if (!isFirst && (isFull || next.reads.some((read) => this.#before.has(read)))) break;
      if (!isFirst && written.concerns(next.request)) break;
      if (!isFirst && writesKeysOnce && written.hasAny(next.names)) break;
      written.add(next.request, next.names);
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
