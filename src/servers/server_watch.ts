/**
 * Watches over a server. Nothing is queued for a consumer: a watch knows its place in the order of the commits, and each
 * step reads a page from there.
 *
 * @module
 */

import type { ChangeIn, WatchOptions } from "../api/changes.ts";
import type { KeyEncoding } from "../api/keys.ts";
import type { ByteRange } from "../byte_range.ts";
import { keepAlive } from "../commit/keep_alive.ts";
import { StoreError } from "../errors.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import { checkSignal, OptionNames } from "../options.ts";
import { onAbort, unlessAborted } from "../promises.ts";
import { type Intervals, intervalsOf } from "../store/intervals.ts";
import type { Decode, Watching } from "../store/watch.ts";
import type { ScannedEntry } from "./backend.ts";
import type { ServerCore } from "./core.ts";

const OPTIONS = new OptionNames<WatchOptions>({ since: true, signal: true }, { example: "{ since }" });

/** What a watch asks for. */
interface Watched<E extends KeyEncoding> {
  readonly ranges: readonly ByteRange[];
  readonly format: KeyFormat<E>;
  /** The version after which it begins. */
  readonly begins: Promise<number>;
  readonly signal: AbortSignal | undefined;
  readonly decode: Decode<E> | undefined;
}

/** The changes of some ranges. Throws `TypeError` or `RangeError` for wrong options. */
export function watchServer<E extends KeyEncoding>(
  core: ServerCore,
  ...[ranges, format, options, decode]: Watching<E>
): AsyncIterable<ChangeIn<E>> {
  core.check("watch");
  const { since, signal: given } = OPTIONS.read(options);
  const signal = checkSignal(given);
  // A watch without a version begins now, and not when it is read.
  const version = core.checkVersion("since", since);
  const begins = version === undefined ? core.newest() : core.known("since", version);
  begins.catch(() => {});
  const watched = { ranges, format, begins, signal, decode };
  return { [Symbol.asyncIterator]: () => new ServerWatch(core, watched) };
}

/** An iterator over changes. */
class ServerWatch<E extends KeyEncoding> implements AsyncIterableIterator<ChangeIn<E>> {
  readonly #core: ServerCore;
  readonly #watched: Watched<E>;
  /** The smallest range that includes all. */
  readonly #hull: ByteRange;
  /** Tells which of several ranges have a key. */
  readonly #wanted: Intervals<ByteRange> | undefined;
  /** All changes up to this version are delivered or found, and of the next version those up to the key. */
  #place: { readonly since: number; readonly after: Uint8Array | undefined } | undefined;
  #found: readonly ScannedEntry[] = [];
  #index = 0;
  /** Ends the step that waits. */
  readonly #returned = new AbortController();
  /** Steps run one after the other, even if the caller does not wait for them. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(core: ServerCore, watched: Watched<E>) {
    this.#core = core;
    this.#watched = watched;
    const intervals = intervalsOf(watched.ranges);
    this.#hull = intervals.hull;
    if (watched.ranges.length > 1) this.#wanted = intervals;
  }

  next(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    const next = this.#before.then(() => this.#next());
    this.#before = next.catch(() => {});
    return next;
  }

  async return(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    this.#returned.abort();
    this.#found = [];
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    const { signal } = this.#watched;
    const stop = new AbortController();
    const end = () => stop.abort();
    const releases = [signal, this.#core.closing, this.#returned.signal].map((each) => onAbort(each, end));
    const letGo = keepAlive();
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (this.#core.isClosing || this.#returned.signal.aborted) return await this.return();
        const change = this.#found[this.#index];
        if (change) {
          const told = this.#tell(change);
          this.#index += 1;
          return { done: false, value: told };
        }
        await this.#find(stop.signal);
      }
    } finally {
      letGo();
      for (const release of releases) release();
    }
  }

  /** Reads a page, and waits for news if it is the last one. Returns early if `stop` aborts. */
  async #find(stop: AbortSignal): Promise<void> {
    const { begins } = this.#watched;
    const { backend } = this.#core;
    try {
      this.#place ??= { since: await unlessAborted(begins, stop), after: undefined };
      const { since, after } = this.#place;
      const { changes, seen, last } = await unlessAborted(backend.changes(this.#hull, since, after), stop);
      this.#found = changes.filter(({ key }) => !this.#wanted || this.#wanted.found(key).length > 0);
      this.#index = 0;
      this.#place = { since: seen, after: last };
      this.#core.saw(seen);
      const isOver = seen === since && last === undefined && changes.length === 0;
      if (isOver) await backend.news(since, stop);
    } catch (error) {
      if (stop.aborted) return;
      // As in any store, a watch ends with its store.
      if (this.#core.isClosing && error instanceof StoreError && error.code === "STORE_CLOSED") return;
      throw error;
    }
  }

  #tell({ key, value, version, expiresMs }: ScannedEntry): ChangeIn<E> {
    const isDeleted = value === undefined && expiresMs === 0;
    const change = {
      type: isDeleted ? "delete" : "put",
      key: formatKey(key, this.#watched.format),
      version,
      ...(value ? { value } : {}),
      ...(expiresMs === 0 ? {} : { expiresAt: expiresMs }),
    };
    this.#watched.decode?.(change);
    return change as ChangeIn<E>;
  }
}
