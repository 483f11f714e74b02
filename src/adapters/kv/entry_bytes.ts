/**
 * Entries as bytes, for the import of the command line.
 *
 * @module
 */

import { encodeWritten, entryKey } from "./keys.ts";
import type { KvKey } from "./types.ts";
import { encodeValue } from "./values.ts";

/** The key and value of a store for an entry. Throws `TypeError` for what a database cannot have. */
export function entryBytes(key: KvKey, value: unknown): { readonly key: Uint8Array; readonly value: Uint8Array } {
  return { key: entryKey(encodeWritten(key)), value: encodeValue(value) };
}
