/**
 * Watches that the owner runs. They survive the owner: no change is missing or comes twice.
 *
 * @module
 */

import type { ChangeIn } from "../api/changes.ts";
import type { KeyEncoding } from "../api/keys.ts";
import { StoreError } from "../errors.ts";
import { formatKey, type KeyFormat } from "../key_format.ts";
import { unlessAborted } from "../promises.ts";
import type { Decode } from "../store/watch.ts";
import type { Call, SentRange } from "./calls.ts";
import type { Client } from "./client.ts";
import { Pieces } from "./pieces.ts";
import type { WatchPiece } from "./streams.ts";

/** What a watch asks for. */
export interface AskedChanges<E extends KeyEncoding> {
  readonly client: Client;
  readonly ranges: readonly SentRange[];
  readonly format: KeyFormat<E>;
  /** The version after which it begins. */
  readonly begins: number | Promise<number>;
  readonly signal: AbortSignal | undefined;
  readonly decode: Decode<E> | undefined;
}

/** An iterator over changes. */
export class SharedWatch<E extends KeyEncoding> implements AsyncIterableIterator<ChangeIn<E>> {
  readonly #asked: AskedChanges<E>;
  #pieces: Pieces<WatchPiece> | undefined;
  #changes: WatchPiece[1] = [];
  #index = 0;
  /** What a piece calls must not reference the watch, so that it can be collected. */
  readonly #place: Place = { seen: 0, version: 0, told: 0, skipped: 0 };
  #isDone = false;
  /** Steps run one after the other, even if the caller does not wait for them. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(asked: AskedChanges<E>) {
    this.#asked = asked;
  }

  next(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    const next = this.#before.then(() => this.#next());
    this.#before = next.catch(() => {});
    return next;
  }

  async return(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    this.#isDone = true;
    this.#pieces?.cancel();
    forgotten.unregister(this);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<ChangeIn<E>, undefined>> {
    const { signal } = this.#asked;
    while (!this.#isDone) {
      signal?.throwIfAborted();
      const change = this.#changes[this.#index];
      if (change) {
        this.#index += 1;
        const told = { ...change, key: formatKey(change.key, this.#asked.format) } as ChangeIn<E>;
        this.#asked.decode?.(told as never);
        return { done: false, value: told };
      }
      const piece = await this.#nextPiece();
      if (!piece) break;
      [this.#changes, this.#index] = [piece[1], 0];
    }
    return await this.return();
  }

  async #nextPiece(): Promise<WatchPiece | undefined> {
    const { begins, client, signal } = this.#asked;
    try {
      this.#pieces ??= this.#ask(await unlessAborted(begins, signal));
      const piece = await unlessAborted(this.#pieces.next(), signal);
      const last = piece?.[1].at(-1);
      // A follower that hears of a change finds it.
      if (last) await unlessAborted(client.follower?.reached(last.version), signal);
      return piece;
    } catch (error) {
      // If the caller calls `next` again, the watch begins again.
      this.#pieces?.cancel();
      this.#pieces = undefined;
      // As in any store, a watch ends with its store.
      if (client.isClosing && error instanceof StoreError && error.code === "STORE_CLOSED") return undefined;
      throw error;
    }
  }

  #ask(since: number): Pieces<WatchPiece> {
    const { client, ranges } = this.#asked;
    const pieces = piecesOf(client, ranges, since, this.#place);
    forgotten.unregister(this);
    forgotten.register(this, pieces, this);
    return pieces;
  }
}

/**
 * The present version. If the owner ends before it says that, the version that this process knew: another owner may have
 * what it wrote since, and a watch tells that, too.
 */
export async function presentOf(client: Client): Promise<number> {
  const { version, begunWrites } = client;
  const again = (before: Call) => (begunWrites === client.begunWrites ? before : undefined);
  const told = await client.open({ method: "version", args: [] }, { piece: () => {}, again }).result;
  return (told as number | undefined) ?? version;
}

/** Ends the calls of watches that were collected as garbage. */
const forgotten = new FinalizationRegistry<Pieces<WatchPiece>>((pieces) => pieces.cancel());

/** How far a watch has come. */
interface Place {
  /** The version up to which the owner has looked, as far as it said. */
  seen: number;
  /** The version of the last change that arrived, and how many changes of it did. */
  version: number;
  told: number;
  /** How many changes of that version another owner sends again. */
  skipped: number;
}

function piecesOf(client: Client, ranges: readonly SentRange[], since: number, place: Place): Pieces<WatchPiece> {
  const call: Call = { method: "watch", args: [ranges, since] };
  return new Pieces<WatchPiece>(client, call, {
    arrived: (piece) => note(piece, place),
    again: (before) => {
      // Changes of the last version may be missing. If the owner had looked further, none is.
      const isSeen = place.seen >= place.version;
      place.skipped = isSeen ? 0 : place.told;
      const from = Math.max(isSeen ? place.seen : place.version - 1, since);
      return { ...before, from: { version: from } };
    },
  });
}

/** Notes how far the changes go, and takes out what another owner had sent. */
function note([seen, changes]: WatchPiece, place: Place): void {
  if (changes.length === 0) place.seen = seen;
  let own = 0;
  for (const { version } of changes) {
    if (place.skipped > 0 && version === place.version) {
      place.skipped -= 1;
      own += 1;
      continue;
    }
    place.skipped = 0;
    place.told = version === place.version ? place.told + 1 : 1;
    place.version = version;
  }
  if (own > 0) (changes as unknown[]).splice(0, own);
}
