/**
 * Watching a store: a walk over its history that goes on as the store does.
 *
 * Nothing is queued for a consumer. A watch knows its place in the order of the commits, a version and a key, and each step reads
 * a page from there on: in the order of the commits while they are in memory; from further back by key, in passes that each find
 * the oldest ones, and within one commit from its next key on.
 *
 * @module
 */

import type { ChangeIn, WatchOptions } from "../api/changes.ts";
import type { KeyEncoding } from "../api/keys.ts";
import type { ChangePage, ChangePlace, ChangeWindow, StoredChange } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { compareBytes, NOTHING, withZero } from "../bytes.ts";
import { clock } from "../clock.ts";
import { runInSteps, Turns } from "../commit/event_loop.ts";
import { keepAlive } from "../commit/keep_alive.ts";
import { StoreError } from "../errors.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import { checkSignal, OptionNames } from "../options.ts";
import { onAbort } from "../promises.ts";
import type { StoreCore } from "./core.ts";
import { OldestChanges } from "./oldest_changes.ts";
import type { Lookout } from "./watchers.ts";

const WATCH_OPTIONS = new OptionNames<WatchOptions>({ since: true, signal: true }, { example: "{ since }" });

/** Changes that are told between two looks at the clock. */
const CHANGES_A_LOOK = 128;

/** Ends what watches that nobody holds any more look out for. Weakly: one that waits leads back to its watch. */
const forgotten = new FinalizationRegistry<WeakRef<Lookout>>((lookout) => lookout.deref()?.end());

/** Makes of a change what is told of it. */
type Decode<E extends KeyEncoding> = (change: { -readonly [Name in keyof ChangeIn<E>]: ChangeIn<E>[Name] }) => void;

/** What a watch is asked for. */
export type Watching<E extends KeyEncoding> = [
  range: ByteRange,
  format: KeyFormat<E>,
  options: WatchOptions | undefined,
  decode?: Decode<E>,
];

/** What is watched. */
export interface Watched<E extends KeyEncoding> {
  readonly range: ByteRange;
  readonly format: KeyFormat<E>;
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  readonly decode: Decode<E> | undefined;
}

/** The changes of a range, for as many walks as are asked for. Throws `TypeError` or `RangeError` for wrong options. */
export function watchChanges<E extends KeyEncoding>(
  core: StoreCore,
  ...[{ reverse: _reverse, limit: _limit, ...range }, format, options, decode]: Watching<E>
): AsyncIterable<ChangeIn<E>> {
  core.assertOpen("watch");
  const { since: given, signal } = WATCH_OPTIONS.read(options);
  const since = core.checkVersion(given, "since");
  const watched = { range, format, since, signal: checkSignal(signal), decode };
  return { [Symbol.asyncIterator]: () => new Watch(core, watched) };
}

