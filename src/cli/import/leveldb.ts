/**
 * Entries of a LevelDB directory, through the package `classic-level` of the user.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { concat } from "@std/bytes";
import { FailedError, UsageError } from "../exit_codes.ts";
import { checkedEntry } from "../formats/entries.ts";
import { atPlace, type Rows, type Seen } from "./rows.ts";

interface Level {
  open(): Promise<void>;
  iterator(options: { readonly highWaterMarkBytes: number }): {
    nextv(size: number): Promise<[Uint8Array, Uint8Array][]>;
    close(): Promise<void>;
  };
  close(): Promise<void>;
}

interface ClassicLevel {
  readonly ClassicLevel: new (
    path: string,
    options: { readonly createIfMissing: false; readonly keyEncoding: "view"; readonly valueEncoding: "view" },
  ) => Level;
}

const PACKAGE = "classic-level";
const PAGE_ENTRIES = 1000;
const PAGE_BYTES = 1024 * 1024;

/** Whether a directory is one of LevelDB. */
export function isLevelDirectory(path: string): boolean {
  return existsSync(join(path, "CURRENT"));
}

/** The entries, in the order of their keys. */
export async function* levelRows(path: string, prefix: Uint8Array, seen: Seen): Rows {
  if (!isLevelDirectory(path))
    throw new UsageError(`Wrong source '${path}': expected a directory of LevelDB, with a file CURRENT`);
  const { ClassicLevel } = await classicLevel();
  const level = new ClassicLevel(path, { createIfMissing: false, keyEncoding: "view", valueEncoding: "view" });
  await opened(level, path);
  try {
    const iterator = level.iterator({ highWaterMarkBytes: PAGE_BYTES });
    let number = 0;
    for (;;) {
      const page = await iterator.nextv(PAGE_ENTRIES);
      if (page.length === 0) return;
      for (const [key, value] of page) {
        number += 1;
        const place = `Entry ${number}`;
        yield { place, toEntry: () => atPlace(place, () => checkedEntry(concat([prefix, key]), value, undefined)) };
      }
      seen(number);
    }
  } catch (error) {
    throw isOfLevel(error) ? new FailedError(`Cannot read '${path}': ${messageOf(error)}`) : error;
  } finally {
    await level.close();
  }
}

async function opened(level: Level, path: string): Promise<void> {
  try {
    await level.open();
  } catch (error) {
    const cause = (error as Error).cause ?? error;
    if ((cause as { code?: unknown }).code === "LEVEL_LOCKED") {
      throw new FailedError(`Cannot open '${path}': another program has it open; end that program first`);
    }
    throw new FailedError(`Cannot open '${path}': ${messageOf(cause)}`);
  }
}

/** The package beside luge, or else that of the directory where the command runs. */
async function classicLevel(): Promise<ClassicLevel> {
  for (const find of [() => PACKAGE, () => pathToFileURL(ofWorkingDirectory()).href]) {
    try {
      return (await import(find())) as ClassicLevel;
    } catch (error) {
      if (!isMissing(error)) throw new FailedError(`Cannot load ${PACKAGE}: ${messageOf(error)}`);
    }
  }
  throw new FailedError(
    `Cannot read LevelDB: the package ${PACKAGE} is missing; install it here: npm install ${PACKAGE}`,
  );
}

function ofWorkingDirectory(): string {
  return createRequire(join(process.cwd(), "package.json")).resolve(PACKAGE);
}

function isMissing(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown };
  // Each runtime has other codes; Bun's errors have a name of their own.
  return (
    ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(String(code)) ||
    name === "ResolveMessage" ||
    /\bnot (?:find|resolve|a dependency)|Import .* not /.test(messageOf(error))
  );
}

function isOfLevel(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith("LEVEL_");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
