/**
 * Restores: the entries of a backup go into a table of their own. At the end one call makes all of them visible.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import type { RestoredVersions, RestoreSink, ScannedEntry } from "../backend.ts";
import type { Connection } from "./connection.ts";
import type { Statements } from "./sql.ts";
import { bigint, bigintArray, bytea, byteaArray, TYPE } from "./values.ts";

/** How long the server may take to make a backup visible: an hour. */
const LONGEST_MS = 3_600_000;

/** What a restore needs. `id` is its own. */
export interface RestoreParts {
  readonly connection: Connection;
  readonly statements: Statements;
  readonly id: Uint8Array;
}

/** See `AsyncBackend.restore`. */
export async function beginRestore(parts: RestoreParts, versions: RestoredVersions): Promise<RestoreSink> {
  await apply(parts, versions, false);
  return new Restore(parts, versions);
}

class Restore implements RestoreSink {
  readonly #parts: RestoreParts;
  readonly #versions: RestoredVersions;

  constructor(parts: RestoreParts, versions: RestoredVersions) {
    this.#parts = parts;
    this.#versions = versions;
  }

  async write(entries: readonly ScannedEntry[]): Promise<void> {
    const { connection, statements, id } = this.#parts;
    await connection.query("restore", statements.stage, [
      bytea(id),
      byteaArray(entries.map(({ key }) => key)),
      byteaArray(entries.map(({ value }) => value)),
      bigintArray(entries.map(({ version }) => version)),
      bigintArray(entries.map(({ expiresMs }) => expiresMs)),
    ]);
  }

  async finish(): Promise<void> {
    await apply(this.#parts, this.#versions, true);
  }

  async discard(): Promise<void> {
    const { connection, statements, id } = this.#parts;
    await connection.query("end a restore", statements.unstage, [bytea(id)]);
  }
}

async function apply(
  { connection, statements, id }: RestoreParts,
  { from, to, isIncrement }: RestoredVersions,
  isLast: boolean,
): Promise<void> {
  const [row] = await connection.repeat(
    "restore",
    ({ query }) =>
      query(statements.restore, [
        bytea(id),
        bigint(from),
        bigint(to),
        { type: TYPE.bool, value: isIncrement },
        { type: TYPE.bool, value: isLast },
      ]),
    isLast ? { changes: true, patience: LONGEST_MS } : {},
  );
  const reason = row?.r_reason;
  if (typeof reason === "string") throw new StoreError("BACKUP_MISMATCH", `Cannot restore the backup: ${reason}`);
}
