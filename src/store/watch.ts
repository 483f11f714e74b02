/**
 * Watches: iterators over a store's changes. They continue with future changes.
 *
 * Nothing is queued for a consumer. A watch knows its position in the order of the commits: a version and a key. Each
 * step reads a page from there. While the commits are in memory, it reads them in their order. It reads older changes
 * by key, in several passes: each pass finds the oldest ones. Within one commit it continues at the next key.
 *
 * @module
 */

import type { ChangeIn, WatchOptions } from "../api/changes.ts";
import type { KeyEncoding, KeyIn } from "../api/keys.ts";
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
import { type Intervals, intervalsOf } from "./intervals.ts";
import { OldestChanges } from "./oldest_changes.ts";
import type { Lookout } from "./watchers.ts";

const WATCH_OPTIONS = new OptionNames<WatchOptions>({ since: true, signal: true }, { example: "{ since }" });

/** How many changes are delivered between two looks at the clock. */
const CHANGES_A_LOOK = 128;

/**
 * Ends the lookouts of watches that were collected as garbage. The reference is weak: a lookout that waits references
 * its watch.
 */
const forgotten = new FinalizationRegistry<WeakRef<Lookout>>((lookout) => lookout.deref()?.end());

/** Decodes a change in place, as a view delivers it. */
export type Decode<E extends KeyEncoding> = (change: { key: KeyIn<E>; value?: Uint8Array<ArrayBuffer> }) => void;

/** The arguments of a watch. */
export type Watching<E extends KeyEncoding> = [
  ranges: readonly ByteRange[],
  format: KeyFormat<E>,
  options: WatchOptions | undefined,
  decode?: Decode<E>,
];

/** The ranges and the options of a watch. */
export interface Watched<E extends KeyEncoding> {
  readonly ranges: readonly ByteRange[];
  readonly format: KeyFormat<E>;
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  readonly decode: Decode<E> | undefined;
}

/** The changes of some ranges. The caller may start several iterators. Throws `TypeError` or `RangeError` for wrong options. */
export function watchChanges<E extends KeyEncoding>(
  core: StoreCore,
  ...[ranges, format, options, decode]: Watching<E>
): AsyncIterable<ChangeIn<E>> {
  core.assertOpen("watch");
  const { since: given, signal } = WATCH_OPTIONS.read(options);
  const since = core.checkVersion(given, "since");
  const watched = { ranges, format, since, signal: checkSignal(signal), decode };
  return { [Symbol.asyncIterator]: () => new Watch(core, watched) };
}

