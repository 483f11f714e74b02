/**
 * Opens the source of an import.
 *
 * @module
 */

import { decode } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import type { Encodings } from "../formats/entries.ts";
import { checkedPrefix } from "../limits.ts";
import type { Session } from "../session.ts";
import { readShown } from "../shown_bytes.ts";
import { csvRows } from "./csv.ts";
import { denoKvRows } from "./deno_kv.ts";
import { jsonArrayRows, jsonLineRows } from "./json.ts";
import { type Kind, kindOf } from "./kinds.ts";
import { levelRows } from "./leveldb.ts";
import type { Mapping } from "./mapping.ts";
import type { Rows } from "./rows.ts";
import { sqliteRows } from "./sqlite.ts";
import { templateOf } from "./template.ts";

/** The options that say what a source is, and how its rows become entries. */
export interface SourceOptions extends Encodings {
  readonly from?: Kind;
  readonly key?: string;
  readonly keyColumn?: string;
  readonly valueColumn?: string;
  readonly table?: string;
  readonly delimiter?: string;
  readonly nulls?: Mapping["nulls"];
  readonly prefix?: string;
}

const OF_RECORDS: readonly Kind[] = ["sqlite", "json", "jsonl", "csv"];

/** The sources that an option makes sense for. */
const MEANT_FOR: readonly (readonly [option: keyof SourceOptions, flag: string, kinds: readonly Kind[]])[] = [
  ["key", "--key", OF_RECORDS],
  ["keyColumn", "--key-column", OF_RECORDS],
  ["valueColumn", "--value-column", OF_RECORDS],
  ["nulls", "--nulls", ["sqlite", "json", "jsonl"]],
  ["table", "--table", ["sqlite"]],
  ["delimiter", "--delimiter", ["csv"]],
];

/** Where the rows come from. */
export interface Place {
  readonly session: Session;
  readonly source: string;
}

/** Checks the options. Returns a function that begins to read. */
export async function sourceOf({ session, source }: Place, options: SourceOptions): Promise<() => Rows> {
  const kind = await kindOf(source, options.from);
  checkOptions(kind, options);
  const mapping = mappingOf(options);
  const bytes = () => readShown(session, { file: source, name: "import" });
  const counting = (open: (seen: (done: number, total?: number) => void) => Rows) => () => counted(session, open);
  switch (kind) {
    case "leveldb":
      return counting((seen) => levelRows(source, mapping.prefix, seen));
    case "deno-kv":
      return counting((seen) => denoKvRows(source, mapping.prefix, seen));
    case "sqlite":
      return counting((seen) => sqliteRows(source, { ...mapping, table: options.table }, seen));
    case "csv":
      return () => csvRows(bytes(), withKey(mapping), options.delimiter);
    case "json":
      return () => jsonArrayRows(bytes(), withKey(mapping));
    case "jsonl":
      return () => jsonLineRows(bytes(), withKey(mapping));
  }
}

async function* counted(session: Session, open: (seen: (done: number, total?: number) => void) => Rows): Rows {
  const progress = session.progress("import", "entries");
  try {
    yield* open((done, total) => progress.update(done, total));
  } finally {
    progress.stop();
  }
}

function checkOptions(kind: Kind, options: SourceOptions): void {
  for (const [option, flag, kinds] of MEANT_FOR) {
    if (options[option] === undefined || kinds.includes(kind)) continue;
    throw new UsageError(`Wrong options: ${flag} is for ${kinds.join(", ")}, and this source is ${kind}`);
  }
  if (options.key !== undefined && options.keyColumn !== undefined) {
    throw new UsageError("Wrong options: expected --key or --key-column, got both");
  }
  const isKeyed = options.key !== undefined || options.keyColumn !== undefined;
  if (!isKeyed && (kind === "csv" || kind === "json" || kind === "jsonl")) {
    throw new UsageError("The key is missing: expected --key, such as user:{id}, or --key-column");
  }
}

type OpenMapping = Omit<Mapping, "key"> & { readonly key: Mapping["key"] | undefined };

function mappingOf({ key, keyColumn, valueColumn, nulls, keys, values, prefix = "" }: SourceOptions): OpenMapping {
  return {
    key: key === undefined ? keyColumn : templateOf(key),
    valueColumn,
    nulls: nulls ?? "fail",
    keys,
    values,
    prefix: checkedPrefix(decode(prefix, keys, "prefix")),
  };
}

function withKey({ key = "", ...mapping }: OpenMapping): Mapping {
  return { ...mapping, key };
}
