/**
 * The parts of a store over PostgreSQL, for tests that look at them.
 *
 * @module
 */

import type { AsyncStore } from "../../mod.ts";
import { PostgresBackend } from "../../src/servers/postgres/backend.ts";
import { Connection } from "../../src/servers/postgres/connection.ts";
import { Holds } from "../../src/servers/postgres/holds.ts";
import { openPostgres, type PostgresOptions } from "../../src/servers/postgres/mod.ts";
import { settingsOf } from "../../src/servers/postgres/options.ts";
import { statementsOf } from "../../src/servers/postgres/sql.ts";
import { Upkeep } from "../../src/servers/postgres/upkeep.ts";
import { ServerStore } from "../../src/servers/server_store.ts";

/** The parts of a store. */
export interface PostgresPartsOfTest {
  readonly store: AsyncStore;
  readonly backend: PostgresBackend;
  /** The upkeep and the holds of a client whose clock the test sets. */
  readonly upkeep: Upkeep;
  readonly holds: Holds;
  /** Sets that clock ahead by so many milliseconds. */
  ahead(ms: number): void;
  /** The rows of `entries` or `changes`. */
  query(table: string): Promise<readonly unknown[]>;
}

/** Opens a store, and returns its parts. */
export async function partsOf(options: PostgresOptions): Promise<PostgresPartsOfTest> {
  await (await openPostgres(options)).close();
  const settings = settingsOf(options);
  const [connection, statements] = [new Connection(settings), statementsOf(settings.tables)];
  const history = 60_000;
  const backend = new PostgresBackend({
    connection,
    statements,
    versionsToKeep: 1,
    history,
    pollInterval: 20,
    ahead: 0,
  });
  let aheadMs = 0;
  const holds = new Holds(history);
  const now = () => Date.now() + aheadMs;
  const upkeep = new Upkeep({ connection, statements, holds, history, now });
  return {
    store: new ServerStore(backend, await backend.newest()),
    backend,
    upkeep,
    holds,
    ahead: (ms) => {
      aheadMs = ms;
    },
    query: async (table) => {
      const names = settings.tables as unknown as Readonly<Record<string, string>>;
      return await connection.query("look", `select key from ${names[table]}`);
    },
  };
}