/** An iterator over changes. */
class Watch<E extends KeyEncoding> implements AsyncIterableIterator<ChangeIn<E>> {
  readonly #core: StoreCore;
  readonly #watched: Watched<E>;
  /** The smallest range that includes all. */
  readonly #hull: ByteRange;
  /** Tells which of several ranges have a key. */
  readonly #wanted: Intervals<ByteRange> | undefined;
  /** All changes before this position, in the order of the commits, are delivered or found. */
  #place: ChangePlace;
  #found: StoredChange[] = [];
  #index = 0;
  /** Whether the changes were found without values. Each value is read when its change is delivered. */
  #isBare = false;
  #turns = new Turns();
  #isDone = false;
  readonly #lookout: Lookout;
  /** Steps run one after the other, even if the caller does not wait for them. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(core: StoreCore, watched: Watched<E>) {
    this.#core = core;
    this.#watched = watched;
    this.#place = { version: watched.since + 1, key: NOTHING };
    const { ranges } = watched;
    const intervals = intervalsOf(ranges);
    this.#hull = intervals.hull;
    if (ranges.length > 1) this.#wanted = intervals;
    this.#lookout = core.watchers.lookout(ranges);
    forgotten.register(this, new WeakRef(this.#lookout));
  }

  next(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    const next = this.#last.then(() => this.#next());
    // After an error the consumer may never call `return`. If it calls `next` again, the lookout begins again.
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
      // A consumer that calls `next` in a loop may never let the event loop turn. The watch does so here.
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

  /** Moves to the first commit that touched the range. Commits before it do not matter to this watch. */
  #passBy(): void {
    const lookout = this.#lookout;
    if (lookout.since === undefined) lookout.begin(this.#core.version);
    if (this.#place.version <= (lookout.since ?? 0)) return;
    const next = lookout.touched ?? this.#core.version + 1;
    if (next > this.#place.version) this.#place = { version: next, key: NOTHING };
    if (lookout.touched !== undefined) lookout.begin(this.#core.version);
  }

  /** Settles when there is news, the signal aborts, or the lookout ends. */
  async #news(): Promise<void> {
    const lookout = this.#lookout;
    const { version } = this.#place;
    const { signal } = this.#watched;
    const release = onAbort(signal, () => lookout.wake());
    const letGo = keepAlive();
    // Writes from before the lookout began may or may not be in the range.
    await lookout.news(version <= (lookout.since ?? 0) ? version : undefined);
    letGo();
    release();
    this.#turns = new Turns();
  }

  /** Whether the store is closed. Throws if it failed. */
  #isOver(): boolean {
    this.#core.assertSound("watch");
    return this.#core.isClosing;
  }

  #tell({ key, value, version, expiresMs }: StoredChange): ChangeIn<E> {
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

  /** If the store is closed meanwhile, the watch ends. */
  async #find(): Promise<void> {
    try {
      await this.#findNext();
    } catch (error) {
      if (!this.#isOver()) throw error;
    }
  }

  async #findNext(): Promise<void> {
    const [place, until] = [this.#place, this.#core.settledVersion];
    const recent = this.#core.read((backend) => backend.commits(this.#hull, place, until));
    const { changes: all, next } = recent ?? (await this.#findOlder(place, until));
    const changes = this.#inRanges(all);
    this.#place = next ?? { version: until + 1, key: NOTHING };
    [this.#found, this.#index, this.#isBare] = [changes, 0, recent === undefined];
  }

  /** The oldest changes from `place` on, wherever they are stored, without their values. */
  async #findOlder(place: ChangePlace, until: number): Promise<ChangePage> {
    this.#assertWhole(place.version - 1);
    const page = place.key.length > 0 ? this.#findInCommit(place) : await this.#findOldest(place.version - 1, until);
    // Changes that the store removed during this read may be missing in the result.
    this.#assertWhole(place.version - 1);
    return page;
  }

  /** Some of the remaining changes of a commit. The changes of one version are delivered by key. */
  #findInCommit({ key, version }: ChangePlace): ChangePage {
    const window = { since: version - 1, until: version };
    const range = this.#hull;
    const from = range.lower && compareBytes(range.lower, key) > 0 ? undefined : { key, version };
    const { changes, next } = this.#core.read((backend) => backend.changes(range, window, from));
    if (!next) return { changes, next: { version: version + 1, key: NOTHING } };
    // If the key has only older versions left, the key is done.
    const rest = next.version < version ? withZero(next.key) : next.key;
    return { changes, next: { version, key: rest } };
  }

  /** The changes of the hull that are in one of the ranges. */
  #inRanges(changes: StoredChange[]): StoredChange[] {
    const wanted = this.#wanted;
    return wanted ? changes.filter(({ key }) => wanted.found(key).length > 0) : changes;
  }

  async #findOldest(since: number, until: number): Promise<ChangePage> {
    const oldest = new OldestChanges();
    const window: ChangeWindow = { since, until };
    let from: ChangePlace | undefined;
    await runInSteps(
      () => {
        const page = this.#core.read((backend) => backend.changes(this.#hull, window, from));
        oldest.add(this.#inRanges(page.changes));
        from = page.next;
        return from !== undefined;
      },
      { signal: this.#watched.signal },
    );
    return oldest.page();
  }

  /**
   * The value may have been removed since the change was found. Unless it has expired, later changes may be missing,
   * too.
   */
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
