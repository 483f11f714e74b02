/**
 * Entries as CSV (RFC 4180): a header with `key`, `value` and, if an entry expires, `expiresAt`.
 *
 * @module
 */

import { CsvError, parse } from "csv-parse";
import { stringify } from "csv-stringify/sync";
import { decode, encode, encodeForLine, shown } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import { atLine, checkedEntry, type Encodings, type Entry } from "./entries.ts";
import { decodeText } from "./lines.ts";

const COLUMNS = ["key", "value", "expiresAt"] as const;

/** The header. */
export const CSV_HEADER: string = `${COLUMNS.join(",")}\n`;

/** Entries as lines of CSV. */
export function toCsv(entries: readonly Entry[], { keys, values }: Encodings): string {
  const rows = entries.map(({ key, value, expiresAt }) => {
    const shownKey = encodeForLine(key, keys);
    const field = (text: string | undefined, what: string, option: string) => {
      if (text !== undefined) return text;
      throw new UsageError(`Cannot write the ${what} of '${shownKey}' as text: it is not UTF-8; use ${option} base64`);
    };
    return [
      field(encode(key, keys), "key", "--keys"),
      field(encode(value, values), "value", "--values"),
      expiresAt === undefined ? "" : `${expiresAt}`,
    ];
  });
  return stringify(rows, { quoted_match: /[\r\n]|^\s|\s$/ });
}

/** A record of CSV, by the names of the header. */
export interface CsvRecord {
  readonly record: { readonly [column: string]: string };
  /** The last line of the record. */
  readonly line: number;
}

/** How CSV is read. */
export interface CsvOptions {
  /** Checks the header, and returns the names of the columns. */
  readonly columns: (header: readonly string[]) => string[];
  /** Default: a comma. */
  readonly delimiter?: string | undefined;
}

/** The longest record, in UTF-16 code units: a value of 64 MiB in hex, and its key. */
const MAX_RECORD = 132 * 1024 * 1024;

/** A file may mix them. By default the parser takes the first one for all, and the others for text of a column. */
const LINE_ENDS = ["\r\n", "\n", "\r"] as const;

/** Reads the records of CSV with a header. Throws `UsageError` for wrong CSV, after the records before it. */
export async function* readCsvRecords(
  bytes: AsyncIterable<Uint8Array>,
  { columns, delimiter = "," }: CsvOptions,
): AsyncGenerator<CsvRecord, void> {
  let records: CsvRecord[] = [];
  const parser = parse({
    bom: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD,
    columns: (header: string[]) => columns(header),
    delimiter,
    record_delimiter: [...LINE_ENDS],
    // The parser as a stream drops the records before an error.
    on_record: (record: CsvRecord["record"], { lines }) => {
      records.push({ record, line: lines });
      return null;
    },
  });
  // The calls get the errors, too.
  parser.on("error", () => {});
  const parsed = async function* (feed: (done: (error?: Error | null) => void) => void) {
    const error = await new Promise((resolve) => feed(resolve));
    yield* records;
    records = [];
    if (error) throw error instanceof CsvError ? new UsageError(`Wrong CSV: ${error.message}`) : error;
  };
  try {
    for await (const text of decodeText(bytes)) yield* parsed((done) => parser.write(text, done));
    yield* parsed((done) => parser.end(done));
  } finally {
    parser.destroy();
  }
}

/** Reads entries from lines of CSV. */
export async function* readCsv(bytes: AsyncIterable<Uint8Array>, encodings: Encodings): AsyncGenerator<Entry, void> {
  for await (const { record, line } of readCsvRecords(bytes, { columns: checkHeader })) {
    yield atLine(line, () => toEntry(record, encodings));
  }
}

function checkHeader(header: readonly string[]): string[] {
  const unknown = header.find((name) => !(COLUMNS as readonly string[]).includes(name));
  if (unknown === undefined && header.includes("key") && header.includes("value")) return [...header];
  throw new UsageError(`Wrong header ${shown(header.join(","))}: expected columns: key, value; optional: expiresAt`);
}

function toEntry(record: CsvRecord["record"], { keys, values }: Encodings): Entry {
  const { key = "", value = "", expiresAt = "" } = record;
  if (!/^\d*$/.test(expiresAt)) {
    throw new UsageError(`Wrong expiresAt ${shown(expiresAt)}: expected milliseconds since 1970, or nothing`);
  }
  const expiry = expiresAt === "" ? undefined : Number(expiresAt);
  return checkedEntry(decode(key, keys, "key"), decode(value, values, "value"), expiry);
}
