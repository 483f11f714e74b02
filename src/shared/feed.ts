/**
 * The commits of an owner, for its followers: whole commits in their order, as bytes that an engine applies.
 *
 * @module
 */

import { clock, queueMicrotask } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { type Deferred, deferred, unlessAborted } from "../promises.ts";
import type { Lookout } from "../store/watchers.ts";
import { type CommitPage, commitsAfter } from "../wasm/commit_pages.ts";
import type { Engine } from "../wasm/engine.ts";
import type { Call } from "./calls.ts";
import type { Forked } from "./forks.ts";
import type { OwnedStore } from "./owned_store.ts";
import { Credit, type Outlet } from "./streams.ts";

/** A piece of what a follower gets: the commits up to a version, and when the owner sent them, in milliseconds since 1970. */
export type CommitPiece = readonly [until: number, sentMs: number, count: number, bytes: Uint8Array<ArrayBuffer>];

/** What a session needs for a follower. */
export interface Replicas {
  /** Makes a replica. */
  fork(outlet: Pick<Outlet, "signal">): Promise<Forked>;
  /** Sends commits: see {@linkcode sendCommits}. */
  follow(outlet: Outlet, call: Call): Promise<void>;
}

/** A page with more bytes is made again for each follower. */
const MOST_KEPT_BYTES = 1024 * 1024;

/** The commits of one store. */
export class Feed {
  readonly #store: OwnedStore;
  #lookout: Lookout | undefined;
  #news: Deferred<void> | undefined;
  /** What was sent last: mostly the other followers want the same. */
  #last: { readonly after: number; readonly page: CommitPage } | undefined;

  constructor(store: OwnedStore) {
    this.#store = store;
  }

  /** Settles once there are commits after a version. Rejects with the reason of the signal. */
  async after(version: number, signal: AbortSignal): Promise<void> {
    const { core } = this.#store.opened;
    while (core.version === version) {
      this.#lookout ??= this.#lookOut();
      this.#lookout.begin(version);
      this.#news ??= deferred<void>();
      await unlessAborted(this.#news.promise, signal);
    }
  }

  /** Whoever waits looks again: the version of the store may have risen without a commit. */
  wake(): void {
    const news = this.#news;
    this.#news = undefined;
    // The version rises after the commit was seen.
    if (news) queueMicrotask(() => news.resolve());
  }

  /** The commits after a version, as many as one page has. Throws `VERSION_GONE` if the store has not all of them in memory. */
  page(after: number): CommitPage {
    const { core } = this.#store.opened;
    if (this.#last?.after === after) return this.#last.page;
    const until = core.version;
    const page = core.read((backend) => {
      // A follower of an owner that lost commits, for example by a power cut, has what is not there any more.
      return after > until ? undefined : commitsAfter((backend as Engine).calls, after, until);
    });
    if (!page) throw gone(after);
    // The page of a large commit is not kept.
    this.#last = page.bytes.length > MOST_KEPT_BYTES ? undefined : { after, page };
    return page;
  }

  #lookOut(): Lookout {
    const lookout = this.#store.opened.core.watchers.lookout([{}]);
    lookout.touchedNow = () => this.wake();
    return lookout;
  }
}

/** Sends the commits after the version in the call, as long as the client wants them. */
export async function sendCommits(outlet: Outlet, feed: Feed, { args, from }: Call): Promise<void> {
  const credit = new Credit(outlet);
  for (let version = from?.version ?? (args[0] as number); ; ) {
    await credit.one();
    await feed.after(version, outlet.signal);
    const { until, count, bytes } = feed.page(version);
    await outlet.send([until, clock.now(), count, bytes] satisfies CommitPiece);
    version = until;
  }
}

/** The error of a replica that must begin again. */
export function gone(version: number): StoreError {
  return new StoreError("VERSION_GONE", `Cannot follow after version ${version}: the owner has not all of it`);
}
