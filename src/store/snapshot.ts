/**
 * Snapshots.
 *
 * @module
 */

import type { Snapshot } from "../api/reader.ts";
import { StoreError } from "../errors.ts";
import { BaseReader } from "./base_reader.ts";
import { forgotten, type ReadSource, type SnapshotSource } from "./read_source.ts";

/** A {@linkcode Snapshot} of a store. */
export class StoreSnapshot extends BaseReader implements Snapshot {
  readonly #store: unknown;
  readonly #source: SnapshotSource;
  #isOpen = true;

  /** Takes ownership of the source. */
  constructor(store: unknown, source: SnapshotSource) {
    super();
    this.#store = store;
    this.#source = source;
    forgotten.register(this, source, source);
  }

  /** Whether it is a snapshot of `store`. */
  isOf(store: unknown): boolean {
    return this.#store === store;
  }

  get version(): number {
    return this.#source.version;
  }

  dispose(): void {
    this.#isOpen = false;
    forgotten.unregister(this.#source);
    this.#source.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  protected source(action: string): ReadSource {
    if (this.#isOpen) return this.#source;
    throw new StoreError("STORE_CLOSED", `Cannot ${action}: the snapshot was disposed of`);
  }
}
