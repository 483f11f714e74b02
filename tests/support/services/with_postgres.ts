/**
 * Tests that need PostgreSQL. They start a server of their own, and end it after the tests of their file.
 *
 * @module
 */

import process from "node:process";
import { after, test } from "node:test";
import type { AsyncStore } from "../../../mod.ts";
import { openPostgres, type PostgresOptions } from "../../../src/servers/postgres/mod.ts";
import { PostgresServer, postgresFolder } from "./postgres.ts";

const IS_MISSING: boolean = postgresFolder() === undefined;

let started: Promise<PostgresServer> | undefined;
let tables = 0;

/** The server of this file. */
export function theServer(): Promise<PostgresServer> {
  started ??= PostgresServer.start();
  return started;
}

/** Ends the server of this file after its tests. Without PostgreSQL it says so once; in CI that fails. */
export function usesPostgres(): void {
  if (IS_MISSING && process.env.CI !== "true") {
    console.warn("SKIPPED: PostgreSQL is not installed (apt-get install postgresql-15), so its tests do not run");
  }
  after(async () => {
    const server = started;
    // Bun runs all files in one process: the next one starts its own.
    started = undefined;
    await (await server)?.end();
  });
}

/** As `test`, but skipped without PostgreSQL, unless this is CI. */
export const postgresTest: typeof test | typeof test.skip = IS_MISSING && process.env.CI !== "true" ? test.skip : test;

/** Options for a table that nobody else uses. */
export async function freshOptions(): Promise<PostgresOptions> {
  tables += 1;
  return { url: (await theServer()).url, table: `t${tables}`, connections: 4 };
}

/** Runs `use` with an empty store, and closes it afterwards. */
export async function withPostgres(use: (store: AsyncStore) => Promise<void>): Promise<void> {
  await using store = await openPostgres(await freshOptions());
  await use(store);
}
