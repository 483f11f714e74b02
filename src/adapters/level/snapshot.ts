/**
 * Explicit snapshots of Level.
 *
 * @module
 */

import { AbstractSnapshot } from "abstract-level";
import type { Snapshot } from "../../api/reader.ts";
import type { Store } from "../../api/store.ts";

/** The class as abstract-level has it: its types leave the constructor to implementations. */
const Base = AbstractSnapshot as unknown as new (options: object) => AbstractSnapshot;

/** A snapshot that a database made. */
export class LevelSnapshot extends Base {
  /** What it reads. */
  readonly reader: Snapshot;
  /** The store that it belongs to. */
  readonly store: Store;

  constructor(store: Store, options: object) {
    super(options);
    this.store = store;
    this.reader = store.snapshot();
  }

  async _close(): Promise<void> {
    this.reader.dispose();
  }
}
