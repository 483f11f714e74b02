/**
 * What an iterator yields for an entry of a page.
 *
 * @module
 */

import type { StoreRecord, ValueEntry } from "../api/entries.ts";
import type { KeyEncoding, KeyIn } from "../api/keys.ts";
import type { Page, StoredValue } from "../backend.ts";

/** Makes what an iterator yields for the entry of a page at an index. */
export type Pick<E extends KeyEncoding, T> = (page: Page<E>, index: number) => T;

/** Key and value. */
export function entryAt<E extends KeyEncoding>(
  { keys, values }: Page<E>,
  index: number,
): [KeyIn<E>, Uint8Array<ArrayBuffer>] {
  return [keys[index] as KeyIn<E>, values[index] as Uint8Array<ArrayBuffer>];
}

/** Key and value, with the value in its own buffer. */
export function ownedEntryAt(page: Page<"utf8">, index: number): [string, Uint8Array<ArrayBuffer>] {
  const entry = entryAt(page, index);
  return page.isShared ? [entry[0], entry[1].slice()] : entry;
}

/** The key. */
export function keyAt<E extends KeyEncoding>({ keys }: Page<E>, index: number): KeyIn<E> {
  return keys[index] as KeyIn<E>;
}

/** The value. */
export function valueAt({ values }: Page<KeyEncoding>, index: number): Uint8Array<ArrayBuffer> {
  return values[index] as Uint8Array<ArrayBuffer>;
}

/** Key and value, with version and expiry. The page must have these. */
export function recordAt<E extends KeyEncoding>(page: Page<E>, index: number): StoreRecord<KeyIn<E>> {
  const { versions = [], expiries = [] } = page;
  const [version = 0, expiresMs = 0] = [versions[index], expiries[index]];
  return { key: keyAt(page, index), ...toEntry({ value: valueAt(page, index), version, expiresMs }) };
}

/** A value with its version and expiry, as callers get it. */
export function toEntry({ value, version, expiresMs }: StoredValue): ValueEntry {
  return { value, version, ...(expiresMs === 0 ? {} : { expiresAt: expiresMs }) };
}
