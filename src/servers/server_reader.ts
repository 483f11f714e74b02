/**
 * Readers over a server: of the store, of a part of it, of a snapshot, and in a transaction.
 *
 * @module
 */

import type { LongOptions, ValueEntry } from "../api/entries.ts";
import type { Key, KeyEncoding } from "../api/keys.ts";
import type { RangeIterable } from "../api/range.ts";
import type { StoredValue } from "../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES, restOf } from "../byte_range.ts";
import type { KeyFormat } from "../key_format.ts";
import { checkArray, signalOf } from "../options.ts";
import { BaseReader, type OpenSource } from "../store/base_reader.ts";
import { type Pick, toEntry } from "../store/picks.ts";
import { RemoteEntries } from "../store/remote_entries.ts";
import type { SummedPage } from "./backend.ts";
import { ServerWalk } from "./server_walk.ts";
import { type AsyncSource, type HeldSource, noSync, type ServerOpen } from "./sources.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How many values one call reads. */
const KEYS_A_CALL = 1000;

/** A reader by calls to a server. Its `Sync` forms throw `TypeError`. */
export abstract class ServerReader extends BaseReader {
  abstract override readonly open: ServerOpen;

  override async get(key: Key): Promise<Bytes | undefined> {
    return (await this.#one("get", key))?.value;
  }

  override async getEntry(key: Key): Promise<ValueEntry | undefined> {
    const found = await this.#one("get", key);
    return found && toEntry(found);
  }

  override async has(key: Key): Promise<boolean> {
    return (await this.#one("look for a key", key)) !== undefined;
  }

  override async getMany(keys: readonly Key[], options?: LongOptions): Promise<(Bytes | undefined)[]> {
    return (await this.#many(keys, options)).map((found) => found?.value);
  }

  override async getEntries(keys: readonly Key[], options?: LongOptions): Promise<(ValueEntry | undefined)[]> {
    return (await this.#many(keys, options)).map((found) => found && toEntry(found));
  }

  override async hasMany(keys: readonly Key[], options?: LongOptions): Promise<boolean[]> {
    return (await this.#many(keys, options)).map((found) => found !== undefined);
  }

  override walk<E extends KeyEncoding, T, P>(
    range: ByteRange,
    format: KeyFormat<E>,
    pick: Pick<E, T>,
    { open = this.open, bound }: { open?: OpenSource; bound: (key: P) => Uint8Array },
  ): RangeIterable<T, P> {
    const { source, server } = open as ServerOpen;
    source.check("read");
    return new RemoteEntries<T, P>({
      walk: (stages, readsAll) => {
        // With a size, the pages are as large as they may be.
        const walked = readsAll ? { ...range, pageBytes: LARGEST_PAGE_BYTES } : range;
        return new ServerWalk<KeyEncoding, T>(
          { source, range: walked, format, pick: pick as Pick<KeyEncoding, T> },
          stages,
        );
      },
      bound,
      refuse: (what) => noSync(what, server),
    });
  }

  override async countIn(
    range: ByteRange,
    options: LongOptions | undefined,
    open: OpenSource = this.open,
  ): Promise<number> {
    const { source } = open as ServerOpen;
    source.check("count");
    const count = (at: AsyncSource, rest: ByteRange) => at.count(rest);
    // From which end it counts does not matter.
    return await sumOf(source, { ...range, reverse: false }, count, signalOf(options));
  }

  async #one(action: string, key: Key): Promise<StoredValue | undefined> {
    const { source } = this.open;
    source.check(action);
    const [found] = await source.read([this.space.encode(key).slice()]);
    return found;
  }

  async #many(keys: readonly Key[], options: LongOptions | undefined): Promise<(StoredValue | undefined)[]> {
    const signal = signalOf(options);
    signal?.throwIfAborted();
    const { source } = this.open;
    source.check("get");
    checkArray(keys, "keys", "keys");
    const wanted = keys.map((key: Key) => this.space.encode(key).slice());
    if (wanted.length <= KEYS_A_CALL) return [...(await source.read(wanted))];
    const held = await source.holdNow();
    try {
      const found: (StoredValue | undefined)[] = [];
      while (found.length < wanted.length) {
        signal?.throwIfAborted();
        found.push(...(await held.read(wanted.slice(found.length, found.length + KEYS_A_CALL))));
      }
      return found;
    } finally {
      held.release();
    }
  }
}

/** Reads of a part, where another reader reads. */
export class ServerReaderPart extends ServerReader {
  readonly open: ServerOpen;

  constructor(open: ServerOpen, space: BaseReader["space"]) {
    super(space);
    this.open = open;
  }
}

/** Sums over a range in steps, at one version. */
export async function sumOf(
  source: AsyncSource,
  range: ByteRange,
  step: (source: AsyncSource, rest: ByteRange) => Promise<SummedPage>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let [total, rest, held]: [number, ByteRange, HeldSource | undefined] = [0, range, undefined];
  signal?.throwIfAborted();
  if (range.limit === 0) return 0;
  try {
    for (;;) {
      const { sum, last, version } = await step(held ?? source, rest);
      signal?.throwIfAborted();
      total += sum;
      if (!last) return total;
      held ??= await source.hold(version);
      rest = restOf(rest, last, sum);
      if (rest.limit === 0) return total;
    }
  } finally {
    held?.release();
  }
}
