/**
 * Values, versions and expiries of a page.
 *
 * @module
 */

import { VERSIONED_HEADER_BYTES } from "./interface.ts";
import { guard } from "./owned_bytes.ts";

/**
 * Views of the values that lie back to back in `bytes` from `at`. The table of the page, `words`, has a row of `stride`
 * words for each entry. The second word is the length of its value.
 */
export function viewsOf(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  words: Uint32Array,
  stride: number,
): Uint8Array<ArrayBuffer>[] {
  const values = new Array<Uint8Array<ArrayBuffer>>(words.length / stride);
  // V8 looks up the buffer of a view at each access.
  const { buffer } = bytes;
  guard(buffer);
  for (let i = 0, next = at; i < values.length; i++) {
    const length = words[i * stride + 1] as number;
    values[i] = new Uint8Array(buffer, next, length);
    next += length;
  }
  return values;
}

/** As {@linkcode viewsOf}, but each value is a copy in its own buffer. */
export function copiesOf(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  words: Uint32Array,
  stride: number,
): Uint8Array<ArrayBuffer>[] {
  const values = new Array<Uint8Array<ArrayBuffer>>(words.length / stride);
  for (let i = 0, next = at; i < values.length; i++) {
    const length = words[i * stride + 1] as number;
    values[i] = bytes.slice(next, next + length);
    next += length;
  }
  return values;
}

/** The versions and expiries in the table of a page with `count` entries, which `bytes` begins with. */
export function versionsOf(
  { buffer }: Uint8Array<ArrayBuffer>,
  count: number,
): { versions: number[]; expiries: number[] } {
  const numbers = new Float64Array(buffer, 0, (count * VERSIONED_HEADER_BYTES) / 8);
  const [versions, expiries]: [number[], number[]] = [[], []];
  for (let i = 0; i < numbers.length; i += 3) {
    versions.push(numbers[i + 1] as number);
    expiries.push(numbers[i + 2] as number);
  }
  return { versions, expiries };
}
