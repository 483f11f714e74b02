/**
 * The state of an open store over a server.
 *
 * @module
 */

import type { StoredOperation } from "../backend.ts";
import { nameOf, sizeOf } from "../bytes.ts";
import { clock } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { checkInteger } from "../options.ts";
import { Contention } from "../store/contention.ts";
import { wroteInside } from "../store/remote_errors.ts";
import {
  type AsyncBackend,
  type AsyncOperation,
  type CommitOutcome,
  type CommitRequest,
  type HeldVersion,
  isChange,
} from "./backend.ts";
import type { CacheSettings } from "./cache_options.ts";
import { ReadCache } from "./read_cache.ts";
import { WriteQueue } from "./write_queue.ts";

/** What came of a request that could be done. */
export type Decided = Exclude<CommitOutcome, { state: "failed" }>;

/** See the module. */
export class ServerCore {
  readonly backend: AsyncBackend;
  readonly queue: WriteQueue;
  readonly cache: ReadCache | undefined;
  readonly contention: Contention = new Contention();
  /** Aborts when the store is closed. */
  readonly #closing = new AbortController();
  #version = 0;
  /** How many functions of callers decide what is written. They must not write themselves. */
  #changing = 0;
  /** Whether one of them has tried to. */
  #hasWritten = false;

  /** `version` is the newest one that the backend has. */
  constructor(backend: AsyncBackend, version: number, cache?: CacheSettings) {
    this.backend = backend;
    this.queue = new WriteQueue(backend, (committed) => this.saw(committed));
    this.#version = version;
    if (cache) this.cache = new ReadCache(backend, cache, () => this.#version, this.closing);
  }

  /** The newest version that this store has heard of. */
  get version(): number {
    return this.#version;
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Notes that the server has that version. */
  saw(version: number): void {
    if (version > this.#version) this.#version = version;
  }

  /** Throws `STORE_CLOSED` if the store is closed. `action` is a verb for the message. */
  check(action: string): void {
    if (this.isClosing) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the store is closed`);
  }

  /** As {@linkcode ServerCore.check}, for a write. */
  checkWrite(action: string): void {
    this.check(action);
    if (this.#changing === 0) return;
    this.#hasWritten = true;
    throw wroteInside();
  }

  /** Refuses further calls, and lets those that wait go on. */
  close(): void {
    this.#closing.abort(new StoreError("STORE_CLOSED", "Cannot go on: the store was closed"));
    this.contention.release();
  }

  /** An expiry by the clock of this machine, by that of the backend. */
  expiry(expiresMs: number): number {
    return expiresMs === 0 ? 0 : expiresMs + Math.round(this.backend.now() - clock.now());
  }

  /** The version to begin at. Throws `TypeError` or `RangeError` for a wrong one. */
  checkVersion(name: string, version: number | undefined): number | undefined {
    if (version !== undefined) checkInteger(name, version, 0, Number.MAX_SAFE_INTEGER);
    return version;
  }

  /** The version. Rejects with `RangeError` for one that the server does not have yet. */
  async known(name: string, version: number): Promise<number> {
    if (version <= this.#version) return version;
    const newest = await this.backend.newest();
    this.saw(newest);
    if (version <= newest) return version;
    throw new RangeError(`Wrong option '${name}': expected a version from 0 to ${newest}, got ${version}`);
  }

  /** The newest version, with all earlier writes of this store and none of its later ones. */
  newest(): Promise<number> {
    return this.queue.before(this.#ask(() => this.backend.newest()));
  }

  /** Keeps a version; without one, the one that {@linkcode ServerCore.newest} has. */
  async hold(version?: number): Promise<HeldVersion> {
    return await this.queue.before(this.holdSoon(version));
  }

  /** As {@linkcode ServerCore.hold}, but later writes of this store may come before it. */
  async holdSoon(version?: number): Promise<HeldVersion> {
    await this.queue.idle();
    if (version !== undefined) await this.known("version", version);
    const held = await this.backend.hold(version);
    this.saw(held.version);
    return held;
  }

  /** Does a request. Throws what its changes threw. The caller has called {@linkcode ServerCore.checkWrite}. */
  async commit(request: Partial<CommitRequest>): Promise<Decided> {
    const { operations = [], checks = [], reads } = request;
    this.#checkSize(operations);
    const written = this.cache ? operations.map(({ key }) => nameOf(key)) : [];
    this.cache?.forget(written);
    let outcome: CommitOutcome;
    try {
      outcome = await this.queue.submit({ operations: operations.map(this.#guarded), checks, reads });
    } finally {
      // Also if nobody knows what came of it.
      this.cache?.forget(written);
    }
    if (outcome.state === "failed") throw outcome.error;
    return outcome;
  }

  async #ask(call: () => Promise<number>): Promise<number> {
    await this.queue.idle();
    const version = await call();
    this.saw(version);
    return version;
  }

  /** Throws `RangeError` for a request that the server cannot take. */
  #checkSize(operations: readonly AsyncOperation[]): void {
    const { name, limits } = this.backend;
    if (operations.length > limits.operations) {
      const count = operations.length;
      throw new RangeError(`Cannot commit ${count} operations at once: the limit of ${name} is ${limits.operations}`);
    }
    let bytes = 0;
    for (const each of operations) {
      if (isChange(each)) continue;
      this.#checkValue(each);
      bytes += sizeOf(each);
    }
    if (bytes <= limits.commitBytes) return;
    throw new RangeError(`Cannot commit ${bytes} bytes at once: the limit of ${name} is ${limits.commitBytes}`);
  }

  #checkValue({ value }: Pick<StoredOperation, "value">): void {
    const { name, limits } = this.backend;
    if (!value || value.length <= limits.valueBytes) return;
    throw new RangeError(`Cannot store a value of ${value.length} bytes: the limit of ${name} is ${limits.valueBytes}`);
  }

  /** The same operation. What it makes of a value is checked, and it cannot write to the store. */
  readonly #guarded = (operation: AsyncOperation): AsyncOperation => {
    if (!isChange(operation)) return operation;
    const { key, change } = operation;
    return {
      key,
      change: (found) => {
        this.#changing += 1;
        this.#hasWritten = false;
        try {
          const made = change(found);
          if (this.#hasWritten) throw wroteInside();
          if (made) this.#checkValue(made);
          return made;
        } finally {
          this.#changing -= 1;
        }
      },
    };
  };
}
