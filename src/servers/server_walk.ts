/**
 * Walks over a range of a store over a server, page by page, at one version.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { Page } from "../backend.ts";
import { type ByteRange, restOf } from "../byte_range.ts";
import { NOTHING } from "../bytes.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import { type Fetched, RemoteWalk, type RemoteWalked } from "../store/remote_walk.ts";
import type { Stage } from "../store/stages.ts";
import type { ScannedPage } from "./backend.ts";
import { type AsyncSource, forgotten, type HeldSource } from "./sources.ts";

/** The first page is small, because the caller may stop after one step. Each later one is this many times as large. */
const FIRST_PAGE_BYTES = 8192;
const PAGE_GROWTH = 8;
/** The largest page. A page costs a round trip, so it is larger than one of a store on disk. */
const MOST_PAGE_BYTES: number = 1024 * 1024;

/** What a walk reads, and what it makes of it. */
export interface Walked<E extends KeyEncoding> extends RemoteWalked<E> {
  readonly source: AsyncSource;
  readonly format: KeyFormat<E>;
}

/** An iterator over the entries. */
export class ServerWalk<E extends KeyEncoding, T> extends RemoteWalk<E, T> {
  readonly #walked: Walked<E>;
  #held: HeldSource | undefined;
  #pageBytes: number;

  constructor(walked: Walked<E>, stages: readonly Stage[]) {
    super(walked, stages);
    const { range } = walked;
    this.#walked = walked;
    // A caller that gives a limit or a size of pages usually reads to the end.
    const readsAll = range.limit !== undefined || range.pageBytes !== undefined;
    this.#pageBytes = readsAll ? MOST_PAGE_BYTES : FIRST_PAGE_BYTES;
  }

  /** Keeps what the source has now. */
  begin(): void {
    const held = this.#walked.source.holdNow();
    this.queue(() => held.then((source) => this.#keep(source)));
  }

  protected prepare(): void {}

  protected async fetch(rest: ByteRange): Promise<Fetched<E>> {
    const { source, format } = this.#walked;
    const from = this.#held ?? source;
    from.check("read");
    const found = await from.scan({ ...rest, pageBytes: this.#pageBytes });
    this.#pageBytes = Math.min(this.#pageBytes * PAGE_GROWTH, MOST_PAGE_BYTES);
    if (found.last && !this.#held) this.#keep(await source.hold(found.version));
    const page = toPage(found, format, rest.keysOnly === true);
    return { page, rest: found.last && restOf(rest, found.last, page.keys.length) };
  }

  protected continueAt(): void {}

  protected release(): void {
    forgotten.unregister(this);
    this.#held?.release();
    this.#held = undefined;
  }

  #keep(held: HeldSource): void {
    // The walk may have been returned meanwhile.
    if (this.isReturned) {
      held.release();
      return;
    }
    this.#held = held;
    forgotten.register(this, held, this);
  }
}

/** A page with its keys as the caller wants them. */
export function toPage<E extends KeyEncoding>(page: ScannedPage, format: KeyFormat<E>, keysOnly: boolean): Page<E> {
  const { entries, last, isShared = false } = page;
  return {
    keys: entries.map(({ key }) => formatKey(key, format)),
    values: keysOnly ? [] : entries.map(({ value }) => value ?? NOTHING),
    versions: entries.map(({ version }) => version),
    expiries: entries.map(({ expiresMs }) => expiresMs),
    last,
    isShared,
  };
}
