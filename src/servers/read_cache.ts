/**
 * The cache of a store over a server: values that were read, which a watch of the whole store keeps right.
 *
 * A value is used only while the watch is known to be current: the server has said which version was the newest one, not
 * longer ago than `maxAge`, and the watch has told all changes up to that version, and up to all that the store has heard
 * of. So a value of the cache is what the key had at that moment, or later.
 *
 * A value is stored only if nothing touched its key between the question and the answer: no change that the watch told,
 * no write of the same store, and no later read of the key.
 *
 * @module
 */

import type { StoredValue } from "../backend.ts";
import { nameOf } from "../bytes.ts";
import { clearInterval, clock, setInterval } from "../clock.ts";
import { onAbort, pause, unlessAborted } from "../promises.ts";
import type { AsyncBackend } from "./backend.ts";
import type { CacheSettings } from "./cache_options.ts";
import { CachedValues } from "./cached_values.ts";

/** How often the server is asked for the newest version in the time that a value may be old. */
const LOOKS_AN_AGE = 3;
/** The pause before a watch that has failed begins again, in milliseconds. */
const PAUSE_MS = 500;

/** The figures of a cache since the store was opened. */
export interface CacheMetrics {
  /** Keys whose reads were answered from the cache. */
  readonly hits: number;
  /** Keys whose reads asked the server. */
  readonly misses: number;
  /** Keys in the cache. */
  readonly entries: number;
  /** Bytes of keys and values in the cache, and 200 for each entry. */
  readonly bytes: number;
  /** Whether the cache may answer now: its watch is known to be current. */
  readonly current: boolean;
  /** How often the watch has failed, and the cache was emptied. */
  readonly restarts: number;
}

/** See the module. */
export class ReadCache {
  readonly #backend: AsyncBackend;
  readonly #maxAge: number;
  /** The newest version that the store has heard of. */
  readonly #heard: () => number;
  readonly #closing: AbortSignal;
  readonly #values: CachedValues;
  /** Reads on their way that may be stored, by the names of keys. */
  readonly #reading: Map<string, symbol> = new Map();
  /** All changes up to this version were told; `undefined` while there is no watch. */
  #seen: number | undefined;
  /** At this monotonic time, all that the server had was told. */
  #currentAt = Number.NEGATIVE_INFINITY;
  /** What the server has said: its newest version at a time. Not yet reached by the watch. */
  #awaited: { readonly at: number; readonly version: number } | undefined;
  #isLooking = false;
  /** Ends the watch, which then begins anew. */
  #restart = new AbortController();
  #hits = 0;
  #misses = 0;
  #restarts = 0;

