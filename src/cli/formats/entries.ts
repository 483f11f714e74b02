/**
 * Entries outside of a store, and their file formats.
 *
 * @module
 */

import { extname } from "node:path";
import type { Encoding } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import { checkedKey, checkedValue } from "../limits.ts";

/** An entry. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** In milliseconds since 1970; absent for never. */
  readonly expiresAt?: number;
}

/** The encodings of keys and values. */
export interface Encodings {
  readonly keys: Encoding;
  readonly values: Encoding;
}

/** The formats. */
export const FORMATS = ["jsonl", "csv"] as const;

/** One of {@linkcode FORMATS}. */
export type FormatName = (typeof FORMATS)[number];

/** The given format, or else the format that the file's name says. */
export function formatOf(file: string, given: FormatName | undefined): FormatName {
  return given ?? (extname(file).toLowerCase() === ".csv" ? "csv" : "jsonl");
}

/** The entry. Throws if a store would refuse it. */
export function checkedEntry(key: Uint8Array, value: Uint8Array, expiresAt: number | undefined): Entry {
  return {
    key: checkedKey(key),
    value: checkedValue(value),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** Runs `read` for line `line`. Adds the number of the line to an error. */
export function atLine<T>(line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`Line ${line}: ${error.message}`) : error;
  }
}
