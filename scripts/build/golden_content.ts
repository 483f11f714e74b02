/**
 * The content of a store as JSON, to compare stores of older releases.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Store } from "../../mod.ts";

/** Longer values are replaced by their length and SHA-256. */
const LONGEST_SHOWN = 64;

/** One version of a key. */
export interface ContentVersion {
  readonly version: number;
  readonly deleted: boolean;
  /** In the form of {@linkcode shown}; absent for a deletion and for an expired value. */
  readonly value?: string;
  /** In milliseconds since 1970. */
  readonly expiresAt?: number;
  /** The span in which it was written; absent where nobody knew. */
  readonly writtenAt?: number;
  readonly writtenBefore?: number;
}

/** Everything that a reader can see of a store. */
export interface Content {
  /** Every key in order, with its value, in the form of {@linkcode shown}. */
  readonly entries: readonly (readonly [key: string, value: string])[];
  /** The versions of the given keys, newest first. */
  readonly versions: Readonly<Record<string, readonly ContentVersion[]>>;
}

/** Reads a whole store, and the versions of `keys`. */
export async function contentOf(store: Store, keys: readonly string[]): Promise<Content> {
  const entries: [string, string][] = [];
  for await (const [key, value] of store.entries({ keyEncoding: "bytes" })) entries.push([shown(key), shown(value)]);
  const versions: Record<string, ContentVersion[]> = {};
  for (const key of keys) {
    versions[hexOf(Buffer.from(key))] = (await store.versions(key)).map(({ value, ...version }) => ({
      ...version,
      ...(value === undefined ? {} : { value: shown(value) }),
    }));
  }
  return { entries, versions };
}

/** Short bytes as hexadecimal digits, longer ones as length and digest. */
function shown(bytes: Uint8Array): string {
  if (bytes.length <= LONGEST_SHOWN) return hexOf(bytes);
  return `${bytes.length} bytes, sha256 ${createHash("sha256").update(bytes).digest("hex")}`;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
