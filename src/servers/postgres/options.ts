/**
 * The options of `openPostgres`.
 *
 * @module
 */

import { MAX_VERSIONS_TO_KEEP } from "../../limits.ts";
import { checkInteger, checkSignal, OptionNames, wrongType } from "../../options.ts";
import { isUrl } from "../../realm.ts";
import { type CacheOptions, type CacheSettings, cacheSettingsOf } from "../cache_options.ts";
import { type Hosts, hostsOf } from "./hosts.ts";
import { type Tables, tablesOf } from "./tables.ts";

/**
 * Options of {@linkcode openPostgres}. Only `url` has no default.
 *
 * @example
 * ```ts no-run
 * import { openPostgres, type PostgresOptions } from "@luge/luge/postgres";
 *
 * const options: PostgresOptions = { url: "postgres://app:secret@db.example.org/app", table: "sessions" };
 * await using store = await openPostgres(options);
 * await store.put("session/7", "Ada", { ttl: 60_000 });
 * ```
 */
export interface PostgresOptions {
  /**
   * The address of the database: `postgres://user:password@host:port/database`. `?sslmode=require` asks for TLS.
   *
   * It may have several hosts: `postgres://app:secret@db1.example.org:5432,db2.example.org:5432/app`. luge looks for the
   * one that takes writes, and looks again when it does not answer, or has become a standby. With one host, add
   * `?target_session_attrs=primary` where its name may resolve to a standby: luge then connects again until it does not.
   */
  readonly url: string | URL;
  /**
   * The authority that has signed the certificate of the server, in PEM. With it luge connects by TLS alone, and checks
   * the certificate and its name. Default: what `sslmode` says. `require` encrypts and checks nothing; `verify-full`
   * checks with the authorities that the runtime trusts.
   */
  readonly ca?: string | undefined;
  /**
   * The name of the table, up to 40 letters, digits and underscores; `schema.name` for one in another schema. The other
   * tables and the functions have this name and an ending. Default: `"luge"`.
   */
  readonly table?: string | undefined;
  /** How many of the newest versions of a key the store keeps: see `SledStoreConfig`. Default: what it has, or 1. */
  readonly numVersionsToKeep?: number | undefined;
  /** Whether `numVersionsToKeep` may be smaller than what the store remembers. Default: `false`. */
  readonly dropVersions?: boolean | undefined;
  /**
   * For how long the store keeps all versions and changes, in milliseconds, 10,000 to a year. Watches that continue
   * within that time miss nothing. Default: what it has, or 60,000.
   */
  readonly history?: number | undefined;
  /** Whether tables that are missing are created. With `false`, rejects with `NOT_A_STORE`. Default: `true`. */
  readonly createIfMissing?: boolean | undefined;
  /** The most connections, 1 to 1,000. Further calls wait. Default: 10. */
  readonly connections?: number | undefined;
  /**
   * How long a call is tried, in milliseconds, 100 to an hour. Then it rejects with `STORE_UNREACHABLE` or
   * `OUTCOME_UNKNOWN`. Default: 30,000.
   */
  readonly timeout?: number | undefined;
  /**
   * How long the server may take for an answer, in milliseconds, 100 to an hour. After that luge gives up the
   * connections, and asks again. Default: 10,000.
   */
  readonly attemptTimeout?: number | undefined;
  /** How often a watch that waits asks for changes of other clients, in milliseconds, 1 to 60,000. Default: 50. */
  readonly pollInterval?: number | undefined;
  /**
   * Whether a pooler such as PgBouncer is between luge and the server. Then luge prepares no statements, and sets
   * nothing for a connection. Default: `false`.
   */
  readonly pooler?: boolean | undefined;
  /** Keeps values that were read in memory: see {@linkcode CacheOptions}. Default: no cache. */
  readonly cache?: CacheOptions | undefined;
  /** Ends the opening, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = new OptionNames<PostgresOptions>(
  {
    url: true,
    ca: true,
    table: true,
    numVersionsToKeep: true,
    dropVersions: true,
    history: true,
    createIfMissing: true,
    connections: true,
    timeout: true,
    attemptTimeout: true,
    pollInterval: true,
    pooler: true,
    cache: true,
    signal: true,
  },
  { example: '{ url: "postgres://localhost/app" }' },
);

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** The options with their defaults. What the store remembers is `undefined` if it is not given. */
export interface Settings extends Hosts {
  readonly ca: string | undefined;
  readonly tables: Tables;
  readonly numVersionsToKeep: number | undefined;
  readonly dropVersions: boolean;
  readonly history: number | undefined;
  readonly createIfMissing: boolean;
  readonly connections: number;
  readonly timeout: number;
  readonly attemptTimeout: number;
  readonly pollInterval: number;
  readonly pooler: boolean;
  readonly cache: CacheSettings | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Checks the options. Throws `TypeError` or `RangeError` if one is wrong. */
export function settingsOf(given: PostgresOptions): Settings {
  const options = OPTIONS.read(given);
  const { ca, table = "luge", numVersionsToKeep, history } = options;
  if (ca !== undefined && typeof ca !== "string") wrongType("ca", ca, "a text in PEM");
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new RangeError("Wrong option 'ca': expected a certificate in PEM, with a line -----BEGIN CERTIFICATE-----");
  }
  const { connections = 10, timeout = 30_000, attemptTimeout = 10_000, pollInterval = 50 } = options;
  const { dropVersions = false, createIfMissing = true, pooler = false } = options;
  for (const [name, value] of Object.entries({ dropVersions, createIfMissing, pooler })) {
    if (typeof value !== "boolean") wrongType(name, value, "a boolean");
  }
  if (numVersionsToKeep !== undefined) {
    checkInteger("numVersionsToKeep", numVersionsToKeep, 1, MAX_VERSIONS_TO_KEEP);
  }
  if (history !== undefined) checkInteger("history", history, 10_000, YEAR_MS);
  checkInteger("connections", connections, 1, 1000);
  checkInteger("timeout", timeout, 100, HOUR_MS);
  checkInteger("attemptTimeout", attemptTimeout, 100, HOUR_MS);
  checkInteger("pollInterval", pollInterval, 1, 60_000);
  return {
    ...hostsOf(urlOf(options.url)),
    ca,
    tables: tablesOf(table),
    numVersionsToKeep,
    dropVersions,
    history,
    createIfMissing,
    connections,
    timeout,
    attemptTimeout,
    pollInterval,
    pooler,
    cache: cacheSettingsOf(options.cache),
    signal: checkSignal(options.signal),
  };
}

function urlOf(given: unknown): string {
  const text = isUrl(given) ? given.href : given;
  if (typeof text !== "string") wrongType("url", given, "an address");
  return text;
}
