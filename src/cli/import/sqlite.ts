/**
 * Rows of a table of SQLite, as they are when the import begins.
 *
 * @module
 */

import { encode, shown } from "../encodings.ts";
import { FailedError, UsageError } from "../exit_codes.ts";
import { checkNames, entryOf, type Fields, type Mapping } from "./mapping.ts";
import { atPlace, type Row, type Rows, type Seen } from "./rows.ts";
import { openSqlite, type SqliteReader, type SqlRow, type SqlValue } from "./sqlite_driver.ts";

/** Where the rows are, and how they become entries. */
export interface TableOptions extends Omit<Mapping, "key"> {
  /** Default: the only table. */
  readonly table: string | undefined;
  /** Default: the primary key, if it is one column. */
  readonly key: Mapping["key"] | undefined;
}

interface Column {
  readonly name: string;
  /** Its place in the primary key, from 1; 0 if it is not part of it. */
  readonly keyPart: number;
}

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** What makes the order of rows the same each time. */
  readonly order: string;
}

/** The tables that Deno KV makes. */
const OF_DENO_KV = ["kv", "queue", "data_version"];
/** The names of the number that a row has, unless a column has the name. */
const ROW_ID = ["_rowid_", "rowid", "oid"];

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The rows of a table, or of a view. */
export async function* sqliteRows(path: string, options: TableOptions, seen: Seen): Rows {
  const database = await openSqlite(path);
  try {
    yield* rowsOf(database, options, seen);
  } catch (error) {
    throw readError(error, path);
  } finally {
    database.close();
  }
}

/** Whether a file is a database of Deno KV. It stays as it is. */
export async function isDenoKv(path: string): Promise<boolean> {
  const database = await openSqlite(path);
  try {
    return hasDenoKv(tablesOf(database).map(({ name }) => name));
  } catch (error) {
    throw readError(error, path);
  } finally {
    database.close();
  }
}

function readError(error: unknown, path: string): unknown {
  return isOfSqlite(error) ? new FailedError(`Cannot read '${path}': ${(error as Error).message}`) : error;
}

function hasDenoKv(names: readonly string[]): boolean {
  return OF_DENO_KV.every((name) => names.includes(name));
}

function tablesOf(database: SqliteReader): { readonly name: string; readonly isView: boolean }[] {
  const sql =
    "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
  return [...database.rows(sql)].map(({ name, type }) => ({ name: String(name), isView: type === "view" }));
}

function* rowsOf(database: SqliteReader, options: TableOptions, seen: Seen): Generator<Row, void> {
  const table = tableOf(database, options.table);
  const mapping: Mapping = { ...options, key: options.key ?? primaryKeyOf(table) };
  const names = table.columns.map(({ name }) => name);
  checkNames(mapping, names);
  const [count] = database.rows(`SELECT count(*) AS count FROM ${quoted(table.name)}`);
  const total = Number(count?.count ?? 0);
  const isUtf8 = first(database.rows("PRAGMA encoding")) === "UTF-8";
  // A runtime replaces wrong UTF-8 in text, so text comes as bytes.
  const columns = names.map((name, i) => {
    const column = quoted(name);
    const value = isUtf8
      ? `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) ELSE ${column} END`
      : column;
    return `typeof(${column}) AS t${i}, ${value} AS v${i}`;
  });
  let number = 0;
  for (const row of database.rows(`SELECT ${columns.join(", ")} FROM ${quoted(table.name)} ${table.order}`)) {
    number += 1;
    seen(number, total);
    const place = `Row ${number} of ${table.name}`;
    yield { place, toEntry: () => atPlace(place, () => entryOf(fieldsOf(row, names), mapping)) };
  }
}

function tableOf(database: SqliteReader, given: string | undefined): Table {
  const all = tablesOf(database);
  const names = all.map(({ name }) => name);
  if (given === undefined && hasDenoKv(names)) {
    throw new UsageError("This is a database of Deno KV: read it with --from deno-kv, on Deno, or name a --table");
  }
  const name = given ?? (names.length === 1 ? names[0] : undefined);
  const found = all.find((table) => table.name === name);
  if (found === undefined) {
    const what =
      given === undefined ? `expected --table <name>, one of` : `Unknown table ${shown(given)}: expected one of`;
    throw new UsageError(`${what} ${names.join(", ") || "(there is none)"}`);
  }
  // Hidden columns, such as the rank of a full-text table, are no data. Columns that SQLite computes are.
  const columns = [...database.rows("SELECT name, pk FROM pragma_table_xinfo(?) WHERE hidden != 1", found.name)].map(
    ({ name, pk }): Column => ({ name: String(name), keyPart: Number(pk) }),
  );
  return { name: found.name, columns, order: found.isView ? "" : orderOf(database, found.name, columns) };
}

function orderOf(database: SqliteReader, table: string, columns: readonly Column[]): string {
  const isWithoutRowId = first(database.rows("SELECT wr FROM pragma_table_list(?)", table)) === 1n;
  const rowId = ROW_ID.find((name) => !columns.some((column) => column.name.toLowerCase() === name));
  if (!isWithoutRowId && rowId !== undefined) return `ORDER BY ${quoted(table)}.${rowId}`;
  const key = keyColumns(columns);
  // With the table, since a column may have the name of a column of the result.
  return key.length === 0 ? "" : `ORDER BY ${key.map((name) => `${quoted(table)}.${quoted(name)}`).join(", ")}`;
}

function keyColumns(columns: readonly Column[]): string[] {
  return columns
    .filter(({ keyPart }) => keyPart > 0)
    .sort((a, b) => a.keyPart - b.keyPart)
    .map(({ name }) => name);
}

function primaryKeyOf({ name, columns }: Table): string {
  const key = keyColumns(columns);
  if (key.length === 1) return key[0] as string;
  const what = key.length === 0 ? "no primary key" : `the primary key ${key.join(", ")}`;
  throw new UsageError(
    `The table ${shown(name)} has ${what}: expected --key-column, or --key such as ${name}:{${columns[0]?.name}}`,
  );
}

function fieldsOf(row: SqlRow, names: readonly string[]): Fields {
  const valueAt = (i: number): SqlValue => {
    const value = row[`v${i}`] as SqlValue;
    return row[`t${i}`] === "text" && value instanceof Uint8Array ? textOf(value, names[i] as string) : value;
  };
  const json = (i: number): string => jsonOf(valueAt(i), names[i] as string);
  return {
    get: (name) => {
      const i = names.indexOf(name);
      return i < 0 ? undefined : valueAt(i);
    },
    json: (name) =>
      name === undefined
        ? `{${names.map((name, i) => `${JSON.stringify(name)}:${json(i)}`).join(",")}}`
        : json(names.indexOf(name)),
  };
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new UsageError(
      `Wrong ${name}: expected text in UTF-8, got other bytes; a view with CAST(… AS BLOB) has them`,
    );
  }
}

/** A value as JSON, with all digits of an integer. Bytes are `{"base64": …}`. */
function jsonOf(value: SqlValue, name: string): string {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return JSON.stringify({ base64: encode(value, "base64") });
  if (typeof value !== "number" || Number.isFinite(value)) return JSON.stringify(value);
  throw new UsageError(`Wrong ${name} ${value}: expected a number that JSON has`);
}

function first(rows: Iterable<SqlRow>): SqlValue | undefined {
  for (const row of rows) return Object.values(row)[0];
  return undefined;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function isOfSqlite(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return code === "ERR_SQLITE_ERROR" || name === "SQLiteError";
}
