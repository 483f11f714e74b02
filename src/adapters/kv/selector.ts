/**
 * Selectors and cursors of lists. A cursor is what the last key has after the bytes that all selected keys share, in
 * base64, as in Deno.
 *
 * @module
 */

import { compareBytes, concat, keyOf, NOTHING, nameOf } from "../../bytes.ts";
import { encodeParts } from "./keys.ts";
import type { KvKey, KvListSelector } from "./types.ts";

/** The selected keys as bytes: from `start` on, up to but without `end`. All begin with `shared`. */
export interface Selected {
  readonly shared: Uint8Array;
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  /** Bounds that the caller gave, which a cursor must keep to. */
  readonly given: { readonly start: boolean; readonly end: boolean };
}

const BEFORE_ALL = Uint8Array.of(0);
const AFTER_ALL = Uint8Array.of(0xff);

/** A copy of the selector, of the parts that matter. Throws `TypeError` for a wrong combination. */
export function copySelector(selector: KvListSelector): KvListSelector {
  const { prefix, start, end } = selector as { prefix?: KvKey; start?: KvKey; end?: KvKey };
  if (prefix && start && end) {
    throw new TypeError("Selector can not specify both 'start' and 'end' key when specifying 'prefix'");
  }
  if (!prefix && !(start && end)) {
    throw new TypeError("Selector must specify either 'prefix' or both 'start' and 'end' key");
  }
  const parts = Object.entries({ prefix, start, end }).filter(([, key]) => key !== undefined);
  return Object.fromEntries(parts.map(([name, key]) => [name, Array.isArray(key) ? [...key] : key])) as KvListSelector;
}

/** The bytes of the selected keys. Throws `TypeError` if `start` and `end` do not fit. */
export function select(selector: KvListSelector): Selected {
  const { prefix, start, end } = selector as { prefix?: KvKey; start?: KvKey; end?: KvKey };
  const [from, to] = [start && encodeParts(start), end && encodeParts(end)];
  const given = { start: from !== undefined, end: to !== undefined };
  if (!prefix) {
    const [first, last] = [from ?? BEFORE_ALL, to ?? AFTER_ALL];
    if (compareBytes(first, last) > 0) throw new TypeError("Start key is greater than end key");
    return { shared: sharedBytes(first, last), start: first, end: last, given };
  }
  const shared = encodeParts(prefix);
  if (from && !continues(from, shared)) throw new TypeError("Start key is not in the keyspace defined by prefix");
  if (to && !continues(to, shared)) throw new TypeError("End key is not in the keyspace defined by prefix");
  return { shared, start: from ?? concat(shared, BEFORE_ALL), end: to ?? concat(shared, AFTER_ALL), given };
}

/** The cursor at a key that has no bytes but the shared ones. Deno's is empty there, and begins again. */
const AT_SHARED = "=";

/** The key of a cursor. Throws `TypeError` for text that is no cursor. */
export function placeOf({ shared }: Selected, cursor: string): Uint8Array {
  return concat(shared, cursor === AT_SHARED ? NOTHING : fromBase64(cursor));
}

/** The selected keys after the key `place`. Throws `TypeError` for a place of another list. */
export function selectAfter(selected: Selected, place: Uint8Array, isReverse: boolean): Selected {
  const start = isReverse ? selected.start : concat(place, BEFORE_ALL);
  const end = isReverse ? place : selected.end;
  const { given } = selected;
  if (given.start && compareBytes(start, selected.start) < 0) throw new TypeError("cursor out of bounds");
  if (given.end && compareBytes(end, selected.end) > 0) throw new TypeError("cursor out of bounds");
  return { ...selected, start, end };
}

/** The cursor at a key of the list. */
export function cursorAt({ shared }: Selected, key: Uint8Array): string {
  const base64 = btoa(nameOf(key.subarray(shared.length)));
  return base64.replaceAll("+", "-").replaceAll("/", "_") || AT_SHARED;
}

function fromBase64(cursor: string): Uint8Array {
  if (typeof cursor !== "string" || !/^[\w-]*={0,2}$/.test(cursor)) throw new TypeError("invalid cursor");
  try {
    return keyOf(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")));
  } catch (cause) {
    throw new TypeError("invalid cursor", { cause });
  }
}

function continues(key: Uint8Array, prefix: Uint8Array): boolean {
  return key.length > prefix.length && prefix.every((byte, i) => key[i] === byte);
}

function sharedBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return a.subarray(0, length);
}
