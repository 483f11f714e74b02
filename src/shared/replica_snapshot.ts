/**
 * Snapshots of the replica of a follower.
 *
 * @module
 */

import type { Snapshot } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { ViewReader } from "../api/view_reader.ts";
import { StoreError } from "../errors.ts";
import type { KeySpace } from "../key_space.ts";
import { ReadView } from "../store/read_view.ts";
import { checkView } from "../store/reader_part.ts";
import type { Client } from "./client.ts";
import { SharedReader } from "./shared_reader.ts";
import { SharedReaderPart } from "./shared_snapshot.ts";
import { type SharedOpen, snapshotOpen } from "./shared_source.ts";

/** A {@linkcode Snapshot} of the replica that is read now. That stays until the snapshot is disposed of. */
export class ReplicaSnapshot extends SharedReader implements Snapshot {
  readonly open: SharedOpen;
  readonly version: number;
  readonly #snapshot: Snapshot;
  #isOpen = true;

  /** Throws as `Store.snapshot` does. */
  constructor(client: Client, space: KeySpace, replica: Store, options: object | undefined) {
    super(client, space);
    this.#snapshot = replica.snapshot(options);
    this.version = this.#snapshot.version;
    this.open = snapshotOpen(replica, this.#snapshot, (action) => {
      client.check(action);
      if (!this.#isOpen) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the snapshot was disposed of`);
    });
  }

  view<T, K, P>(view: ViewReader<T, K, P>): ViewReader<T, K, P> {
    const { space, codecs } = checkView(view, this.client);
    return new ReadView(new SharedReaderPart(this.client, space, this.open), codecs);
  }

  dispose(): void {
    this.#isOpen = false;
    this.#snapshot.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Whether it is one of this client. */
  isOf(client: Client): boolean {
    return this.client === client;
  }
}
