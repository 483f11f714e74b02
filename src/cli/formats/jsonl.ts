/**
 * Entries as lines of JSON: `{"key": …, "value": …}`, with `"expiresAt"` if the entry expires.
 *
 * @module
 */

import { decodeFromJson, encodeForJson, shown } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import { atLine, checkedEntry, type Encodings, type Entry } from "./entries.ts";
import { readLines } from "./lines.ts";

const NAMES: readonly string[] = ["key", "value", "expiresAt", "version"];

/** An entry as an object for JSON. */
export function toJson({ key, value, expiresAt }: Entry, { keys, values }: Encodings): object {
  return {
    key: encodeForJson(key, keys),
    value: encodeForJson(value, values),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** Reads entries from lines of JSON. */
export async function* readJsonLines(
  bytes: AsyncIterable<Uint8Array>,
  encodings: Encodings,
): AsyncGenerator<Entry, void> {
  let number = 0;
  for await (const line of readLines(bytes)) {
    number += 1;
    if (line.trim() !== "") yield atLine(number, () => parse(line, encodings));
  }
}

function parse(line: string, { keys, values }: Encodings): Entry {
  const entry = parseObject(line);
  const unknown = Object.keys(entry).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new UsageError(`Unknown name ${shown(unknown)}: expected key, value or expiresAt`);
  const { key, value, expiresAt } = entry;
  if (expiresAt !== undefined && !(typeof expiresAt === "number" && expiresAt > 0 && Number.isFinite(expiresAt))) {
    const got = JSON.stringify(expiresAt);
    throw new UsageError(`Wrong expiresAt ${shown(got)}: expected milliseconds since 1970, a number above 0`);
  }
  return checkedEntry(decodeFromJson(key, keys, "key"), decodeFromJson(value, values, "value"), expiresAt);
}

function parseObject(line: string): { [name: string]: unknown } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new UsageError(`Wrong input ${shown(line)}: expected JSON`);
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  throw new UsageError(`Wrong input ${shown(line)}: expected an object with key and value`);
}
