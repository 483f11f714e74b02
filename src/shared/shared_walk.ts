/**
 * Walks over a range that the owner reads. They survive the owner: the next one goes on at the same version.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { ByteRange } from "../byte_range.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import { type Fetched, RemoteWalk, type RemoteWalked } from "../store/remote_walk.ts";
import type { Stage } from "../store/stages.ts";
import type { Call, SentRange } from "./calls.ts";
import type { Client } from "./client.ts";
import { Pieces } from "./pieces.ts";
import { readAt, type SharedOpen } from "./shared_source.ts";
import type { WalkPiece } from "./streams.ts";

/** What a walk asks for. */
export interface Asked<E extends KeyEncoding> extends RemoteWalked<E> {
  readonly client: Client;
  readonly open: SharedOpen;
  readonly format: KeyFormat<E>;
}

/** An iterator over the entries. */
export class SharedWalk<E extends KeyEncoding, T> extends RemoteWalk<E, T> {
  readonly #asked: Asked<E>;
  #pieces: Pieces<WalkPiece> | undefined;
  /** How far the pieces go that have arrived. What a piece calls must not reference the walk, so that it can be collected. */
  #place: Place = { version: undefined, last: undefined, seen: 0 };

  constructor(asked: Asked<E>, stages: readonly Stage[]) {
    super(asked, stages);
    this.#asked = asked;
  }

  /** Asks for the first piece: the walk reads the store as it is now. */
  begin(): void {
    if (this.rest) this.#pieces ??= this.#ask(this.rest);
  }

  protected prepare(): void {
    this.#asked.open.check("read");
    this.begin();
  }

  protected async fetch(rest: ByteRange): Promise<Fetched<E> | undefined> {
    const piece = await readAt(this.#asked.open, "read", this.#pieces?.next() ?? Promise.resolve(undefined));
    if (!piece) return undefined;
    const [, { keys, ...page }] = piece;
    return { page: { ...page, keys: keys.map((key) => formatKey(key, this.#asked.format)) }, rest };
  }

  protected continueAt(rest: ByteRange | undefined): void {
    const before = this.#pieces;
    this.#place = { version: this.#place.version, last: undefined, seen: 0 };
    // Before the other stream ends: the owner keeps the version for that one.
    this.#pieces = rest && this.#ask(rest);
    before?.cancel();
  }

  protected release(): void {
    this.#pieces?.cancel();
    this.#pieces = undefined;
    forgotten.unregister(this);
  }

  #ask(range: ByteRange): Pieces<WalkPiece> {
    const { client, open } = this.#asked;
    const pieces = piecesOf(client, open.holder, sentRange(range), this.#place);
    forgotten.unregister(this);
    forgotten.register(this, pieces, this);
    return pieces;
  }
}

/** Ends the calls of walks that were collected as garbage. */
const forgotten = new FinalizationRegistry<Pieces<WalkPiece>>((pieces) => pieces.cancel());

/** How far a walk has come. */
interface Place {
  version: number | undefined;
  last: Uint8Array | undefined;
  seen: number;
}

/** The pieces of a range, at the version of the place if it has one. Notes in it how far they go. */
function piecesOf(client: Client, holder: number | undefined, range: SentRange, place: Place): Pieces<WalkPiece> {
  const from = place.version === undefined ? {} : { from: { version: place.version } };
  const call: Call = { method: "walk", args: [range], holder, ...from };
  return new Pieces<WalkPiece>(client, call, {
    arrived: ([version, { keys, last }]) => {
      place.version = version;
      place.last = last;
      place.seen += keys.length;
    },
    again: (before) => {
      const { version, last, seen } = place;
      if (seen === 0 || version === undefined) return before;
      if (!last) return undefined;
      return { ...before, from: { version, last, seen } };
    },
  });
}

/** A range as a call has it. */
export function sentRange(range: ByteRange): SentRange {
  const { lower, lowerIncluded, upper, upperIncluded, reverse, limit, keysOnly, withVersions } = range;
  return { lower, lowerIncluded, upper, upperIncluded, reverse, limit, keysOnly, withVersions } as SentRange;
}
