/**
 * Walks over a range that the owner reads. They survive the owner: the next one goes on at the same version.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { Page } from "../backend.ts";
import { type ByteRange, restFrom } from "../byte_range.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import type { Pick } from "../store/picks.ts";
import { LEFT_OUT, type Stage, Stages } from "../store/stages.ts";
import type { Call, SentRange } from "./calls.ts";
import type { Client } from "./client.ts";
import { Pieces } from "./pieces.ts";
import { readAt, type SharedOpen } from "./shared_source.ts";
import type { WalkPiece } from "./streams.ts";

/** What a walk asks for. */
export interface Asked<E extends KeyEncoding> {
  readonly client: Client;
  readonly open: SharedOpen;
  readonly range: ByteRange;
  readonly format: KeyFormat<E>;
  readonly pick: Pick<E, unknown>;
}

/** An iterator over the entries. */
export class SharedWalk<E extends KeyEncoding, T> implements AsyncIterableIterator<T> {
  readonly #asked: Asked<E>;
  readonly #stages: Stages | undefined;
  #pieces: Pieces<WalkPiece> | undefined;
  #page: Page<E> | undefined;
  #index = 0;
  #count = 0;
  #isOver: boolean;
  /** How many entries came before the page. */
  #passed = 0;
  /** How far the pieces go that have arrived. What a piece calls must not reference the walk, so that it can be collected. */
  #place: Place = { version: undefined, last: undefined, seen: 0 };
  /** Steps run one after the other, even if the caller does not wait for them. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(asked: Asked<E>, stages: readonly Stage[]) {
    this.#asked = asked;
    this.#stages = stages.length === 0 ? undefined : new Stages(stages);
    this.#isOver = asked.range.limit === 0 || this.#stages?.isOver === true;
  }

  /** Asks for the first piece: the walk reads the store as it is now. */
  begin(): void {
    if (!this.#isOver) this.#pieces ??= this.#ask(this.#asked.range);
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const entries = await this.nextMany(1);
    return entries.length === 0 ? this.return() : { done: false, value: entries[0] as T };
  }

  /** The next entries, `most` at most. Fewer come only at the end. */
  nextMany(most: number): Promise<T[]> {
    const next = this.#before.then(() => this.#nextMany(most));
    this.#before = next.catch(() => {});
    return next;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#isOver = true;
    this.#page = undefined;
    this.#index = this.#count = 0;
    this.#pieces?.cancel();
    this.#pieces = undefined;
    forgotten.unregister(this);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Continues at the first entry that is not before `key`, in the direction of the range, at the same version. */
  seek(key: Uint8Array): void {
    const { range } = this.#asked;
    this.#passed += this.#index;
    const { limit } = range;
    const rest = { ...restFrom(range, key), ...(limit === undefined ? {} : { limit: limit - this.#passed }) };
    const before = this.#pieces;
    this.#page = undefined;
    this.#index = this.#count = 0;
    this.#isOver = rest.limit === 0 || this.#stages?.isOver === true;
    this.#place = { version: this.#place.version, last: undefined, seen: 0 };
    // Before the other stream ends: the owner keeps the version for that one.
    this.#pieces = this.#isOver ? undefined : this.#ask(rest);
    before?.cancel();
  }

  async #nextMany(most: number): Promise<T[]> {
    const entries: T[] = [];
    this.#asked.open.check("read");
    this.begin();
    try {
      while (entries.length < most && (this.#index < this.#count || (await this.#read()))) {
        const value = this.#take();
        if (value !== LEFT_OUT) entries.push(value as T);
      }
    } catch (error) {
      await this.return();
      throw error;
    }
    return entries;
  }

  #take(): unknown {
    const picked = this.#asked.pick(this.#page as Page<E>, this.#index++);
    const stages = this.#stages;
    if (!stages) return picked;
    const value = stages.of(picked);
    if (stages.isOver) {
      this.#isOver = true;
      this.#index = this.#count;
    }
    return value;
  }

  /** Reads pages until one has entries. Returns whether there is one. */
  async #read(): Promise<boolean> {
    while (!this.#isOver && this.#index >= this.#count) {
      const piece = await readAt(this.#asked.open, "read", this.#pieces?.next() ?? Promise.resolve(undefined));
      if (!piece) {
        this.#isOver = true;
        break;
      }
      this.#passed += this.#count;
      const [, { keys, ...rest }] = piece;
      this.#page = { ...rest, keys: keys.map((key) => formatKey(key, this.#asked.format)) };
      [this.#index, this.#count] = [0, keys.length];
    }
    return this.#index < this.#count;
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
