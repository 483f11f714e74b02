/**
 * A store in PostgreSQL, with the methods of `AsyncStore`: ordered, with transactions, watches, snapshots and backups in
 * the format of the embedded store. It needs the package `postgres`.
 *
 * @example
 * ```ts no-run
 * import { openPostgres } from "@luge/luge/postgres";
 *
 * await using store = await openPostgres({ url: "postgres://app:secret@db.example.org/app", table: "visits" });
 * console.log(await store.increment("home"));
 * ```
 *
 * @module
 */

export type { CacheOptions } from "../cache_options.ts";
export type { CacheMetrics } from "../read_cache.ts";
export type { StoreOnServer } from "../server_store.ts";
export { openPostgres } from "./open.ts";
export type { PostgresOptions } from "./options.ts";
