/** SQLite with its four drivers: one table, prepared statements. @module */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { eachEntry, type Guarantee, type Peer, type Subject, slices, slicesOf } from "../contract.ts";
import { peerModule } from "../places.ts";

/** A prepared statement. */
interface Statement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): Row | undefined | null;
  iterate(...values: unknown[]): Iterable<Row>;
}

interface Row {
  readonly key: string;
  readonly value: Uint8Array;
}

/** What the drivers have in common. */
interface Driver {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  /** Present if the driver has it. */
  backup?(path: string): Promise<unknown>;
  close(): unknown;
}

const NAME = "sqlite.db";

const SETTINGS: Record<Guarantee, string> = {
  buffered: "WAL, synchronous=NORMAL, checkpoint at the end",
  durable: "WAL, synchronous=FULL",
};

function subject(database: Driver, guarantee: Guarantee): Subject {
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`PRAGMA synchronous = ${guarantee === "durable" ? "FULL" : "NORMAL"}`);
  database.exec("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
  const put = database.prepare(
    "INSERT INTO entries (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  );
  const get = database.prepare("SELECT value FROM entries WHERE key = ?");
  const remove = database.prepare("DELETE FROM entries WHERE key = ?");
  const scan = database.prepare("SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key");
  const transaction = (run: () => void) => {
    database.exec("BEGIN");
    run();
    database.exec("COMMIT");
  };
  return {
    load(entries, batch) {
      if (batch === 1) return eachEntry(entries, (key, value) => put.run(key, value));
      for (const part of slices(entries, batch))
        transaction(() => eachEntry(part, (key, value) => put.run(key, value)));
    },
    flush: () => {
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    },
    getSync: (key) => get.get(key)?.value,
    getMany: (keys) => keys.map((key) => get.get(key)?.value),
    scan(prefix) {
      let bytes = 0;
      for (const { key, value } of scan.iterate(prefix, `${prefix}\uffff`)) bytes += key.length + value.length;
      return bytes;
    },
    putSync: (key, value) => {
      put.run(key, value);
    },
    remove(keys, batch) {
      for (const part of slicesOf(keys, batch)) {
        transaction(() => {
          for (const key of part) remove.run(key);
        });
      }
    },
    compact: () => {
      database.exec("VACUUM");
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    },
    copyTo(directory) {
      mkdirSync(directory);
      const copy = join(directory, NAME);
      return database.backup ? database.backup(copy) : database.exec(`VACUUM INTO '${copy.replaceAll("'", "''")}'`);
    },
    close: () => {
      database.close();
    },
  };
}

function sqlite(
  peer: Pick<Peer, "name" | "package" | "runtimes" | "most">,
  connect: (path: string) => Promise<Driver> | Driver,
): Peer {
  const open = async (directory: string, guarantee: Guarantee) =>
    subject(await connect(join(directory, NAME)), guarantee);
  return { ...peer, kind: "store", commitsEach: true, settings: SETTINGS, open };
}

/** The most entries, except for targets. A load of a million entries in random order takes a minute. */
const MOST = 100_000;

/** better-sqlite3. */
export const betterSqlite3: Peer = sqlite(
  { name: "better-sqlite3", package: "better-sqlite3", runtimes: ["node"], most: MOST },
  (path) => new (peerModule<new (path: string) => Driver>("better-sqlite3"))(path),
);

/** node:sqlite. */
export const nodeSqlite: Peer = sqlite(
  { name: "node:sqlite", runtimes: ["node", "deno"], most: MOST },
  async (path) => {
    const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync(path) as unknown as Driver;
  },
);

/** bun:sqlite. */
export const bunSqlite: Peer = sqlite({ name: "bun:sqlite", runtimes: ["bun"], most: MOST }, async (path) => {
  const name = "bun:sqlite";
  const { Database } = (await import(name)) as { Database: new (path: string) => Driver };
  return new Database(path);
});

interface WasmStatement {
  run(values: unknown[]): unknown;
  get(values: unknown[]): Row | undefined;
  iterate(values: unknown[]): Iterable<Row>;
  finalize(): void;
}

interface WasmDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): WasmStatement;
  close(): void;
}

/** node-sqlite3-wasm: WAL without shared memory asks for an exclusive lock. */
export const nodeSqlite3Wasm: Peer = sqlite(
  { name: "node-sqlite3-wasm", package: "node-sqlite3-wasm", runtimes: ["node", "bun", "deno"], most: MOST },
  (path) => {
    const { Database } = peerModule<{ Database: new (path: string) => WasmDatabase }>("node-sqlite3-wasm");
    const database = new Database(path);
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    const statements: WasmStatement[] = [];
    return {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => {
        const statement = database.prepare(sql);
        statements.push(statement);
        return {
          run: (...values) => statement.run(values),
          get: (...values) => statement.get(values),
          iterate: (...values) => statement.iterate(values),
        };
      },
      // A statement that is not finalized keeps the file locked.
      close: () => {
        for (const statement of statements) statement.finalize();
        database.close();
      },
    };
  },
);
