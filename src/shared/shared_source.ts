/**
 * Where a client reads: the store as it is, a snapshot, or a transaction. The owner does the reads.
 *
 * @module
 */

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

/** The source of the store as it is. In the owner that is the store itself. */
export function storeOpen(client: { check(action: string): void; readonly local: Store | undefined }): SharedOpen {
  return sharedOpen({
    holder: undefined,
    check: (action) => client.check(action),
    local: () => client.local,
  });
}

function sharedOpen({
  holder,
  check,
  local,
}: Pick<SharedOpen, "holder" | "check"> & { local(): Store | undefined }): SharedOpen {
  const open: OpenSource = (action) => {
    check(action);
    const store = local();
    if (store) return new StoreSource(store);
    throw notOwner(`${action} without await`);
  };
  return Object.assign(open, { holder, check, isHere: () => local() !== undefined });
}
