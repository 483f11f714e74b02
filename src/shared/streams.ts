/**
 * What the owner sends in pieces: the entries of a range, changes, the bytes of a backup.
 *
 * The client says how many pieces it takes (credit). The owner reads no further than that, so nothing queues up for a
 * client that is slow.
 *
 * @module
 */

import type { Change } from "../api/changes.ts";
import type { KeyRange } from "../api/range.ts";
import type { Reader } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { Page } from "../backend.ts";
import { clearTimeout, setTimeout } from "../clock.ts";
import { turn } from "../commit/event_loop.ts";
import { deferred } from "../promises.ts";
import type { Call, SentRange, StreamPlace } from "./calls.ts";
import type { Link } from "./link.ts";
import type { OwnedStore } from "./owned_store.ts";
import { pageOf, recordsOf } from "./records.ts";
import { RESERVED } from "./requests.ts";
import { visibleRange } from "./reserved.ts";

/** The first piece is small, because the caller may stop after one entry. Each later one is eight times as large. */
const FIRST_PIECE_BYTES = 2048;
const LARGEST_PIECE_BYTES = 128 * 1024;
const PIECE_GROWTH = 8;
/** Changes that are there already go in one piece, up to this many, and about this many bytes. */
const CHANGES_A_PIECE = 256;

/** Where a stream goes. */
export interface Outlet {
  readonly link: Link;
  readonly signal: AbortSignal;
  /** Settles once the piece is on its way. */
  send(piece: unknown): Promise<void>;
  /** Calls `take` with each number of pieces that the client takes. */
  onCredit(take: (pieces: number) => void): void;
}

/** A piece of a walk: the version that it reads, and a page of it. */
export type WalkPiece = readonly [version: number, page: Page<"bytes">];

/** A piece of a watch: changes; or none, and the version up to which there are no more. */
export type WatchPiece = readonly [seen: number, changes: readonly Change<Uint8Array>[]];

/** The pieces that the client takes. */
export class Credit {
  readonly #outlet: Outlet;
  #pieces = 1;
  #waiting: (() => void) | undefined;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
    outlet.onCredit((pieces) => {
      this.#pieces += pieces;
      this.#waiting?.();
    });
    outlet.signal.addEventListener("abort", () => this.#waiting?.(), { once: true });
  }

  /** Gives a piece back that was not sent. */
  back(): void {
    this.#pieces += 1;
  }

  /** Settles once one more piece may be sent. Rejects if the client does not want it. */
  async one(): Promise<void> {
    while (this.#pieces === 0) {
      this.#outlet.signal.throwIfAborted();
      const { promise, resolve } = deferred<void>();
      this.#waiting = resolve;
      await promise;
      this.#waiting = undefined;
    }
    this.#outlet.signal.throwIfAborted();
    this.#pieces -= 1;
    if (this.#outlet.link.queuedBytes > LARGEST_PIECE_BYTES) await this.#outlet.link.drained();
  }
}

/** Sends the entries of a range. `source` reads one version. */
export async function sendWalk(
  outlet: Outlet,
  source: Reader & { readonly version: number },
  { args, from }: Call,
): Promise<void> {
  const range = args[0] as SentRange;
  const { version } = source;
  const walk = recordsOf(source, range, restOf(visibleRange(range), from));
  const credit = new Credit(outlet);
  try {
    for (let most = FIRST_PIECE_BYTES; ; most = Math.min(most * PIECE_GROWTH, LARGEST_PIECE_BYTES)) {
      await credit.one();
      const { page, isOver } = pageOf(walk, range, most);
      await outlet.send([version, page] satisfies WalkPiece);
      if (isOver) return;
    }
  } finally {
    walk.return?.();
  }
}

function restOf(range: KeyRange, from: StreamPlace | undefined): KeyRange {
  if (!from?.last) return range;
  const { limit, reverse } = range;
  const end = reverse ? { lt: from.last, lte: undefined } : { gt: from.last, gte: undefined };
  return { ...range, ...end, ...(limit === undefined ? {} : { limit: limit - (from.seen ?? 0) }) };
}

/** After this time without a change, a watch tells how far it has looked: the next owner begins there. */
const SEEN_MS = 200;

/** Sends changes, in pieces of what is there. */
export async function sendChanges(outlet: Outlet, store: Store, { args, from }: Call): Promise<void> {
  const [ranges, since] = args as [SentRange[], number];
  const watched = { ranges: ranges.map(visibleRange), keyEncoding: "bytes" } as const;
  const options = { since: from?.version ?? since, signal: outlet.signal };
  const watch = store.watch(watched, options)[Symbol.asyncIterator]();
  const credit = new Credit(outlet);
  let [seen, told] = [0, 0];
  for (let next = watch.next(); ; ) {
    await credit.one();
    const { version } = store;
    const first = await soon(next, SEEN_MS);
    if (!first) {
      // Nothing came for a whole pause: all that was there when the last one began has been looked at.
      if (seen > told) {
        told = seen;
        await outlet.send([seen, []] satisfies WatchPiece);
        await credit.one();
      }
      seen = version;
      credit.back();
      continue;
    }
    if (first.done) return;
    const changes = [first.value];
    let bytes = sizeOf(first.value);
    next = watch.next();
    while (changes.length < CHANGES_A_PIECE && bytes < LARGEST_PIECE_BYTES) {
      const more = await Promise.race([next, turn()]);
      if (!more || more.done) break;
      changes.push(more.value);
      bytes += sizeOf(more.value);
      next = watch.next();
    }
    seen = 0;
    await outlet.send([0, changes] satisfies WatchPiece);
  }
}

/** What comes within a time; `undefined` if nothing does. */
async function soon<T>(coming: Promise<T>, ms: number): Promise<T | undefined> {
  const { promise, resolve } = deferred<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  timer.unref();
  try {
    return await Promise.race([coming, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function sizeOf({ key, value }: Change<Uint8Array>): number {
  return key.length + (value?.length ?? 0);
}

/** Sends the bytes of a backup. */
export async function sendBackup(outlet: Outlet, store: OwnedStore, { args }: Call): Promise<void> {
  const credit = new Credit(outlet);
  const options = { ...(args[0] as object | undefined), signal: outlet.signal };
  const reader = store.backupBefore(RESERVED, options).getReader();
  for (;;) {
    await credit.one();
    const { done, value } = await reader.read();
    if (done) return;
    await outlet.send(value);
  }
}
