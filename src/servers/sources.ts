/**
 * Where readers of a store over a server read: its newest version, or one that is held.
 *
 * @module
 */

import type { StoredValue } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import type { OpenSource } from "../store/base_reader.ts";
import type { HeldVersion, ScannedPage, ScannedRange, SummedPage } from "./backend.ts";
import type { ServerCore } from "./core.ts";

/** Reads. The arguments are valid, and the keys belong to the source. */
export interface AsyncSource {
  /** Throws if it is closed. `action` is a verb for the message. */
  check(action: string): void;
  read(keys: readonly Uint8Array[]): Promise<readonly (StoredValue | undefined)[]>;
  scan(range: ScannedRange): Promise<ScannedPage>;
  count(range: ByteRange): Promise<SummedPage>;
  /** The source as it is now, with what this store has written, kept until it is released. */
  holdNow(): Promise<HeldSource>;
  /** The source as it was at the version of a page, kept until it is released. */
  hold(version: number): Promise<HeldSource>;
}

/** A source that does not change until it is released. */
export interface HeldSource extends AsyncSource {
  release(): void;
}

/** An {@linkcode OpenSource} that has an {@linkcode AsyncSource}. It itself only throws: nothing here blocks. */
export interface ServerOpen extends OpenSource {
  readonly source: AsyncSource;
  /** The name of the server, for messages. */
  readonly server: string;
}

/** Opens a source. */
export function serverOpen(source: AsyncSource, server: string): ServerOpen {
  const open: OpenSource = (action) => {
    source.check(action);
    throw noSync(`${action} without await`, server);
  };
  return Object.assign(open, { source, server });
}

/** The error of a call that cannot wait. `what` follows "Cannot". */
export function noSync(what: string, server: string): TypeError {
  return new TypeError(`Cannot ${what}: a store over ${server} has no calls that block`);
}

/** The newest version. A read waits for the earlier writes of the same store. */
export class NewestSource implements AsyncSource {
  readonly #core: ServerCore;

  constructor(core: ServerCore) {
    this.#core = core;
  }

  check(action: string): void {
    this.#core.check(action);
  }

  async read(keys: readonly Uint8Array[]): Promise<readonly (StoredValue | undefined)[]> {
    const writes = this.#core.queue.settled(keys);
    if (writes) await writes;
    const { cache } = this.#core;
    return await (cache ? cache.read(keys, this.#ask) : this.#ask(keys));
  }

  async scan(range: ScannedRange): Promise<ScannedPage> {
    await this.#core.queue.idle();
    const page = await this.#core.backend.scan(range);
    this.#core.saw(page.version);
    return page;
  }

  async count(range: ByteRange): Promise<SummedPage> {
    await this.#core.queue.idle();
    const page = await this.#core.backend.count(range);
    this.#core.saw(page.version);
    return page;
  }

  readonly #ask = async (keys: readonly Uint8Array[]): Promise<readonly (StoredValue | undefined)[]> => {
    const found = await this.#core.backend.read(keys);
    for (const each of found) if (each) this.#core.saw(each.version);
    return found;
  };

  async holdNow(): Promise<HeldSource> {
    return new VersionSource(this.#core, await this.#core.hold());
  }

  async hold(version: number): Promise<HeldSource> {
    return new VersionSource(this.#core, await this.#core.backend.hold(version));
  }
}

/** A version that is held. */
export class VersionSource implements HeldSource {
  readonly #core: ServerCore;
  readonly #held: HeldVersion;
  readonly version: number;

  /** Takes ownership of the held version. */
  constructor(core: ServerCore, held: HeldVersion) {
    this.#core = core;
    this.#held = held;
    this.version = held.version;
  }

  check(action: string): void {
    this.#core.check(action);
  }

  async read(keys: readonly Uint8Array[]): Promise<readonly (StoredValue | undefined)[]> {
    return await this.#core.backend.read(keys, this.version);
  }

  async scan(range: ScannedRange): Promise<ScannedPage> {
    return await this.#core.backend.scan({ ...range, version: this.version });
  }

  async count(range: ByteRange): Promise<SummedPage> {
    return await this.#core.backend.count({ ...range, version: this.version });
  }

  async holdNow(): Promise<HeldSource> {
    return await this.hold();
  }

  async hold(): Promise<HeldSource> {
    return new VersionSource(this.#core, await this.#core.backend.hold(this.version));
  }

  release(): void {
    this.#held.release();
  }
}

/**
 * Releases what an object holds if the object was collected as garbage without a release. A held value must not
 * reference its object.
 */
export const forgotten: FinalizationRegistry<{ release(): void }> = new FinalizationRegistry((held) => held.release());
