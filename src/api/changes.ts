/**
 * Watching a store.
 *
 * @module
 */

import type { KeyEncoding, KeyIn } from "../key_format.ts";

/** A change of one key. */
export interface Change<K = string> {
  readonly type: "put" | "delete";
  readonly key: K;
  /** The commit. All operations of a batch or a transaction have the same one. */
  readonly version: number;
  /** What was put; absent for a deletion, and for a value that has expired meanwhile. */
  readonly value?: Uint8Array;
  /** When the value expires, in milliseconds since 1970; absent for never. */
  readonly expiresAt?: number;
}

/** A change with its key in an encoding. */
export type ChangeIn<E extends KeyEncoding> = Change<KeyIn<E>>;

/** From where a store is watched, and how long. */
export interface WatchOptions {
  /** Changes after this version, the past ones first. Default: those after the call. */
  readonly since?: number;
  /** Ends the walk, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}
