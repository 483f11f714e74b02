/**
 * Opens a store in PostgreSQL.
 *
 * @module
 */

import { clock, sleep } from "../../clock.ts";
import { StoreError } from "../../errors.ts";
import { unlessAborted } from "../../promises.ts";
import { ServerStore, type StoreOnServer } from "../server_store.ts";
import { PostgresBackend } from "./backend.ts";
import { Connection } from "./connection.ts";
import { isCreatedTwice, isMissing, toStoreError } from "./errors.ts";
import { type PostgresOptions, type Settings, settingsOf } from "./options.ts";
import { dialectOf, SCHEMA_FORMAT, schemaOf } from "./schema.ts";
import { statementsOf } from "./sql.ts";
import { bigint } from "./values.ts";

const DEFAULT_HISTORY_MS = 60_000;
/** How often a client tries to create tables while others do the same. */
const MOST_CREATIONS = 20;
const CREATION_WAIT_MS = 50;

/** What the store remembers. */
interface Remembered {
  readonly format: number;
  readonly versionsToKeep: number;
  readonly history: number;
}

/**
 * Opens a store in a table of PostgreSQL, and creates it if it is missing. Many processes on many machines can open
 * the same table. The store has all methods of `AsyncStore`, and the figures of its cache. `close()` ends its connections, which keep the process alive
 * until then.
 *
 * Rejects with a `TypeError` or `RangeError` for wrong options, or for fewer versions than the store keeps, and with the
 * reason of the signal. Rejects with a `StoreError`: `STORE_UNREACHABLE` if nobody answers, `ACCESS_DENIED` for a wrong
 * user or password, or one without the rights, `NOT_A_STORE` if the database does not exist, or with
 * `createIfMissing: false` the table, `FORMAT_UNSUPPORTED` if a later release wrote the tables, and `IO_ERROR` for what
 * else the server refuses.
 *
 * @example
 * ```ts no-run
 * import { openPostgres } from "@luge/luge/postgres";
 *
 * await using store = await openPostgres({ url: "postgres://app:secret@db.example.org/app" });
 * await store.put("city/berlin", "3,700,000");
 * for await (const [key, value] of store.entries({ prefix: "city/" })) console.log(key, value.length);
 * ```
 */
export async function openPostgres(options: PostgresOptions): Promise<StoreOnServer> {
  const settings = settingsOf(options);
  settings.signal?.throwIfAborted();
  const connection = new Connection(settings);
  try {
    const opening = opened(connection, settings);
    // The caller does not wait for it any more if the signal aborts.
    opening.catch(() => {});
    return await unlessAborted(opening, settings.signal);
  } catch (error) {
    void connection.close();
    throw error;
  }
}

async function opened(connection: Connection, settings: Settings): Promise<StoreOnServer> {
  const statements = statementsOf(settings.tables);
  const remembered = await agreed(connection, settings, await meta(connection, settings));
  const ahead = await clockAhead(connection);
  const { versionsToKeep, history } = remembered;
  const { pollInterval } = settings;
  const backend = new PostgresBackend({ connection, statements, versionsToKeep, history, pollInterval, ahead });
  return new ServerStore(backend, await backend.newest(), settings.cache);
}

/** What the store remembers. Creates it if it is missing. */
async function meta(connection: Connection, settings: Settings): Promise<Remembered> {
  for (let creations = 0; ; creations++) {
    try {
      const remembered = await remembers(connection, settings);
      if (remembered.format === SCHEMA_FORMAT) return remembered;
      throw new StoreError(
        "FORMAT_UNSUPPORTED",
        `Cannot open: the tables have format ${remembered.format}, and this release has format ${SCHEMA_FORMAT}`,
      );
    } catch (error) {
      if (!(error instanceof StoreError && isMissing(error.cause))) throw error;
      if (!settings.createIfMissing || creations === MOST_CREATIONS) throw error;
    }
    await create(connection, settings);
  }
}

async function remembers(connection: Connection, { tables }: Settings): Promise<Remembered> {
  const text = `select format, versions_to_keep, history_ms from ${tables.meta} where id = 0`;
  const [row] = await connection.query("open", text);
  if (!row) throw new StoreError("NOT_A_STORE", `Cannot open: the table ${tables.meta} has no row`);
  const [format, versionsToKeep, history] = [row.format, row.versions_to_keep, row.history_ms].map(Number);
  return { format: format ?? 0, versionsToKeep: versionsToKeep ?? 1, history: history ?? DEFAULT_HISTORY_MS };
}

async function create(connection: Connection, settings: Settings): Promise<void> {
  const { tables, numVersionsToKeep = 1, history = DEFAULT_HISTORY_MS } = settings;
  const [row] = await connection.query("open", "select version()");
  const schema = schemaOf(tables, dialectOf(String(row?.version)), numVersionsToKeep, history);
  try {
    await connection.query("create the tables", schema);
  } catch (error) {
    if (!(error instanceof StoreError && isCreatedTwice(error.cause))) throw toStoreError(error, "create the tables");
    await sleep(CREATION_WAIT_MS);
  }
}

/** What the store remembers after the options. Throws `RangeError` for fewer versions, unless `dropVersions` is set. */
async function agreed(connection: Connection, settings: Settings, before: Remembered): Promise<Remembered> {
  const { tables, dropVersions, history = before.history, numVersionsToKeep = before.versionsToKeep } = settings;
  if (numVersionsToKeep < before.versionsToKeep && !dropVersions) {
    throw new RangeError(
      `Wrong option 'numVersionsToKeep': the store keeps ${before.versionsToKeep} versions of each key, and ` +
        `${numVersionsToKeep} would drop older ones; leave the option out, or set dropVersions as well`,
    );
  }
  if (numVersionsToKeep === before.versionsToKeep && history === before.history) return before;
  const text = `update ${tables.meta} set versions_to_keep = $1, history_ms = $2 where id = 0`;
  await connection.query("open", text, [bigint(numVersionsToKeep), bigint(history)]);
  return { ...before, versionsToKeep: numVersionsToKeep, history };
}

/** How far the clock of the server is ahead, in milliseconds; 0 if that cannot be told from the time of the call. */
async function clockAhead(connection: Connection): Promise<number> {
  const begin = clock.now();
  const text = "select (extract(epoch from clock_timestamp()) * 1000)::bigint as now";
  const [row] = await connection.query("open", text);
  const end = clock.now();
  const ahead = Math.round(Number(row?.now) - (begin + end) / 2);
  return Math.abs(ahead) <= (end - begin) / 2 + 1 ? 0 : ahead;
}
