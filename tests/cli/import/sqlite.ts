/**
 * Makes databases of SQLite for tests.
 *
 * @module
 */

import { RUNTIME } from "../../support/runtime.ts";

/** Makes a database of SQLite with the runtime's own driver. */
export async function sqlite(path: string, sql: string): Promise<void> {
  if (RUNTIME === "bun") {
    const { Database } = (await import("bun:sqlite" as string)) as {
      Database: new (path: string) => { exec(sql: string): void; close(): void };
    };
    const database = new Database(path);
    database.exec(sql);
    database.close();
    return;
  }
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
