/**
 * Where a client reads: the store as it is, a snapshot, or a transaction. The owner does the reads.
 *
 * @module
 */

import type { Snapshot } from "../api/reader.ts";
import type { Store } from "../api/store.ts";
import type { OpenSource } from "../store/base_reader.ts";
import { notOwner } from "./owner_errors.ts";
import { StoreSource } from "./store_source.ts";

/** An {@linkcode OpenSource}. Without a source in this process it throws `NOT_OWNER`. */
export interface SharedOpen extends OpenSource {
  /** The call that opened the snapshot or the transaction; `undefined` for the store as it is. */
  readonly holder: number | undefined;
  /** Throws if the reader is closed. `action` is a verb for the message. */
  check(action: string): void;
  /** Whether this process has the source. */
  isHere(): boolean;
}

/** The result of a call that reads there. If a snapshot could not be opened again, its error says why. */
export async function readAt<T>(open: SharedOpen, action: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (open.holder !== undefined) open.check(action);
    throw error;
  }
}

/** The source of a snapshot or a transaction, which the owner holds. */
export function heldOpen(holder: number, check: (action: string) => void): SharedOpen {
  return sharedOpen({ holder, check, local: () => undefined });
}

/** The source of the store as it is. In the owner that is the store itself, in a follower its replica. */
export function storeOpen(client: { check(action: string): void; readonly near: Store | undefined }): SharedOpen {
  return sharedOpen({
    holder: undefined,
    check: (action) => client.check(action),
    local: () => {
      const store = client.near;
      return store && new StoreSource(store);
    },
  });
}

/** The source of a snapshot of a replica. */
export function snapshotOpen(store: Store, snapshot: Snapshot, check: (action: string) => void): SharedOpen {
  return sharedOpen({ holder: undefined, check, local: () => new StoreSource(store, snapshot) });
}

function sharedOpen({
  holder,
  check,
  local,
}: Pick<SharedOpen, "holder" | "check"> & { local(): StoreSource | undefined }): SharedOpen {
  const open: OpenSource = (action) => {
    check(action);
    const source = local();
    if (source) return source;
    throw notOwner(`${action} without await`);
  };
  return Object.assign(open, { holder, check, isHere: () => local() !== undefined });
}
