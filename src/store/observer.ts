/**
 * Observes how long the operations of a store take: for histograms, for channels, and for log lines.
 *
 * @module
 */

import type { StoreEvents } from "../api/events.ts";
import type { StoreLatencies } from "../api/latencies.ts";
import { channels, loadChannels } from "../channels.ts";
import { clock } from "../clock.ts";
import { Histogram } from "../histogram.ts";

/** One of so many reads is timed. A prime, so that a program that repeats itself hides no read. */
const READS = 509;
/** One of so many groups that need no sync is timed. */
const GROUPS = 61;

/** The start of something that is timed. */
export interface Start {
  readonly atMs: number;
  /** How long syncs and steps had taken before. */
  readonly syncMs: number;
  readonly stepMs: number;
}

/** What an observer is told of a store. */
export interface Observed {
  readonly path?: string;
  /** What takes as long is logged, in milliseconds. Default: nothing. */
  readonly slowMs?: number;
  readonly log?: (message: string) => void;
}

/** Must not reference its store: the syncs of a store that was not closed hold it. */
export class Observer {
  readonly #get = new Histogram();
  readonly #commit = new Histogram();
  readonly #sync = new Histogram();
  readonly #step = new Histogram();
  readonly #transaction = new Histogram();
  readonly #path: string | undefined;
  readonly #slowMs: number;
  readonly #log: ((message: string) => void) | undefined;
  /** Whether each operation is timed, so that what takes long is logged. */
  readonly logsSlow: boolean;
  /** One of so many calls of `get` is timed. */
  readonly readsATime: number;
  readonly #groupsATime: number;
  #untilTimed = 1;

  constructor({ path, slowMs = Number.POSITIVE_INFINITY, log }: Observed = {}) {
    this.#path = path;
    this.#slowMs = slowMs;
    this.#log = log;
    this.logsSlow = slowMs < Number.POSITIVE_INFINITY;
    this.readsATime = this.logsSlow ? Number.POSITIVE_INFINITY : READS;
    this.#groupsATime = this.logsSlow ? 1 : GROUPS;
    void loadChannels();
  }

  get latencies(): StoreLatencies {
    return {
      get: this.#get.toPublic(),
      commit: this.#commit.toPublic(),
      sync: this.#sync.toPublic(),
      step: this.#step.toPublic(),
      transaction: this.#transaction.toPublic(),
    };
  }

  /** The start of a commit, which is short unless it syncs; `undefined` if it is not timed. */
  commit(syncs: boolean): Start | undefined {
    if (syncs || channels?.["luge:commit"].hasSubscribers) return this.start();
    this.#untilTimed -= 1;
    if (this.#untilTimed > 0) return undefined;
    this.#untilTimed = this.#groupsATime;
    return this.start();
  }

  start(): Start {
    return { atMs: clock.monotonic(), syncMs: this.#sync.sumMs, stepMs: this.#step.sumMs };
  }

  got(start: Start): void {
    this.#ended("a get", start, this.#get);
  }

  stepped(start: Start): void {
    const durationMs = this.#ended("a background step", start, this.#step);
    this.#publish("luge:background", () => ({ durationMs }));
  }

  /** A transaction has committed. Its time has that of the caller's function, so it is not logged as slow. */
  transacted({ atMs }: Start): void {
    this.#transaction.add(clock.monotonic() - atMs);
  }

  /** A sync of the log has ended. */
  readonly synced = (durationMs: number): void => {
    this.#sync.add(durationMs);
    this.#publish("luge:sync", () => ({ durationMs }));
    this.#logSlow("a sync of the log", durationMs, "");
  };

  /** A group of writes has been committed, up to `version`. */
  committed(start: Start, { version, commits }: { version: number; commits: number }, error?: unknown): void {
    const { syncMs, stepMs } = this.#partsSince(start);
    const [what, parts] = [`a commit of ${commits} write${commits === 1 ? "" : "s"}`, partsText(syncMs, stepMs)];
    const durationMs = this.#ended(what, start, error === undefined ? this.#commit : undefined, parts);
    this.#publish("luge:commit", () => ({ durationMs, version, commits, syncMs, stepMs, ...failure(error) }));
  }

  opened(start: Start, lockMs: number, error?: unknown): void {
    const durationMs = this.#ended("open", start, undefined, `: ${inMs(lockMs)} until it had the directory`);
    this.#publish("luge:open", () => ({ durationMs, lockMs, ...failure(error) }));
  }

  /** Runs the close of the store. */
  async closing(close: () => Promise<void>): Promise<void> {
    const start = this.start();
    try {
      await close();
    } catch (error) {
      this.#closed(start, error);
      throw error;
    }
    this.#closed(start);
  }

  #closed(start: Start, error?: unknown): void {
    const { syncMs, stepMs } = this.#partsSince(start);
    const durationMs = this.#ended("close", start, undefined, partsText(syncMs, stepMs));
    this.#publish("luge:close", () => ({ durationMs, ...failure(error) }));
  }

  /** The store has failed. */
  failed(error: unknown): void {
    this.#publish("luge:error", () => ({ error }));
  }

  /** Returns how long it took. */
  #ended(what: string, { atMs }: Start, histogram?: Histogram, parts = ""): number {
    const durationMs = clock.monotonic() - atMs;
    histogram?.add(durationMs);
    this.#logSlow(what, durationMs, parts);
    return durationMs;
  }

  #partsSince({ syncMs, stepMs }: Start): { syncMs: number; stepMs: number } {
    return { syncMs: this.#sync.sumMs - syncMs, stepMs: this.#step.sumMs - stepMs };
  }

  #logSlow(what: string, durationMs: number, parts: string): void {
    if (durationMs < this.#slowMs) return;
    try {
      this.#log?.(`slow: ${what} of '${this.#path}' took ${inMs(durationMs)}${parts}`);
    } catch {
      // The operation itself is done. Often no caller waits for it.
    }
  }

  #publish<Name extends keyof StoreEvents>(name: Name, message: () => Omit<StoreEvents[Name], "path">): void {
    const channel = channels?.[name];
    if (channel?.hasSubscribers) channel.publish({ path: this.#path, ...message() } as StoreEvents[Name]);
  }
}

function failure(error: unknown): { error?: unknown } {
  return error === undefined ? {} : { error };
}

function inMs(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}

function partsText(syncMs: number, stepMs: number): string {
  return `: ${inMs(syncMs)} syncs of the log, ${inMs(stepMs)} background steps`;
}
