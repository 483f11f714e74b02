/**
 * Calls to the server: through a pool of connections, with a time limit, and again after a failure that passes.
 *
 * @module
 */

import postgres from "postgres";
import { clearTimeout, clock, setTimeout, sleep } from "../../clock.ts";
import { StoreError } from "../../errors.ts";
import { codeOf, failureOf, isOfServer, messageOf, toStoreError } from "./errors.ts";
import type { Hosts } from "./hosts.ts";
import { fromBytea, type Parameter, TYPE, toHex } from "./values.ts";

/** A row, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** The first wait before a call is sent again, and the longest one, in milliseconds. */
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 250;

/** How long a transaction may wait for this process. Then the server ends it. */
const LONGEST_IDLE_MS = 10_000;

/** The code of an attempt that has reached a standby. */
const STANDBY = "STANDBY";

/** How to connect. */
export interface ConnectionOptions extends Hosts {
  /** The authority of the server's certificate, in PEM. */
  readonly ca?: string | undefined;
  readonly connections: number;
  /** How long a call may be tried, in milliseconds. */
  readonly timeout: number;
  /** How long the server may take for one attempt. Then the pool is replaced. */
  readonly attemptTimeout: number;
  /** Whether a program between this one and the server shares the connections of the server. */
  readonly pooler: boolean;
}

/** One attempt of a call. */
export interface Attempt {
  /** 0 for the first one. */
  readonly number: number;
  /** Whether an earlier attempt may have been done. */
  readonly mayBeDone: boolean;
}

/** When a call must have ended, and how long an attempt may take if that is longer than usual, in milliseconds. */
interface Limits {
  readonly until: number;
  readonly patience?: number | undefined;
}

type Sql = ReturnType<typeof postgres>;
type Unsafe = Pick<Sql, "unsafe" | "typed">;

/** Runs statements. */
export type Query = (text: string, parameters?: readonly Parameter[]) => Promise<readonly Row[]>;

