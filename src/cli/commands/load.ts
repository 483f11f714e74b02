import { Option } from "commander";
import type { BatchOperation } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { UsageError } from "../exit_codes.ts";
import { STANDARD } from "../files.ts";
import { readCsv } from "../formats/csv.ts";
import { type Encodings, type Entry, FORMATS, type FormatName, formatOf } from "../formats/entries.ts";
import { readJsonLines } from "../formats/jsonl.ts";
import { integer, type KeyOptions, type ValueOptions, withKeys, withStoreOptions, withValues } from "../options.ts";
import { entriesText } from "../progress.ts";
import type { Session, StoreOptions } from "../session.ts";
import { readShown } from "../shown_bytes.ts";
import type { CliStore } from "../store.ts";

interface LoadOptions extends KeyOptions, ValueOptions, StoreOptions {
  readonly format?: FormatName;
  readonly batch: number;
}

/** The most bytes of a commit, not counting its last entry. */
const BATCH_BYTES = 16 * 1024 * 1024;

/** `luge load`. */
export const load: CliCommand = command<[file: string], LoadOptions>({
  name: "load",
  summary: "put the entries of JSON lines or CSV",
  details:
    "Reads a file twice: checks all of it before it writes anything. Reads standard input once: the entries before a wrong line, or before\n" +
    "Ctrl-C, stay, and the message says how many. Leaves out expired entries.",
  examples: `
$ luge load shop users.csv
2 entries
$ echo '{"key":"user/joan","value":"Clarke"}' | luge load shop -
1 entry
$ luge dump shop | luge load copy -
5 entries`,
  define: (command) => {
    command.argument("<file>", "the file, or - for standard input");
    withValues(withKeys(command))
      .addOption(new Option("--format <format>", "default: that of the file's name, else jsonl").choices(FORMATS))
      .option("--batch <count>", "entries per commit", integer(1), 1000);
    withStoreOptions(command);
  },
  run: async (session, [file], options) => {
    const source = { session, file, format: formatOf(file, options.format), encodings: options };
    if (file !== STANDARD) for await (const _ of entriesOf(source, "check")) session.signal.throwIfAborted();
    await session.withStore("create", (store) => loadInto(store, source, options.batch), options);
  },
});

interface Source {
  readonly session: Session;
  readonly file: string;
  readonly format: FormatName;
  readonly encodings: Encodings;
}

function entriesOf({ session, file, format, encodings }: Source, name: string): AsyncGenerator<Entry, void> {
  const bytes = readShown(session, { file, name });
  return format === "csv" ? readCsv(bytes, encodings) : readJsonLines(bytes, encodings);
}

async function loadInto(store: CliStore, source: Source, batchEntries: number): Promise<void> {
  const { session } = source;
  const [loaded, waiting]: [Loaded, Entry[]] = [{ entries: 0, expired: 0 }, []];
  let bytes = 0;
  const commit = async () => {
    session.signal.throwIfAborted();
    const operations = waiting.flatMap(toOperation);
    await store.batch(operations);
    loaded.entries += operations.length;
    loaded.expired += waiting.length - operations.length;
    waiting.length = bytes = 0;
  };
  try {
    for await (const entry of entriesOf(source, "load")) {
      waiting.push(entry);
      bytes += entry.key.length + entry.value.length;
      if (waiting.length >= batchEntries || bytes >= BATCH_BYTES) await commit();
    }
    await commit();
  } catch (error) {
    throw withCommitted(error, loaded, session.signal);
  }
  const expired = loaded.expired > 0 ? `, ${loaded.expired} had expired` : "";
  await session.result({ ...loaded, version: store.version }, `${entriesText(loaded.entries)}${expired}`);
}

interface Loaded {
  entries: number;
  expired: number;
}

/** Called right before the commit, when a time to live begins. */
function toOperation({ key, value, expiresAt }: Entry): BatchOperation[] {
  if (expiresAt === undefined) return [{ type: "put", key, value }];
  const ttl = expiresAt - Date.now();
  return ttl > 0 ? [{ type: "put", key, value, ttl }] : [];
}

/** Adds to the error of a load how many entries were committed. */
function withCommitted(error: unknown, { entries }: Loaded, signal: AbortSignal): unknown {
  const committed = `${entries} entries were committed before`;
  if (signal.aborted) return new Error(committed, { cause: error });
  if (error instanceof UsageError) return new UsageError(`${error.message}; ${committed}`);
  return error;
}
