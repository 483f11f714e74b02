/**
 * Snapshots.
 *
 * @module
 */

import type { Snapshot } from "../api/reader.ts";
import type { ViewReader } from "../api/view_reader.ts";
import { StoreError } from "../errors.ts";
import type { KeySpace } from "../key_space.ts";
import { BaseReader } from "./base_reader.ts";
import type { StoreCore } from "./core.ts";
import { forgotten, type ReadSource, type SnapshotSource } from "./read_source.ts";
import { checkView, readThrough } from "./reader_part.ts";

/** A {@linkcode Snapshot} of a store. */
export class StoreSnapshot extends BaseReader implements Snapshot {
  readonly #core: StoreCore;
  readonly #source: SnapshotSource;
  #isOpen = true;

  /** Takes ownership of the source. Its keys are in `space`. */
  constructor(core: StoreCore, space: KeySpace, source: SnapshotSource) {
    super(space);
    this.#core = core;
    this.#source = source;
    forgotten.register(this, source, source);
  }

  /** Whether it is a snapshot of that store, or of a part of it. */
  isOf(core: StoreCore): boolean {
    return this.#core === core;
  }

  get version(): number {
    return this.#source.version;
  }

  view<T, K, P>(view: ViewReader<T, K, P>): ViewReader<T, K, P> {
    return readThrough(checkView(view, this.#core), this.open);
  }

  dispose(): void {
    this.#isOpen = false;
    forgotten.unregister(this.#source);
    this.#source.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  readonly open = (action: string): ReadSource => {
    if (this.#isOpen) return this.#source;
    throw new StoreError("STORE_CLOSED", `Cannot ${action}: the snapshot was disposed of`);
  };
}
