/**
 * Two PostgreSQL servers of a test or a script: a primary, and a synchronous standby that takes its place.
 *
 * @module
 */

import postgres from "postgres";
import { PostgresServer } from "./postgres_server.ts";

/** How long a standby may take until commits wait for it, in milliseconds. */
const PATIENCE_MS = 60_000;

/** See the module. */
export class PostgresPair {
  /** The addresses of both, for a client that finds the one that takes writes. */
  readonly url: string;
  #primary: PostgresServer;
  #standby: PostgresServer;

  private constructor(primary: PostgresServer, standby: PostgresServer) {
    this.#primary = primary;
    this.#standby = standby;
    // The standby is the first one: clients must look further from the beginning.
    const hosts = [standby, primary].map(({ port }) => `127.0.0.1:${port}`);
    this.url = `postgres://postgres@${hosts.join(",")}/postgres`;
  }

  /** Starts both. Commits wait for the standby. */
  static async start(): Promise<PostgresPair> {
    const primary = await PostgresServer.start();
    let standby: PostgresServer | undefined;
    try {
      standby = await PostgresServer.standbyOf(primary);
      const pair = new PostgresPair(primary, standby);
      await pair.#synchronize();
      return pair;
    } catch (error) {
      await Promise.all([primary.end(), standby?.end()]);
      throw error;
    }
  }

  /**
   * Kills the primary, and makes the standby take writes. It takes them alone, until {@linkcode PostgresPair.rejoin}: its
   * copy of the settings names no standby.
   */
  async failOver(): Promise<void> {
    await this.#primary.kill();
    await this.#standby.promote();
    [this.#primary, this.#standby] = [this.#standby, this.#primary];
  }

  /** Makes the killed server the standby of the other one. From then on, commits wait for it. */
  async rejoin(): Promise<void> {
    await this.#standby.copy(this.#primary);
    await this.#synchronize();
  }

  /** Ends both. */
  async end(): Promise<void> {
    await Promise.all([this.#primary.end(), this.#standby.end()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** Starts the standby, and lets commits wait for it. */
  async #synchronize(): Promise<void> {
    const sql = postgres(this.#primary.url, { max: 2, onnotice: () => {} });
    try {
      await sql.unsafe("alter system set synchronous_standby_names = '*'");
      await sql.unsafe("select pg_reload_conf()");
      // The server reloads its settings soon, and does not say when. From then on, commits wait: there is no standby yet.
      let isWaiting = false;
      const writing = (async () => {
        while (!isWaiting) await sql.unsafe("select pg_logical_emit_message(true, 'luge', 'synchronize')");
      })();
      writing.catch(() => {});
      const end = Date.now() + PATIENCE_MS;
      while (!isWaiting) {
        if (Date.now() > end) throw new Error("PostgreSQL does not wait for a standby");
        const [row] = await sql.unsafe("select count(*) from pg_stat_activity where wait_event = 'SyncRep'");
        isWaiting = Number(row?.count) > 0;
      }
      await this.#standby.restart();
      await writing;
    } finally {
      await sql.end({ timeout: 5 });
    }
  }
}
