/**
 * The kinds of sources, and how to tell them.
 *
 * @module
 */

import { existsSync, statSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { UsageError } from "../exit_codes.ts";
import { STANDARD } from "../files.ts";
import { isKvAddress } from "./deno_kv.ts";
import { isLevelDirectory } from "./leveldb.ts";

/** The kinds of sources. */
export const KINDS = ["leveldb", "sqlite", "deno-kv", "json", "jsonl", "csv"] as const;

/** One of {@linkcode KINDS}. */
export type Kind = (typeof KINDS)[number];

const BY_EXTENSION: { readonly [extension: string]: Kind } = {
  ".json": "json",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".csv": "csv",
};

const SQLITE_MAGIC = "SQLite format 3\0";

/** The kind that the user says, or else what the source looks like. */
export async function kindOf(source: string, given: Kind | undefined): Promise<Kind> {
  const kind = given ?? (await found(source));
  if (source === STANDARD && !["json", "jsonl", "csv"].includes(kind)) {
    throw new UsageError(`Wrong source -: expected a file or directory for ${kind}`);
  }
  if (kind !== "leveldb" && statSync(source, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`Wrong source '${source}': expected a file for ${kind}, got a directory`);
  }
  return kind;
}

async function found(source: string): Promise<Kind> {
  if (source === STANDARD)
    throw new UsageError("The format of standard input is missing: expected --from json, jsonl or csv");
  if (isKvAddress(source)) return "deno-kv";
  const stats = await stat(source);
  if (stats.isDirectory()) {
    if (isLevelDirectory(source)) return "leveldb";
    if (existsSync(join(source, "LUGE"))) {
      throw new UsageError(`'${source}' is a store of luge: use luge fork, or luge dump and luge load`);
    }
    throw new UsageError(`Wrong source '${source}': expected a file, or a directory of LevelDB`);
  }
  // What is read of a pipe is gone.
  if (stats.isFile() && (await isSqlite(source))) return "sqlite";
  const kind = BY_EXTENSION[extname(source).toLowerCase()];
  if (kind !== undefined) return kind;
  throw new UsageError(`Unknown source '${source}': expected --from with one of ${KINDS.join(", ")}`);
}

async function isSqlite(file: string): Promise<boolean> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SQLITE_MAGIC.length), 0, SQLITE_MAGIC.length, 0);
    return buffer.toString("latin1", 0, bytesRead) === SQLITE_MAGIC;
  } finally {
    await handle.close();
  }
}
