/**
 * The contract that every store fulfils, whatever holds its data.
 *
 * @module
 */

import type { Key, Value } from "./encoding.ts";

/**
 * An ordered map from keys to values. {@linkcode SledStore} keeps it on disk, {@linkcode MemoryStore} in memory.
 *
 * Every method exists twice: the plain form returns a promise; the `Sync` form returns the result and blocks the event
 * loop meanwhile. A write is visible to reads at once. On a store on disk it is durable when its promise settles or its
 * `Sync` form returns, unless `syncWrites` is off: then {@linkcode Store.flush} makes it durable.
 *
 * Errors, of every method: `TypeError` or `RangeError` for wrong arguments, before anything is written; `StoreError`
 * `STORE_CLOSED` after {@linkcode Store.close} was called; `STORE_FAILED`, with the first failure as its `cause`, after the
 * disk or the engine failed; and for the call that met the failure: `IO_ERROR`, `LOCK_LOST`, `STORE_CORRUPT` or
 * `ENGINE_TRAP`. `OUT_OF_MEMORY` fails the call, not the store.
 */
export interface Store extends AsyncDisposable {
  /** The value of `key`, in bytes that the caller owns, or `undefined`. */
  get(key: Key): Promise<Uint8Array | undefined>;
  /** As {@linkcode Store.get}. */
  getSync(key: Key): Uint8Array | undefined;

  /** Whether `key` is there. */
  has(key: Key): Promise<boolean>;
  /** As {@linkcode Store.has}. */
  hasSync(key: Key): boolean;

  /**
   * Sets `key` (1 to 65,000 bytes) to `value` (at most 64 MiB, may be empty). The bytes are copied before this returns:
   * the caller may change them at once.
   */
  put(key: Key, value: Value): Promise<void>;
  /** As {@linkcode Store.put}. */
  putSync(key: Key, value: Value): void;

  /** Removes `key`; one that is not there is no error. */
  delete(key: Key): Promise<void>;
  /** As {@linkcode Store.delete}. */
  deleteSync(key: Key): void;

  /**
   * All entries whose keys start with `prefix` (`""` for all), in the byte order of their keys. Throws `TypeError` when
   * one of the keys is not UTF-8. The result is held in memory whole.
   */
  scan(prefix: Key): Promise<Map<string, Uint8Array>>;
  /** As {@linkcode Store.scan}. */
  scanSync(prefix: Key): Map<string, Uint8Array>;

  /** Everything written so far is durable when the promise settles. */
  flush(): Promise<void>;
  /** As {@linkcode Store.flush}. */
  flushSync(): void;

  /**
   * Makes everything durable, then gives files and directory back. Calling it again returns the same promise. After a
   * failure it only gives back what is left and does not report the failure again.
   */
  close(): Promise<void>;
}
