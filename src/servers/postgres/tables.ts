/**
 * The names of the tables of a store, as SQL has them.
 *
 * @module
 */

import { wrongType } from "../../options.ts";

/** What a name may be: a table, or a schema and a table. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}(?:\.[A-Za-z_][A-Za-z0-9_]{0,39})?$/;

/**
 * The quoted names of tables and functions. With the table `luge` they are `luge_changes`, `luge_clock`, `luge_meta`,
 * `luge_commits`, `luge_holds` and `luge_restores`, and the functions `luge_commit_1`, `luge_trim_1` and `luge_restore_1`.
 */
export interface Tables {
  /** The newest version of each key. */
  readonly entries: string;
  readonly entriesExpiry: string;
  /** All kept versions of all keys. */
  readonly changes: string;
  readonly changesByKey: string;
  /** One row: the newest version. Each commit locks it. */
  readonly clock: string;
  /** One row: the format, how many versions are kept, and where the history begins. */
  readonly meta: string;
  /** The ids of the commits of the last time. */
  readonly commits: string;
  /** Versions that clients hold, with the time until when. */
  readonly holds: string;
  /** Backups on their way. */
  readonly restores: string;
  readonly commit: string;
  readonly trim: string;
  readonly restore: string;
}

/** The names for a table. Throws `TypeError` or `RangeError` for a wrong name. */
export function tablesOf(table: unknown): Tables {
  if (typeof table !== "string") wrongType("table", table, "a name");
  if (!NAME.test(table)) {
    throw new RangeError(
      `Wrong option 'table': expected a name of up to 40 letters, digits and underscores, or schema.name, got '${table.slice(0, 100)}'`,
    );
  }
  const parts = table.split(".");
  const name = parts.pop() ?? "";
  const prefix = parts.map((part) => `"${part}".`).join("");
  const of = (end: string) => `${prefix}"${name}${end}"`;
  return {
    entries: of(""),
    entriesExpiry: `"${name}_expiry"`,
    changes: of("_changes"),
    changesByKey: `"${name}_changes_key"`,
    clock: of("_clock"),
    meta: of("_meta"),
    commits: of("_commits"),
    holds: of("_holds"),
    restores: of("_restores"),
    commit: of("_commit_1"),
    trim: of("_trim_1"),
    restore: of("_restore_1"),
  };
}
