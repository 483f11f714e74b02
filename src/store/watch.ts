/**
 * Watching a store: a walk over its history that goes on as the store does.
 *
 * Nothing is queued for a consumer. Each step reads the changes behind the last one: in the order of the commits while they are
 * in memory; from further back by key, in passes that each find the oldest ones.
 *
 * @module
 */

import type { ChangeIn } from "../api/changes.ts";
import type { ChangeWindow, StoredChange } from "../backend.ts";
import { type ByteRange, restOf } from "../byte_range.ts";
import { deferred } from "../commit/deferred.ts";
import { keepAlive } from "../commit/keep_alive.ts";
import { afterLightWork, runInSteps } from "../commit/turns.ts";
import { StoreError } from "../errors.ts";
import { formatKey, type KeyEncoding, type KeyFormat } from "../key_format.ts";
import type { Run } from "./read_source.ts";

/** Changes that one pass over the history finds at least, if there are as many. */
const CHANGES_A_PASS = 4096;

/** What a page of changes counts as light work. */
const PAGE_WEIGHT = 8;

/** What a watch needs of its store. */
export interface WatchHost {
  readonly run: Run;
  /** Up to here commits may be told. */
  readonly settledVersion: number;
  /** Whether there will be no commit any more. */
  readonly isFinal: boolean;
  /** Whether the store is closed. Throws when it failed. */
  isOver(): boolean;
  /** Calls when one of these may have changed; returns how to stop it. */
  onSettled(listener: () => void): () => void;
}

/** What is watched. */
export interface Watched<E extends KeyEncoding> {
  readonly range: ByteRange;
  readonly format: KeyFormat<E>;
  readonly since: number;
  readonly signal: AbortSignal | undefined;
}

/** A walk over changes. */
export class Watch<E extends KeyEncoding> implements AsyncIterableIterator<ChangeIn<E>> {
  readonly #host: WatchHost;
  readonly #watched: Watched<E>;
  /** Everything up to this version is done with, and so many changes of the next one that has some. */
  #since: number;
  #skip = 0;
  #found: StoredChange[] = [];
  #index = 0;
  #isDone = false;
  /** Ends the wait for changes. */
  #wake: (() => void) | undefined;
  /** Steps are asked for one after the other, also when the caller does not wait. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: WatchHost, watched: Watched<E>) {
    this.#host = host;
    this.#watched = watched;
    this.#since = watched.since;
  }

  next(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => {});
    return next;
  }

  async return(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    this.#isDone = true;
    this.#found = [];
    this.#wake?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    const { signal } = this.#watched;
    for (;;) {
      signal?.throwIfAborted();
      if (this.#isDone || this.#host.isOver()) return this.return();
      const change = this.#found[this.#index++];
      if (change) return { done: false, value: this.#tell(change) };
      if (this.#since < this.#host.settledVersion) {
        await this.#find();
        await afterLightWork(PAGE_WEIGHT);
      } else if (this.#host.isFinal) return this.return();
      else await this.#news();
    }
  }

  /** Settles when the host has something to say, or the signal, or nobody wants to know any more. */
  async #news(): Promise<void> {
    const { promise, resolve } = deferred<void>();
    const stop = this.#host.onSettled(resolve);
    const { signal } = this.#watched;
    const abort = () => resolve();
    signal?.addEventListener("abort", abort);
    this.#wake = resolve;
    const letGo = keepAlive();
    await promise;
    letGo();
    this.#wake = undefined;
    signal?.removeEventListener("abort", abort);
    stop();
  }

  #tell({ key, value, version, expiresMs }: StoredChange): ChangeIn<E> {
    const isDeleted = value === undefined && expiresMs === 0;
    return {
      type: isDeleted ? "delete" : "put",
      key: formatKey(key, this.#watched.format),
      version,
      ...(value ? { value } : {}),
      ...(expiresMs === 0 ? {} : { expiresAt: expiresMs }),
    };
  }

  /** A store that is closed meanwhile ends the walk. */
  async #find(): Promise<void> {
    try {
      await this.#findNext();
    } catch (error) {
      if (!this.#host.isOver()) throw error;
    }
  }

  async #findNext(): Promise<void> {
    const window = { since: this.#since, until: this.#host.settledVersion };
    const recent = this.#host.run((backend) => backend.commits(this.#watched.range, window, this.#skip));
    const { changes, more } = recent ?? (await this.#findOldest(window));
    const newest = changes.at(-1)?.version;
    if (more && newest !== undefined) {
      const sameVersion = changes.filter(({ version }) => version === newest).length;
      this.#skip = (changes[0]?.version === newest ? this.#skip : 0) + sameVersion;
      this.#since = newest - 1;
    } else {
      [this.#since, this.#skip] = [window.until, 0];
    }
    [this.#found, this.#index] = [changes, 0];
  }

  /** The oldest changes of the window, wherever they are. */
  async #findOldest(window: ChangeWindow): Promise<{ changes: StoredChange[]; more: boolean }> {
    const oldest = new OldestChanges(CHANGES_A_PASS + this.#skip);
    let [rest, below] = [this.#watched.range, Number.POSITIVE_INFINITY];
    this.#assertWhole();
    await runInSteps(
      () => {
        const { changes, more } = this.#host.run((backend) => backend.changes(rest, window, below));
        oldest.add(changes);
        const last = changes.at(-1);
        if (!more || !last) return false;
        rest = { ...restOf(rest, last.key, 0), lowerIncluded: true };
        below = last.version;
        return true;
      },
      { signal: this.#watched.signal },
    );
    const { changes, more } = oldest.sorted();
    const found = changes.slice(this.#skip).map((change) => this.#withValue(change));
    // What went while the history was read may be missing in what was found.
    this.#assertWhole();
    return { changes: found, more };
  }

  #withValue(change: StoredChange): StoredChange {
    if (!change.value) return change;
    const entry = this.#host.run((backend) => backend.entry(change.key, change.version));
    return { ...change, value: entry?.version === change.version ? entry.value : undefined };
  }

  #assertWhole(): void {
    const changesFrom = this.#host.run((backend) => backend.changesFrom);
    if (changesFrom <= this.#since) return;
    throw new StoreError(
      "VERSION_GONE",
      `Cannot tell all changes after version ${this.#since}: some are gone, all after ${changesFrom} are there`,
      { version: changesFrom },
    );
  }
}

/** Keeps the oldest of many changes: whole versions, a few more than `count`. */
class OldestChanges {
  readonly #count: number;
  #changes: StoredChange[] = [];
  #ceiling = Number.POSITIVE_INFINITY;
  #dropped = false;

  constructor(count: number) {
    this.#count = count;
  }

  add(changes: readonly StoredChange[]): void {
    for (const change of changes) {
      if (change.version <= this.#ceiling) this.#changes.push(change);
      else this.#dropped = true;
    }
    if (this.#changes.length > 2 * this.#count) this.#cut();
  }

  /** By version, and by key within one, as a commit has them; `more` says that there are newer ones. */
  sorted(): { changes: StoredChange[]; more: boolean } {
    this.#cut();
    return { changes: this.#changes, more: this.#dropped };
  }

  #cut(): void {
    // They came by key: sorting is stable.
    this.#changes.sort((a, b) => a.version - b.version);
    const ceiling = this.#changes[this.#count - 1]?.version;
    if (ceiling === undefined) return;
    const end = this.#changes.findIndex(({ version }) => version > ceiling);
    if (end === -1) return;
    this.#ceiling = ceiling;
    this.#dropped = true;
    this.#changes.length = end;
  }
}
