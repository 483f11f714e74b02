/**
 * Writes.
 *
 * @module
 */

import type { Key, Value } from "../encoding.ts";

/** How a value is put. */
export interface PutOptions {
  /** How long it lives, in milliseconds, above 0: it is gone exactly then. Default: for ever. */
  readonly ttl?: number;
}

/** One operation of a batch. */
export type BatchOperation =
  | { readonly type: "put"; readonly key: Key; readonly value: Value; readonly ttl?: number }
  | { readonly type: "delete"; readonly key: Key };

/** One version of a key. */
export interface KeyVersion {
  /** The commit that wrote it. */
  readonly version: number;
  /** Absent when the key was deleted, or the value has expired. */
  readonly value?: Uint8Array;
  /** Whether this version deleted the key. */
  readonly deleted: boolean;
  /** When the value expires or expired, in milliseconds since 1970; absent for never. */
  readonly expiresAt?: number;
}
