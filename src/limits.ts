/**
 * Every limit of a store, in one place.
 *
 * @module
 */

/** A key has at least one byte and at most this many (BadgerDB's limit). */
export const MAX_KEY_BYTES = 65_000;

/** A value has at most this many bytes, 64 MiB. */
export const MAX_VALUE_BYTES: number = 64 * 1024 * 1024;

/** Bounds of the `cacheSize` option, in bytes. */
export const MIN_CACHE_BYTES: number = 1024 * 1024;
/** The engine has 32-bit memory: a larger cache would leave no room for anything else. */
export const MAX_CACHE_BYTES: number = 1024 * 1024 * 1024;

/** Bounds of the default `cacheSize`, in bytes. */
const LEAST_DEFAULT_CACHE_BYTES: number = 32 * 1024 * 1024;
const MOST_DEFAULT_CACHE_BYTES: number = 256 * 1024 * 1024;
/** The default `cacheSize` if the amount of memory is unknown, in bytes. */
const USUAL_CACHE_BYTES: number = 64 * 1024 * 1024;
/** The caches may use one part in this many of the memory. */
const CACHE_SHARE = 16;

/** The default `cacheSize` for this many bytes of memory; `undefined` if the amount is unknown. */
export function defaultCacheBytes(memory: number | undefined): number {
  if (memory === undefined) return USUAL_CACHE_BYTES;
  const share = Math.floor(memory / CACHE_SHARE);
  return Math.min(Math.max(share, LEAST_DEFAULT_CACHE_BYTES), MOST_DEFAULT_CACHE_BYTES);
}

/** Bounds of the `writeBufferSize` option, in bytes. */
export const MIN_WRITE_BUFFER_BYTES: number = 256 * 1024;
/** Twice as many bytes may be in use. */
export const MAX_WRITE_BUFFER_BYTES: number = 512 * 1024 * 1024;

/** The maximum of `numVersionsToKeep`. */
export const MAX_VERSIONS_TO_KEEP = 1_000_000;

/** The most bytes of keys and values in one commit, 256 MiB. */
export const MAX_BATCH_BYTES: number = 256 * 1024 * 1024;

/** The longest `ttl`, in milliseconds: about 142,000 years. */
export const MAX_TTL_MS: number = 2 ** 52;

/** The maximum of `retries` of a transaction. */
export const MAX_RETRIES = 1_000_000;
