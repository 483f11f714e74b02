/**
 * The option `cache` of stores over servers.
 *
 * @module
 */

import { checkInteger, OptionNames, wrongType } from "../options.ts";

const LEAST_BYTES = 1024;
const DEFAULT_AGE_MS = 1000;
const LEAST_AGE_MS = 50;
const MOST_AGE_MS = 60_000;

/**
 * A cache of values that were read, which a watch of the whole store keeps right.
 *
 * `get`, `getEntry`, `has`, and `getMany`, `getEntries` and `hasMany` with up to 1,000 keys are answered from it without
 * a call. Ranges, snapshots, transactions and conditional writes always ask the server.
 *
 * A value from the cache is one that the key had at most `maxAge` milliseconds ago. It is never older than what the same
 * store has written, nor than `store.version`: what its reads, ranges and watches have told. Expiry is exact. If the
 * server does not confirm in time that the watch is current, reads ask the server; if the watch fails, the cache is
 * emptied, and begins anew.
 *
 * The price: the store reads all changes of all keys, and asks for the newest version a few times each `maxAge`.
 *
 * @example
 * ```ts no-run
 * import { type CacheMetrics, type CacheOptions, openPostgres } from "@luge/luge/postgres";
 *
 * const cache: CacheOptions = { maxBytes: 64 * 1024 * 1024 };
 * await using store = await openPostgres({ url: "postgres://app:secret@db.example.org/app", cache });
 * await store.get("setting/theme");
 * await store.get("setting/theme");
 * const metrics: CacheMetrics | undefined = store.cacheMetrics();
 * console.log(metrics?.hits, metrics?.misses); // 1 1
 * ```
 */
export interface CacheOptions {
  /** The most bytes of keys and values, 1,024 or more. Each entry counts as 200 bytes more. */
  readonly maxBytes: number;
  /** How old a value may be, in milliseconds, 50 to 60,000. Default: 1,000. */
  readonly maxAge?: number | undefined;
}

/** The options with their defaults. */
export interface CacheSettings {
  readonly maxBytes: number;
  readonly maxAge: number;
}

const NAMES = new OptionNames<CacheOptions>(
  { maxBytes: true, maxAge: true },
  { property: "option of 'cache'", object: "'cache'", example: "{ maxBytes: 67_108_864 }" },
);

/** Reads the option. Throws `TypeError` or `RangeError` for a wrong one. */
export function cacheSettingsOf(given: CacheOptions | undefined): CacheSettings | undefined {
  if (given === undefined) return undefined;
  const { maxBytes, maxAge = DEFAULT_AGE_MS } = NAMES.read(given);
  if (typeof maxBytes !== "number") wrongType("cache.maxBytes", maxBytes, "a number");
  checkInteger("cache.maxBytes", maxBytes, LEAST_BYTES, Number.MAX_SAFE_INTEGER);
  checkInteger("cache.maxAge", maxAge, LEAST_AGE_MS, MOST_AGE_MS);
  return { maxBytes, maxAge };
}
