import { InvalidArgumentError, Option } from "commander";
import { exists } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { KINDS } from "../import/kinds.ts";
import type { Rows } from "../import/rows.ts";
import { type SourceOptions, sourceOf } from "../import/source.ts";
import { CONFLICTS, type Imported, type WriteOptions, writeRows } from "../import/write.ts";
import { integer, withKeys, withStoreOptions, withValues } from "../options.ts";
import { amountText, entriesText } from "../progress.ts";
import type { Session, StoreOptions } from "../session.ts";
import type { CliStore } from "../store.ts";

interface ImportOptions extends SourceOptions, Omit<WriteOptions, "dryRun">, StoreOptions {
  readonly dryRun?: boolean;
}

/** `luge import`. */
export const importEntries: CliCommand = command<[source: string], ImportOptions>({
  name: "import",
  summary: "put the entries of LevelDB, SQLite, Deno KV, JSON or CSV",
  details:
    "Reads a directory of LevelDB (with the package classic-level), a table of SQLite, a database of Deno KV (on Deno), a JSON array, " +
    "JSON lines or CSV. A key is a column, or a template such as user:{id}. A value is a column, or the whole row as JSON. Writes in " +
    "batches. A wrong row ends the import before its batch; the message names the row, and says how to go on.",
  examples: `
$ echo '[{"id": 7, "name": "Ada"}]' > crew.json
$ luge import crew crew.json --key 'crew/{id}'
1 entry
$ luge scan crew
crew/7	{"id":7,"name":"Ada"}
$ printf 'id,name\\n7,Ada\\n8,Grace\\n' | luge import crew - --from csv --key-column id --value-column name --prefix name/
2 entries`,
  define: (command) => {
    command.argument("<source>", "the directory, the file, or - for standard input");
    command
      .addOption(new Option("--from <kind>", "what the source is (default: what it looks like)").choices(KINDS))
      .option("--key <template>", "the key, with columns in braces: user:{id}; {{ is a brace")
      .option("--key-column <name>", "the column that is the key (SQLite default: the primary key)")
      .option("--value-column <name>", "the column that is the value (default: the whole row, as JSON)")
      .option("--table <name>", "the table of SQLite (default: the only one)")
      .option("--delimiter <character>", "between the columns of CSV (default: a comma)", character)
      .addOption(
        new Option("--nulls <how>", "what to do with a row whose --value-column is null (default: fail)").choices([
          "fail",
          "skip",
        ]),
      )
      .option("--prefix <prefix>", "put this before each key");
    withValues(withKeys(command))
      .addOption(
        new Option("--on-conflict <how>", "what to do with a key that exists").choices(CONFLICTS).default("fail"),
      )
      .option("--skip <rows>", "begin after this many rows", integer(0), 0)
      .option("--dry-run", "read and check everything, and write nothing")
      .option("--batch <rows>", "rows per commit", integer(1), 1000);
    withStoreOptions(command);
  },
  run: async (session, [source], options) => {
    const open = await sourceOf({ session, source }, options);
    const { dryRun = false } = options;
    // A source that cannot be read makes no store.
    await using rows = await begun(open());
    const write = (store: CliStore | undefined) =>
      writeRows(store, rows, { ...options, dryRun, signal: session.signal });
    if (!dryRun) {
      await session.withStore("create", async (store) => report(session, await write(store), store.version), options);
    } else if (session.isInteractive || session.isRemote || (await exists(session.directory))) {
      await session.withStore("read", async (store) => report(session, await write(store)));
    } else await report(session, await write(undefined));
  },
});

/** Reads the first row. Returns all rows, and ends the source in any case. */
async function begun(rows: Rows): Promise<Rows & AsyncDisposable> {
  const first = await rows.next();
  const all = async function* (): Rows {
    if (!first.done) yield first.value;
    yield* rows;
  };
  return Object.assign(all(), { [Symbol.asyncDispose]: async () => void (await rows.return()) });
}

/** Prints what an import did; without a version, what it would do. */
async function report(session: Session, imported: Imported, version?: number): Promise<void> {
  const { entries, replaced, skipped } = imported;
  const parts = [
    `${entriesText(entries)}${version === undefined ? " would be put" : ""}`,
    ...(replaced > 0 ? [`${replaced} replaced another`] : []),
    ...(skipped > 0 ? [`${amountText(skipped, "row", "rows")} skipped`] : []),
  ];
  await session.result(
    version === undefined ? { ...imported, dryRun: true } : { ...imported, version },
    parts.join(", "),
  );
}

function character(text: string): string {
  if (text === "\\t") return "\t";
  if ([...text].length === 1 && !/["\r\n]/.test(text)) return text;
  throw new InvalidArgumentError("Expected one character, such as ; or \\t.");
}