/**
 * See the module. All connections are to one host, until that does not answer, or is a standby. Then they are replaced by
 * connections to the next host.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  /** The number of the host. */
  #host = 0;
  #sql: Sql;
  #isClosed = false;
  /** The attempts that are on their way. */
  readonly #running: Set<Promise<unknown>> = new Set();
  calls = 0;
  retries = 0;

  /** Throws `TypeError` for an address that `postgres` cannot read. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#sql = this.#connect();
  }

  /**
   * Runs a statement that may be run twice. `action` is a verb for messages. Rejects with `STORE_UNREACHABLE` if nobody
   * answers in time.
   */
  async query(action: string, text: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> {
    return await this.repeat(action, ({ query }) => query(text, parameters));
  }

  /**
   * Runs a call, again if it fails for the moment. If nobody can tell whether it is done, rejects with
   * `OUTCOME_UNKNOWN` for a call that `changes` something, and else with `STORE_UNREACHABLE`. `patience` is how long the
   * call may take, if that is longer than usual, in milliseconds.
   */
  async repeat<T>(
    action: string,
    call: (parts: { readonly query: Query; readonly attempt: Attempt }) => Promise<T>,
    { changes = false, patience }: { readonly changes?: boolean; readonly patience?: number } = {},
  ): Promise<T> {
    const until = clock.monotonic() + (patience ?? this.#options.timeout);
    let [wait, mayBeDone] = [FIRST_WAIT_MS, false];
    for (let number = 0; ; number++) {
      if (this.#isClosed) {
        const closed = new StoreError("STORE_CLOSED", `Cannot ${action}: the store is closed`);
        throw changes && mayBeDone ? unknown(action, closed.message, closed) : closed;
      }
      const sql = this.#sql;
      try {
        const query: Query = (text, parameters = []) => this.#run(sql, text, parameters, { until, patience });
        return await call({ query, attempt: { number, mayBeDone } });
      } catch (error) {
        const failure = failureOf(error);
        mayBeDone ||= failure.mayBeDone;
        const isUnknown = changes && mayBeDone;
        // That this attempt is refused does not say that an earlier one was.
        if (!failure.mayRepeat)
          throw isUnknown ? unknown(action, messageOf(error), error) : toStoreError(error, action);
        if (failure.isElsewhere && this.#options.urls.length > 1) this.#replace(sql);
        if (clock.monotonic() + wait > until) {
          const because = `within ${this.#options.timeout} ms: ${messageOf(error)}`;
          throw isUnknown ? unknown(action, `No answer ${because}`, error) : unreachable(action, because, error);
        }
        this.retries += 1;
        await sleep(wait * (0.5 + Math.random() / 2));
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      }
    }
  }

  /**
   * Runs statements in one transaction. The caller makes sure that it may be run twice, and that it looks whether it is
   * done if it fails.
   */
  async transaction<T>(run: (query: Query) => Promise<T>): Promise<T> {
    const until = clock.monotonic() + this.#options.timeout;
    const sql = this.#sql;
    const call = sql.begin(async (part) => {
      return await run(async (text, parameters = []) => {
        try {
          return await this.#send(part, text, parameters);
        } catch (error) {
          // `begin` of the package `postgres` 3.4.9 would send a rollback to a connection that is lost, and the process
          // would end. It rejects itself as soon as the connection has ended, so nobody waits for this.
          if (!isOfServer(error)) await new Promise<never>(() => {});
          throw error;
        }
      });
    });
    return await this.#within(sql, call as Promise<T>, { until });
  }

  /** Ends all connections, once the calls on their way have ended. Each of them ends in time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
    // Nothing is on its way. A connection that was lost may not tell its end.
    await this.#sql.end({ timeout: 1 });
  }

  async #run(sql: Sql, text: string, parameters: readonly Parameter[], limits: Limits): Promise<readonly Row[]> {
    return await this.#within(sql, this.#send(sql, text, parameters), limits);
  }

  async #send(sql: Unsafe, text: string, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    this.calls += 1;
    const typed = parameters.map(({ value, type }) => sql.typed(value as never, type));
    // A text without parameters may have several statements.
    const prepare = parameters.length > 0 && !this.#options.pooler;
    return await sql.unsafe(text, typed as never[], { prepare });
  }

  /** Settles as a call does. Rejects with the code `CALL_TIMEOUT`, and replaces the pool, if it takes too long. */
  async #within<T>(sql: Sql, call: Promise<T>, { until, patience }: Limits): Promise<T> {
    const longest = patience ?? this.#options.attemptTimeout;
    const ms = Math.max(1, Math.min(longest, until - clock.monotonic()));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#replace(sql);
        reject(Object.assign(new Error(`no answer within ${Math.round(ms)} ms`), { code: "CALL_TIMEOUT" }));
      }, ms);
    });
    const ended = Promise.race([call, late]);
    this.#running.add(ended);
    try {
      return await ended;
    } catch (error) {
      throw this.#sql === sql ? this.#ofStandby(error) : error;
    } finally {
      this.#running.delete(ended);
      clearTimeout(timer);
      // It may fail later, when the pool that it used has ended.
      call.catch(() => {});
    }
  }

  /** The package `postgres` ends a connection to a standby itself, and gives no other reason. No call was sent. */
  #ofStandby(error: unknown): unknown {
    if (!this.#options.refusesStandbys || codeOf(error) !== "CONNECTION_DESTROYED") return error;
    return Object.assign(new Error("the server is a standby"), { code: STANDBY, cause: error });
  }

  /** A connection that does not answer is lost, and nobody else can end it. Continues with the next host. */
  #replace(sql: Sql): void {
    if (this.#sql !== sql || this.#isClosed) return;
    this.#host = (this.#host + 1) % this.#options.urls.length;
    this.#sql = this.#connect();
    void sql.end({ timeout: 0 });
  }

  #connect(): Sql {
    const { urls, ca, refusesStandbys, connections, attemptTimeout, pooler } = this.#options;
    const url = urls[this.#host] ?? "";
    // The package `postgres` gives no name to check if the host is a number.
    const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
    return postgres(url, {
      max: connections,
      prepare: !pooler,
      fetch_types: false,
      connect_timeout: Math.max(1, Math.ceil(attemptTimeout / 1000)),
      // The waits of this file are enough.
      backoff: () => 0,
      onnotice: () => {},
      ...(ca === undefined ? {} : { ssl: { ca, host } }),
      ...(refusesStandbys ? { target_session_attrs: "primary" } : {}),
      connection: pooler
        ? {}
        : {
            application_name: "luge",
            enable_seqscan: "off",
            // A process that is stopped while it has the lock of the clock must not keep it.
            idle_in_transaction_session_timeout: String(LONGEST_IDLE_MS),
          },
      types: {
        bytea: {
          to: TYPE.bytea,
          from: [TYPE.bytea],
          serialize: (bytes: Uint8Array) => `\\x${toHex(bytes)}`,
          parse: fromBytea,
        },
      },
    } as Parameters<typeof postgres>[1] as never) as Sql;
  }
}

function unknown(action: string, because: string, cause: unknown): StoreError {
  return new StoreError("OUTCOME_UNKNOWN", `Cannot tell whether it is done: ${action}. ${because}`, { cause });
}

function unreachable(action: string, because: string, cause: unknown): StoreError {
  return new StoreError("STORE_UNREACHABLE", `Cannot ${action}: PostgreSQL did not answer ${because}`, { cause });
}