  /** Begins to watch, until `closing` aborts. */
  constructor(backend: AsyncBackend, settings: CacheSettings, heard: () => number, closing: AbortSignal) {
    this.#backend = backend;
    this.#maxAge = settings.maxAge;
    this.#heard = heard;
    this.#closing = closing;
    this.#values = new CachedValues(settings.maxBytes);
    void this.#run();
    const timer = setInterval(() => void this.#look(), settings.maxAge / LOOKS_AN_AGE);
    timer.unref();
    onAbort(closing, () => clearInterval(timer));
  }

  get metrics(): CacheMetrics {
    return {
      hits: this.#hits,
      misses: this.#misses,
      entries: this.#values.size,
      bytes: this.#values.bytes,
      current: this.#isCurrent,
      restarts: this.#restarts,
    };
  }

  /** The values of keys, from the cache or by `read`. The caller owns the bytes. */
  async read(
    keys: readonly Uint8Array[],
    read: (keys: readonly Uint8Array[]) => Promise<readonly (StoredValue | undefined)[]>,
  ): Promise<readonly (StoredValue | undefined)[]> {
    const now = this.#backend.now();
    const names = keys.map(nameOf);
    const isCurrent = this.#isCurrent;
    const cached = names.map((name) => (isCurrent ? this.#values.get(name, now) : undefined));
    const missing = [...keys.keys()].filter((i) => !cached[i]);
    this.#hits += keys.length - missing.length;
    this.#misses += missing.length;
    if (missing.length === 0) return cached.map((each) => copyOf(each?.found));
    const mark = Symbol("a read");
    if (this.#seen !== undefined) for (const i of missing) this.#reading.set(names[i] as string, mark);
    let found: readonly (StoredValue | undefined)[];
    try {
      found = await read(missing.map((i) => keys[i] as Uint8Array));
      for (const [j, i] of missing.entries()) {
        const name = names[i] as string;
        if (this.#reading.get(name) === mark) this.#values.set(name, copyOf(found[j]));
      }
    } finally {
      for (const i of missing) {
        const name = names[i] as string;
        if (this.#reading.get(name) === mark) this.#reading.delete(name);
      }
    }
    const places = new Map(missing.map((i, j) => [i, found[j]]));
    return keys.map((_, i) => (places.has(i) ? places.get(i) : copyOf(cached[i]?.found)));
  }

  /** The store writes these keys: what the cache has of them is not used any more. */
  forget(names: readonly string[]): void {
    for (const name of names) {
      this.#values.delete(name);
      this.#reading.delete(name);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#values.clear();
    this.#reading.clear();
    this.#currentAt = Number.NEGATIVE_INFINITY;
    this.#awaited = undefined;
  }

  get #isCurrent(): boolean {
    if (this.#seen === undefined || this.#seen < this.#heard()) return false;
    return clock.monotonic() - this.#currentAt < this.#maxAge;
  }

  async #run(): Promise<void> {
    while (!this.#closing.aborted) {
      const restart = new AbortController();
      this.#restart = restart;
      const release = onAbort(this.#closing, () => restart.abort(this.#closing.reason));
      try {
        await this.#follow(restart.signal);
      } catch {
        // Reads ask the server, and get the error of the server themselves. The figures count this.
        this.#seen = undefined;
        this.clear();
        if (this.#closing.aborted) return;
        this.#restarts += 1;
        await pause(PAUSE_MS, this.#closing, true);
      } finally {
        release();
      }
    }
  }

  /** Tells the cache all changes, until an error. */
  async #follow(signal: AbortSignal): Promise<never> {
    let since = await unlessAborted(this.#backend.newest(), signal);
    let after: Uint8Array | undefined;
    this.#seen = since;
    void this.#look();
    for (;;) {
      const { changes, seen, last } = await unlessAborted(this.#backend.changes({}, since, after), signal);
      for (const change of changes) {
        const name = nameOf(change.key);
        this.#reading.delete(name);
        this.#values.change(name, change);
      }
      const isOver = seen === since && last === undefined && changes.length === 0;
      [since, after] = [seen, last];
      this.#seen = seen;
      this.#confirm();
      if (isOver) await this.#backend.news(since, signal);
    }
  }

  /** Asks which version is the newest one. */
  async #look(): Promise<void> {
    const [seen, restart] = [this.#seen, this.#restart];
    if (this.#isLooking || seen === undefined || this.#closing.aborted) return;
    this.#isLooking = true;
    const at = clock.monotonic();
    try {
      const version = await this.#backend.newest();
      if (restart !== this.#restart) return;
      // The server has lost what the watch has told: a standby took over that did not have it.
      if (version < seen) restart.abort(new Error(`the server went back from version ${seen} to ${version}`));
      // An earlier one that the watch has not reached will be reached before this one.
      this.#awaited ??= { at, version };
      this.#confirm();
    } catch {
      // The time of the last answer passes, and reads ask the server.
    } finally {
      this.#isLooking = false;
    }
  }

  #confirm(): void {
    const awaited = this.#awaited;
    if (!awaited || this.#seen === undefined || this.#seen < awaited.version) return;
    this.#currentAt = Math.max(this.#currentAt, awaited.at);
    this.#awaited = undefined;
  }
}

function copyOf(found: StoredValue | undefined): StoredValue | undefined {
  return found && { ...found, value: found.value.slice() };
}
