/**
 * Entries outside of a store, and the formats they are written in.
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

/** How keys and values are written. */
export interface Encodings {
  readonly keys: Encoding;
  readonly values: Encoding;
}

/** The formats. */
export const FORMATS = ["jsonl", "csv"] as const;

/** One of {@linkcode FORMATS}. */
export type FormatName = (typeof FORMATS)[number];

/** The format that was asked for, or else the one that the file's name tells. */
export function formatOf(file: string, given: FormatName | undefined): FormatName {
  return given ?? (extname(file).toLowerCase() === ".csv" ? "csv" : "jsonl");
}

/** The entry, if a store takes it. */
export function checkedEntry(key: Uint8Array, value: Uint8Array, expiresAt: number | undefined): Entry {
  return {
    key: checkedKey(key),
    value: checkedValue(value),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** Runs what reads line `line`; what is wrong there says so. */
export function atLine<T>(line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`Line ${line}: ${error.message}`) : error;
  }
}
