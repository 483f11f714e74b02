/**
 * The options of a store over etcd.
 *
 * @module
 */

import { describe } from "../../encoding.ts";
import { checkArray, checkFunction, checkInteger, OptionNames, wrongType } from "../../options.ts";
import { type CacheOptions, type CacheSettings, cacheSettingsOf } from "../cache_options.ts";

const DEFAULT_PREFIX = "luge/";
const DEFAULT_TIMEOUT_MS = 10_000;
const MOST_TIMEOUT_MS = 86_400_000;
/** What etcd takes in one transaction if its operator has not said otherwise. */
const DEFAULT_OPERATIONS = 128;
const MOST_OPERATIONS = 100_000;
const DEFAULT_REQUEST_BYTES = 1.5 * 1024 * 1024;
const LEAST_REQUEST_BYTES = 256 * 1024;
const MOST_REQUEST_BYTES = 1024 * 1024 * 1024;
const LEAST_OPERATIONS = 32;
const MOST_PREFIX_LENGTH = 200;

/**
 * The options of `openEtcd`.
 *
 * @example
 * ```ts no-run
 * import { type EtcdOptions, openEtcd } from "@luge/luge/etcd";
 *
 * const options: EtcdOptions = {
 *   endpoints: ["https://a.example.org:2379", "https://b.example.org:2379", "https://c.example.org:2379"],
 *   prefix: "shop/",
 *   username: "shop",
 *   password: "secret",
 * };
 * await using store = await openEtcd(options);
 * console.log(await store.count());
 * ```
 */
export interface EtcdOptions {
  /**
   * The addresses of the nodes, such as `["http://10.0.0.1:2379", "http://10.0.0.2:2379"]`. luge asks the leader, and
   * another node if that does not answer.
   */
  readonly endpoints: readonly string[];
  /** What all keys of the store start with, in etcd. Default: `"luge/"`. Each store has a prefix of its own. */
  readonly prefix?: string | undefined;
  /** The user, if etcd asks for one. Give `password`, too. */
  readonly username?: string | undefined;
  /** The password of the user. */
  readonly password?: string | undefined;
  /**
   * How long luge tries to reach etcd in one call, in milliseconds. Default: 10,000. After that it asks as long again
   * whether a commit was done.
   */
  readonly timeout?: number | undefined;
  /** The value of `--max-txn-ops` of etcd. Default: 128, as etcd's. A commit has 8 operations fewer. */
  readonly maxOperations?: number | undefined;
  /** The value of `--max-request-bytes` of etcd. Default: 1.5 MiB, as etcd's. */
  readonly maxRequestBytes?: number | undefined;
  /** Keeps values that were read in memory: see {@linkcode CacheOptions}. Default: no cache. */
  readonly cache?: CacheOptions | undefined;
  /** Replaces the global `fetch`, for example by one with a certificate of the client. */
  readonly fetch?:
    | ((
        url: string,
        request: {
          readonly method: "POST";
          readonly body: string;
          readonly headers: Record<string, string>;
          readonly signal: AbortSignal;
        },
      ) => Promise<{
        readonly status: number;
        readonly body: ReadableStream<Uint8Array> | null;
        readonly text: () => Promise<string>;
      }>)
    | undefined;
}

/** Options with every default filled in. */
export interface CheckedOptions {
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly timeoutMs: number;
  readonly maxOperations: number;
  readonly maxRequestBytes: number;
  readonly cache: CacheSettings | undefined;
  readonly fetch: EtcdFetch;
}

/** What luge uses of `fetch`. */
export type EtcdFetch = NonNullable<EtcdOptions["fetch"]>;

const NAMES = new OptionNames<EtcdOptions>(
  {
    endpoints: true,
    prefix: true,
    username: true,
    password: true,
    timeout: true,
    maxOperations: true,
    maxRequestBytes: true,
    cache: true,
    fetch: true,
  },
  { example: '{ endpoints: ["http://127.0.0.1:2379"] }' },
);

/** Reads the options. Throws `TypeError` or `RangeError`. */
export function checkOptions(given: EtcdOptions): CheckedOptions {
  const {
    endpoints,
    prefix = DEFAULT_PREFIX,
    username,
    password,
    timeout = DEFAULT_TIMEOUT_MS,
    maxOperations = DEFAULT_OPERATIONS,
    maxRequestBytes = DEFAULT_REQUEST_BYTES,
    cache,
    fetch = globalThis.fetch,
  } = NAMES.read(given);
  checkArray(endpoints, "endpoints", "addresses");
  if (endpoints.length === 0) throw new RangeError("Wrong option 'endpoints': expected at least one address");
  if (typeof prefix !== "string") wrongType("prefix", prefix, "a string");
  if (prefix.length > MOST_PREFIX_LENGTH || !prefix.isWellFormed()) {
    throw new RangeError(`Wrong option 'prefix': expected at most ${MOST_PREFIX_LENGTH} characters of Unicode`);
  }
  if (username !== undefined && typeof username !== "string") wrongType("username", username, "a string");
  if (password !== undefined && typeof password !== "string") wrongType("password", password, "a string");
  if ((username === undefined) !== (password === undefined)) {
    throw new TypeError("Wrong options: expected 'username' and 'password' together");
  }
  checkInteger("timeout", timeout, 1, MOST_TIMEOUT_MS);
  checkInteger("maxOperations", maxOperations, LEAST_OPERATIONS, MOST_OPERATIONS);
  checkInteger("maxRequestBytes", maxRequestBytes, LEAST_REQUEST_BYTES, MOST_REQUEST_BYTES);
  checkFunction(fetch, "call etcd with");
  return {
    endpoints: endpoints.map(checkEndpoint),
    prefix,
    username,
    password,
    timeoutMs: timeout,
    maxOperations,
    maxRequestBytes,
    cache: cacheSettingsOf(cache),
    fetch: (url, request) => fetch(url, request),
  };
}

/** The address without a slash at its end. */
function checkEndpoint(given: unknown): string {
  const expected = "expected an address such as 'http://127.0.0.1:2379' or 'https://etcd.example.com:2379'";
  if (typeof given !== "string") throw new TypeError(`Wrong endpoint: ${expected}, got ${describe(given)}`);
  let url: URL;
  try {
    url = new URL(given);
  } catch (cause) {
    throw new TypeError(`Wrong endpoint '${given}': ${expected}`, { cause });
  }
  const isPlain =
    url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (!isPlain || !["http:", "https:"].includes(url.protocol)) {
    throw new TypeError(`Wrong endpoint '${url.protocol}//${url.host}${url.pathname}': ${expected}`);
  }
  return url.origin;
}