/** A walk over changes. */
class Watch<E extends KeyEncoding> implements AsyncIterableIterator<ChangeIn<E>> {
  readonly #core: StoreCore;
  readonly #watched: Watched<E>;
  /** What comes before it, in the order of the commits, is told or found. */
  #place: ChangePlace;
  #found: StoredChange[] = [];
  #index = 0;
  /** Whether what was found is without its values: each is read when it is told. */
  #isBare = false;
  #turns = new Turns();
  #isDone = false;
  readonly #lookout: Lookout;
  /** Steps are asked for one after the other, also when the caller does not wait. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(core: StoreCore, watched: Watched<E>) {
    this.#core = core;
    this.#watched = watched;
    this.#place = { version: watched.since + 1, key: NOTHING };
    this.#lookout = core.watchers.lookout(watched.range);
    forgotten.register(this, new WeakRef(this.#lookout));
  }

  next(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    const next = this.#last.then(() => this.#next());
    // Who gets an error may never say that this is the end; who asks again begins to look out again.
    this.#last = next.catch(() => this.#lookout.end());
    return next;
  }

  async return(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    this.#isDone = true;
    this.#found = [];
    this.#lookout.end();
    this.#lookout.wake();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    const { signal } = this.#watched;
    for (;;) {
      // Whoever asks for one change after the other lets the event loop turn no more than this does.
      if (this.#isBare || this.#index % CHANGES_A_LOOK === 0) await this.#turns.next();
      signal?.throwIfAborted();
      if (this.#isDone || this.#isOver()) return this.return();
      const change = this.#found[this.#index];
      if (change) {
        const told = this.#tell(this.#isBare ? this.#withValue(change) : change);
        this.#index += 1;
        return { done: false, value: told };
      }
      this.#passBy();
      if (this.#place.version <= this.#core.settledVersion) await this.#find();
      else if (this.#core.behaviour.readOnly) return this.return();
      else await this.#news();
    }
  }

  /** Moves on to the first commit that touched the range: those before it are none of this watch, wherever it stands. */
  #passBy(): void {
    const lookout = this.#lookout;
    if (lookout.since === undefined) lookout.begin(this.#core.version);
    if (this.#place.version <= (lookout.since ?? 0)) return;
    const next = lookout.touched ?? this.#core.version + 1;
    if (next > this.#place.version) this.#place = { version: next, key: NOTHING };
    if (lookout.touched !== undefined) lookout.begin(this.#core.version);
  }

  /** Settles when the host has something to say, or the signal, or nobody wants to know any more. */
  async #news(): Promise<void> {
    const lookout = this.#lookout;
    const { version } = this.#place;
    const { signal } = this.#watched;
    const release = onAbort(signal, () => lookout.wake());
    const letGo = keepAlive();
    // What was written before the lookout began may be in the range, and may not.
    await lookout.news(version <= (lookout.since ?? 0) ? version : undefined);
    letGo();
    release();
    this.#turns = new Turns();
  }

  /** Whether the store is closed. Throws when it failed. */
  #isOver(): boolean {
    this.#core.assertSound("watch");
    return this.#core.isClosing;
  }

  #tell({ key, value, version, expiresMs }: StoredChange): ChangeIn<E> {
    const isDeleted = value === undefined && expiresMs === 0;
    const change: ChangeIn<E> = {
      type: isDeleted ? "delete" : "put",
      key: formatKey(key, this.#watched.format),
      version,
      ...(value ? { value } : {}),
      ...(expiresMs === 0 ? {} : { expiresAt: expiresMs }),
    };
    this.#watched.decode?.(change);
    return change;
  }

  /** A store that is closed meanwhile ends the walk. */
  async #find(): Promise<void> {
    try {
      await this.#findNext();
    } catch (error) {
      if (!this.#isOver()) throw error;
    }
  }

  async #findNext(): Promise<void> {
    const { range } = this.#watched;
    const [place, until] = [this.#place, this.#core.settledVersion];
    const recent = this.#core.read((backend) => backend.commits(range, place, until));
    const { changes, next } = recent ?? (await this.#findOlder(place, until));
    this.#place = next ?? { version: until + 1, key: NOTHING };
    [this.#found, this.#index, this.#isBare] = [changes, 0, recent === undefined];
  }

  /** The oldest changes from a place on, wherever they are, without their values. */
  async #findOlder(place: ChangePlace, until: number): Promise<ChangePage> {
    this.#assertWhole(place.version - 1);
    const page = place.key.length > 0 ? this.#findInCommit(place) : await this.#findOldest(place.version - 1, until);
    // What went while the history was read may be missing in what was found.
    this.#assertWhole(place.version - 1);
    return page;
  }

  /** Some of what is left of a commit: of one version keys are told in their order. */
  #findInCommit({ key, version }: ChangePlace): ChangePage {
    const window = { since: version - 1, until: version };
    const { range } = this.#watched;
    const from = range.lower && compareBytes(range.lower, key) > 0 ? undefined : { key, version };
    const { changes, next } = this.#core.read((backend) => backend.changes(range, window, from));
    if (!next) return { changes, next: { version: version + 1, key: NOTHING } };
    // Below its version, the key is done with.
    const rest = next.version < version ? withZero(next.key) : next.key;
    return { changes, next: { version, key: rest } };
  }

  async #findOldest(since: number, until: number): Promise<ChangePage> {
    const oldest = new OldestChanges();
    const window: ChangeWindow = { since, until };
    let from: ChangePlace | undefined;
    await runInSteps(
      () => {
        const page = this.#core.read((backend) => backend.changes(this.#watched.range, window, from));
        oldest.add(page.changes);
        from = page.next;
        return from !== undefined;
      },
      { signal: this.#watched.signal },
    );
    return oldest.page();
  }

  /** It may have gone since it was found: unless it has expired, what follows cannot be told either. */
  #withValue(change: StoredChange): StoredChange {
    if (!change.value) return change;
    const { key, version, expiresMs } = change;
    const entry = this.#core.read((backend) => backend.entry(key, version));
    if (entry?.version === version) return { ...change, value: entry.value };
    if (expiresMs === 0 || expiresMs > clock.now()) this.#assertWhole(version - 1);
    return { ...change, value: undefined };
  }

  #assertWhole(since: number): void {
    const changesFrom = this.#core.read((backend) => backend.changesFrom);
    if (changesFrom <= since) return;
    throw new StoreError(
      "VERSION_GONE",
      `Cannot watch the changes after version ${since}: the store removed some of them; it has all after version ${changesFrom}`,
      { version: changesFrom },
    );
  }
}
