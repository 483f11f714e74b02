/**
 * Options that several commands share, and the functions that parse their values.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { KeyRange, Reader } from "../../mod.ts";
import { decode, ENCODINGS, type Encoding } from "./encodings.ts";
import { checked, UsageError } from "./exit_codes.ts";
import { checkedKey, checkedPrefix } from "./limits.ts";
import type { CliStore } from "./store.ts";

/** The encoding of keys. */
export interface KeyOptions {
  readonly keys: Encoding;
}

/** The encoding of values. */
export interface ValueOptions {
  readonly values: Encoding;
}

/** Selects keys. */
export interface RangeOptions extends KeyOptions {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly lte?: string;
}

/** The order of entries, and how many of them. */
export interface OrderOptions {
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** The version at which a store is read. */
export interface AtOptions {
  readonly at?: number;
}

/** Parses an integer of at least `least`, for commander. */
export function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected an integer of at least ${least}.`);
  };
}

const MILLISECONDS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses a duration and returns milliseconds, for commander. */
export function duration(text: string): number {
  const [, count = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const milliseconds = Number(count) * (MILLISECONDS[unit] ?? 0);
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError("Expected a number above 0 with a unit: 500ms, 30s, 15m, 12h or 7d.");
}

/** Adds `--keys`. */
export function withKeys(command: Command): Command {
  return command.addOption(
    new Option("-k, --keys <encoding>", "how keys are written").choices(ENCODINGS).default("text"),
  );
}

/** Adds `--values`. */
export function withValues(command: Command): Command {
  return command.addOption(
    new Option("-v, --values <encoding>", "how values are written").choices(ENCODINGS).default("text"),
  );
}

/** Adds the ends of a range. */
export function withRange(command: Command): Command {
  return command
    .option("--gt <key>", "only keys above this one")
    .option("--gte <key>", "only keys at or above this one")
    .option("--lt <key>", "only keys below this one")
    .option("--lte <key>", "only keys at or below this one");
}

/** Adds `--reverse` and `--limit`. */
export function withOrder(command: Command): Command {
  return command
    .option("-r, --reverse", "from the last key to the first")
    .option("-n, --limit <count>", "at most this many", integer(0));
}

/** Adds `--at`. */
export function withAt(command: Command): Command {
  return command.option(
    "--at <version>",
    "read the store as it was after that commit, if it still has that version",
    integer(0),
  );
}

/** Adds `--keep-versions` and `--compression`: see `StoreOptions` of a session. */
export function withStoreOptions(command: Command): Command {
  return withCompression(
    command.option(
      "--keep-versions <count>",
      "how many versions of a key the store keeps from now on (default: as before; 1 in a new store)",
      integer(1),
    ),
  );
}

/** Adds `--compression`. */
export function withCompression(command: Command): Command {
  return command.addOption(
    new Option(
      "--compression <how>",
      "how the store writes its files from now on (default: as before; none in a new store)",
    ).choices(["none", "lz4"]),
  );
}

/** A key that the user typed. */
export function keyOf(text: string, { keys }: KeyOptions): Uint8Array {
  return checkedKey(decode(text, keys, "key"));
}

/** The range that the user asked for. */
export function rangeOf(prefix: string | undefined, options: RangeOptions & OrderOptions): KeyRange {
  const { gt, gte, lt, lte, reverse, limit } = options;
  if (gt !== undefined && gte !== undefined) throw new UsageError("Wrong options: expected --gt or --gte, got both");
  if (lt !== undefined && lte !== undefined) throw new UsageError("Wrong options: expected --lt or --lte, got both");
  const ends = Object.entries({ gt, gte, lt, lte }).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, keyOf(text, options)] as const],
  );
  return {
    ...Object.fromEntries(ends),
    ...(prefix === undefined ? {} : { prefix: checkedPrefix(decode(prefix, options.keys, "prefix")) }),
    ...(reverse ? { reverse } : {}),
    ...(limit === undefined ? {} : { limit }),
  };
}

/** Reads the store as it is, or as it was at version `at`. Concurrent writes do not change the result. */
export async function readAt<T>(store: CliStore, { at }: AtOptions, read: (reader: Reader) => Promise<T>): Promise<T> {
  using snapshot = checked(() => store.snapshot(at === undefined ? {} : { version: at }));
  return await read(snapshot);
}
