import { Option } from "commander";
import type { KeyRange, Reader } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { STANDARD, type Write, writeWhole } from "../files.ts";
import { CSV_HEADER, toCsv } from "../formats/csv.ts";
import { type Encodings, type Entry, FORMATS, type FormatName, formatOf } from "../formats/entries.ts";
import { toJson } from "../formats/jsonl.ts";
import {
  type AtOptions,
  type RangeOptions,
  rangeOf,
  readAt,
  type ValueOptions,
  withAt,
  withKeys,
  withRange,
  withValues,
} from "../options.ts";
import { entriesText } from "../progress.ts";
import type { Session } from "../session.ts";

interface DumpOptions extends RangeOptions, ValueOptions, AtOptions {
  readonly output: string;
  readonly format?: FormatName;
  readonly force?: boolean;
}

/** How many entries are written together. */
const ENTRIES_A_WRITE = 500;

/** `luge dump`. */
export const dump: CliCommand = command<[prefix: string | undefined], DumpOptions>({
  name: "dump",
  summary: "write entries as JSON lines or CSV",
  details:
    'Writes what load reads, with expiry and without old versions. In JSON lines, a key or value that is not UTF-8 is {"base64": …}. In CSV\n' +
    "it needs --keys or --values. The output file is whole, or absent.",
  examples: `
$ luge dump shop user/
{"key":"user/ada","value":"Lovelace"}
{"key":"user/grace","value":"Hopper"}
$ luge dump shop user/ --output users.csv
2 entries in users.csv
$ cat users.csv
key,value,expiresAt
user/ada,Lovelace,
user/grace,Hopper,`,
  define: (command) => {
    command.argument("[prefix]", "only keys that start with this");
    withAt(withRange(withValues(withKeys(command))))
      .option("-o, --output <file>", "the file, or - for standard output", STANDARD)
      .addOption(
        new Option("--format <format>", "the format (default: by the name of the file, else jsonl)").choices(FORMATS),
      )
      .option("--force", "replace an existing file");
  },
  run: async (session, [prefix], options) => {
    const range = rangeOf(prefix, options);
    const format = formatOf(options.output, options.format);
    const { output, force = false } = options;
    const entries = await session.withStore("read", (store) =>
      readAt(store, options, async (reader) => {
        const total = await reader.count(range, { signal: session.signal });
        return await writeWhole(output, { output: session.output, force }, (write) =>
          writeEntries({ session, reader, range, total, write }, encoderOf(format, options)),
        );
      }),
    );
    if (output !== STANDARD) await session.result({ entries, file: output }, `${entriesText(entries)} in ${output}`);
  },
});

interface EntryEncoder {
  readonly header: string;
  readonly encode: (entries: readonly Entry[]) => string;
}

function encoderOf(format: FormatName, encodings: Encodings): EntryEncoder {
  if (format === "csv") return { header: CSV_HEADER, encode: (entries) => toCsv(entries, encodings) };
  const line = (entry: Entry) => `${JSON.stringify(toJson(entry, encodings))}\n`;
  return { header: "", encode: (entries) => entries.map(line).join("") };
}

interface Source {
  readonly session: Session;
  readonly reader: Reader;
  readonly range: KeyRange;
  readonly total: number;
  readonly write: Write;
}

async function writeEntries(source: Source, { header, encode }: EntryEncoder): Promise<number> {
  const { session, reader, range, total, write } = source;
  const progress = session.progress("dump", "entries");
  let written = 0;
  let waiting: Entry[] = [];
  const writeOut = async () => {
    session.signal.throwIfAborted();
    await write(encode(waiting));
    written += waiting.length;
    waiting = [];
    progress.update(written, total);
  };
  try {
    await write(header);
    for await (const key of reader.keys({ ...range, keyEncoding: "bytes" })) {
      const entry = reader.getEntrySync(key);
      // The value may have expired since its key was read.
      if (entry) waiting.push({ key, ...entry });
      if (waiting.length >= ENTRIES_A_WRITE) await writeOut();
    }
    await writeOut();
    return written;
  } finally {
    progress.stop();
  }
}
