/**
 * The runtime's own SQLite, for reading: `node:sqlite` of Node and Deno, `bun:sqlite` of Bun.
 *
 * @module
 */

import process from "node:process";
import { FailedError } from "../exit_codes.ts";

/** A value of SQLite. Integers are bigints. */
export type SqlValue = bigint | number | string | Uint8Array | null;

/** A row, by the names of its columns. */
export interface SqlRow {
  readonly [column: string]: SqlValue;
}

/** A database that is open for reading. */
export interface SqliteReader {
  /** The rows of a query, one at a time. */
  readonly rows: (sql: string, ...values: string[]) => Iterable<SqlRow>;
  readonly close: () => void;
}

interface NodeSqlite {
  readonly DatabaseSync: new (
    path: string,
    options: { readonly readOnly: true },
  ) => {
    prepare(sql: string): {
      setReadBigInts(enabled: boolean): void;
      iterate?(...values: string[]): Iterable<SqlRow>;
    };
    close(): void;
  };
}

interface BunSqlite {
  readonly Database: new (
    path: string,
    options: { readonly readonly: true; readonly safeIntegers: true },
  ) => {
    query(sql: string): { iterate(...values: string[]): Iterable<SqlRow> };
    close(): void;
  };
}

/** Opens a database. */
export async function openSqlite(path: string): Promise<SqliteReader> {
  const open = process.versions.bun === undefined ? openOnNode : openOnBun;
  try {
    return await open(path);
  } catch (error) {
    if (error instanceof FailedError) throw error;
    throw new FailedError(`Cannot open '${path}': ${(error as Error).message}`);
  }
}

async function openOnNode(path: string): Promise<SqliteReader> {
  const { DatabaseSync } = await loaded<NodeSqlite>("node:sqlite");
  const database = new DatabaseSync(path, { readOnly: true });
  const rows: SqliteReader["rows"] = (sql, ...values) => {
    const statement = database.prepare(sql);
    statement.setReadBigInts(true);
    if (!statement.iterate) throw tooOld();
    return statement.iterate(...values);
  };
  return { rows, close: () => database.close() };
}

async function openOnBun(path: string): Promise<SqliteReader> {
  const { Database } = await loaded<BunSqlite>("bun:sqlite");
  const database = new Database(path, { readonly: true, safeIntegers: true });
  return { rows: (sql, ...values) => database.query(sql).iterate(...values), close: () => database.close() };
}

async function loaded<T>(name: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch {
    throw tooOld();
  }
}

function tooOld(): FailedError {
  return new FailedError(
    "Cannot read SQLite here: expected Node 22.13, Deno 2.2 or Bun 1.3, or a newer one, which have SQLite built in",
  );
}
