/**
 * Snapshots of a store over a server.
 *
 * @module
 */

import type { AsyncSnapshot } from "../api/reader.ts";
import type { AsyncViewReader, ViewReader } from "../api/view_reader.ts";
import type { StoredValue } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { StoreError } from "../errors.ts";
import type { KeySpace } from "../key_space.ts";
import { OptionNames } from "../options.ts";
import { ReadView } from "../store/read_view.ts";
import { checkView } from "../store/reader_part.ts";
import type { ScannedPage, ScannedRange, SummedPage } from "./backend.ts";
import type { ServerCore } from "./core.ts";
import { ServerReader, ServerReaderPart } from "./server_reader.ts";
import { forgotten, type HeldSource, type ServerOpen, serverOpen, VersionSource } from "./sources.ts";

const OPTIONS = new OptionNames<{ readonly version?: number | undefined }>(
  { version: true },
  { example: "{ version }" },
);

/** An {@linkcode AsyncSnapshot}. */
export class ServerSnapshot extends ServerReader implements AsyncSnapshot {
  readonly open: ServerOpen;
  readonly #core: ServerCore;
  readonly #source: SnapshotOfServer;

  /** Throws `TypeError` or `RangeError` for wrong options. */
  constructor(core: ServerCore, space: KeySpace, options: { readonly version?: number | undefined } | undefined) {
    super(space);
    const version = core.checkVersion("version", OPTIONS.read(options).version);
    this.#core = core;
    this.#source = new SnapshotOfServer(core, version);
    this.open = serverOpen(this.#source, core.backend.name);
    forgotten.register(this, this.#source, this);
  }

  /** The version that it reads. Known once the server has answered: after the first read. */
  get version(): number {
    return this.#source.version;
  }

  view<T, K, P>(view: AsyncViewReader<T, K, P>): ReadView<T, K, P> {
    const { space, codecs } = checkView(view as ViewReader<T, K, P>, this.#core);
    return new ReadView(new ServerReaderPart(this.open, space), codecs);
  }

  dispose(): void {
    forgotten.unregister(this);
    this.#source.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Whether it is one of that store. */
  isOf(core: ServerCore): boolean {
    return this.#core === core;
  }
}

/** A source whose version is on its way. */
class SnapshotOfServer implements HeldSource {
  readonly #core: ServerCore;
  readonly #held: Promise<VersionSource>;
  #version: number | undefined;
  #error: unknown;
  #isOpen = true;

  constructor(core: ServerCore, version: number | undefined) {
    this.#core = core;
    this.#held = core.hold(version).then((held) => new VersionSource(core, held));
    this.#held.then(
      (source) => {
        this.#version = source.version;
        if (!this.#isOpen) source.release();
      },
      (error: unknown) => {
        this.#error = error;
      },
    );
  }

  get version(): number {
    if (this.#version !== undefined) return this.#version;
    throw this.#error ?? new TypeError("Cannot tell the version yet: the server has not answered; await a read first");
  }

  check(action: string): void {
    this.#core.check(action);
    if (!this.#isOpen) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the snapshot was disposed of`);
  }

  async read(keys: readonly Uint8Array[]): Promise<readonly (StoredValue | undefined)[]> {
    return await (await this.#held).read(keys);
  }

  async scan(range: ScannedRange): Promise<ScannedPage> {
    return await (await this.#held).scan(range);
  }

  async count(range: ByteRange): Promise<SummedPage> {
    return await (await this.#held).count(range);
  }

  async holdNow(): Promise<HeldSource> {
    return await this.hold();
  }

  /** A walk that has begun continues after the end of the snapshot. */
  async hold(): Promise<HeldSource> {
    return await (await this.#held).hold();
  }

  release(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#held.then(
      (source) => source.release(),
      () => {},
    );
  }
}

/** The source for the `snapshot` option of a range. */
export function openOfSnapshot(core: ServerCore, snapshot: unknown): ServerOpen {
  if (snapshot instanceof ServerSnapshot && snapshot.isOf(core)) return snapshot.open;
  throw new TypeError("Wrong range option 'snapshot': expected one of this store");
}
