/**
 * Readers whose reads the owner does: of the store, of a part of it, of a snapshot, and in a transaction.
 *
 * @module
 */

import type { LongOptions, ValueEntry } from "../api/entries.ts";
import type { Key, KeyEncoding } from "../api/keys.ts";
import type { RangeIterable } from "../api/range.ts";
import type { ByteRange } from "../byte_range.ts";
import type { KeyFormat } from "../key_format.ts";
import type { KeySpace } from "../key_space.ts";
import { checkArray, signalOf } from "../options.ts";
import { BaseReader, type OpenSource } from "../store/base_reader.ts";
import type { Pick } from "../store/picks.ts";
import { RemoteEntries } from "../store/remote_entries.ts";
import type { Client } from "./client.ts";
import { notOwner } from "./owner_errors.ts";
import { visibleOf } from "./reserved.ts";
import { readAt, type SharedOpen } from "./shared_source.ts";
import { type Asked, SharedWalk, sentRange } from "./shared_walk.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A reader by calls to the owner. Its `Sync` forms throw `NOT_OWNER`. */
export abstract class SharedReader extends BaseReader {
  protected readonly client: Client;

  constructor(client: Client, space: KeySpace) {
    super(space);
    this.client = client;
  }

  abstract override readonly open: SharedOpen;

  /** The result of a call to the owner. `action` is a verb for messages. */
  protected async ask(method: string, args: readonly unknown[], options?: LongOptions): Promise<unknown> {
    const signal = signalOf(options);
    this.open.check(method);
    const result = this.client.call({ method, args, holder: this.open.holder }, signal);
    return await readAt(this.open, method, result);
  }

  override async get(key: Key): Promise<Bytes | undefined> {
    const ask = () => this.ask("get", [this.space.encode(key)]);
    return (await this.#read(() => super.get(key), ask)) as Bytes | undefined;
  }

  override async getEntry(key: Key): Promise<ValueEntry | undefined> {
    const ask = () => this.ask("getEntry", [this.space.encode(key)]);
    return (await this.#read(() => super.getEntry(key), ask)) as ValueEntry | undefined;
  }

  override async has(key: Key): Promise<boolean> {
    const ask = () => this.ask("has", [this.space.encode(key)]);
    return (await this.#read(() => super.has(key), ask)) as boolean;
  }

  override async getMany(keys: readonly Key[], options?: LongOptions): Promise<(Bytes | undefined)[]> {
    const ask = () => this.ask("getMany", [this.#keysOf(keys)], options);
    return (await this.#read(() => super.getMany(keys, options), ask)) as (Bytes | undefined)[];
  }

  override async getEntries(keys: readonly Key[], options?: LongOptions): Promise<(ValueEntry | undefined)[]> {
    const ask = () => this.ask("getEntries", [this.#keysOf(keys)], options);
    return (await this.#read(() => super.getEntries(keys, options), ask)) as (ValueEntry | undefined)[];
  }

  override async hasMany(keys: readonly Key[], options?: LongOptions): Promise<boolean[]> {
    const ask = () => this.ask("hasMany", [this.#keysOf(keys)], options);
    return (await this.#read(() => super.hasMany(keys, options), ask)) as boolean[];
  }

  override walk<E extends KeyEncoding, T, P>(
    range: ByteRange,
    format: KeyFormat<E>,
    pick: Pick<E, T>,
    { open = this.open, bound }: { open?: OpenSource; bound: (key: P) => Uint8Array },
  ): RangeIterable<T, P> {
    const shared = open as SharedOpen;
    const visible = visibleOf(range);
    if (shared.isHere()) return super.walk(visible, format, pick, { open, bound });
    shared.check("read");
    const asked = { client: this.client, open: shared, range: visible, format, pick } as Asked<KeyEncoding>;
    return new RemoteEntries<T, P>({ walk: (stages) => new SharedWalk(asked, stages), bound, refuse: notOwner });
  }

  override async countIn(
    range: ByteRange,
    options: LongOptions | undefined,
    open: OpenSource = this.open,
  ): Promise<number> {
    const signal = signalOf(options);
    const visible = visibleOf(range);
    const shared = open as SharedOpen;
    const ask = async () => {
      shared.check("count");
      const call = { method: "count", args: [sentRange(visible)], holder: shared.holder };
      return await readAt(shared, "count", this.client.call(call, signal));
    };
    return (await this.#read(() => super.countIn(visible, options, open), ask, shared)) as number;
  }

  override countInSync(range: ByteRange, open: OpenSource = this.open): number {
    return super.countInSync(visibleOf(range), open);
  }

  /** A call in the owner. Others may know what it found: that must not be lost with this process. */
  protected async here<T>(call: Promise<T>): Promise<T> {
    const { local } = this.client;
    const found = await call;
    await local?.written();
    return found;
  }

  /** A read in this process, if it can, else a call to the owner. If another process took over meanwhile, that one is asked. */
  async #read(here: () => Promise<unknown>, ask: () => Promise<unknown>, open = this.open): Promise<unknown> {
    if (!open.isHere()) return await ask();
    const { near } = this.client;
    try {
      return await this.here(here());
    } catch (error) {
      if (this.client.near === near) throw error;
      return await ask();
    }
  }

  #keysOf(keys: readonly Key[]): Uint8Array[] {
    checkArray(keys, "keys", "keys");
    return keys.map((key) => this.space.encode(key));
  }
}
