/**
 * What a store holds, as JSON: the measure of the stores that releases left behind.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Store } from "../../mod.ts";

/** The length of longer values, and their SHA-256, stand for them. */
const LONGEST_SHOWN = 64;

/** One version of a key. */
export interface ContentVersion {
  readonly version: number;
  readonly deleted: boolean;
  /** As {@linkcode shown} shows it; absent for a deletion and for what has expired. */
  readonly value?: string;
  /** In milliseconds since 1970. */
  readonly expiresAt?: number;
}

/** Everything that a reader can tell of a store. */
export interface Content {
  /** Every key that is there, in order, and its value, as {@linkcode shown} shows them. */
  readonly entries: readonly (readonly [key: string, value: string])[];
  /** Of the keys asked for: their versions, the newest first. */
  readonly versions: Readonly<Record<string, readonly ContentVersion[]>>;
}

/** Reads a whole store, and the versions of `keys`. */
export async function contentOf(store: Store, keys: readonly string[]): Promise<Content> {
  const entries: [string, string][] = [];
  for await (const [key, value] of store.entries({ keyEncoding: "bytes" })) entries.push([shown(key), shown(value)]);
  const versions: Record<string, ContentVersion[]> = {};
  for (const key of keys) {
    versions[hexOf(Buffer.from(key))] = (await store.versions(key)).map(({ version, deleted, value, expiresAt }) => ({
      version,
      deleted,
      ...(value === undefined ? {} : { value: shown(value) }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    }));
  }
  return { entries, versions };
}

/** Short bytes in hexadecimal digits, others by their length and digest. */
function shown(bytes: Uint8Array): string {
  if (bytes.length <= LONGEST_SHOWN) return hexOf(bytes);
  return `${bytes.length} bytes, sha256 ${createHash("sha256").update(bytes).digest("hex")}`;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
