/**
 * A batch as the engine's `luge_batch` takes it: for each operation `[key length u32][value length u32, or NO_VALUE]
 * [expiry in ms f64][key][value]`, little endian.
 *
 * @module
 */

import type { StoredOperation } from "../backend.ts";

/** The length of a value that is not there. */
export const NO_VALUE = 0xffffffff;

const HEADER_BYTES = 16;

/** How many bytes {@linkcode writeOperations} takes. */
export function operationsBytes(operations: readonly StoredOperation[]): number {
  let bytes = 0;
  for (const { key, value } of operations) bytes += HEADER_BYTES + key.length + (value?.length ?? 0);
  return bytes;
}

/** Writes the operations into `target` from `at` on. */
export function writeOperations(operations: readonly StoredOperation[], target: Uint8Array, at: number): void {
  const view = new DataView(target.buffer, target.byteOffset);
  let next = at;
  for (const { key, value, expiresMs } of operations) {
    view.setUint32(next, key.length, true);
    view.setUint32(next + 4, value ? value.length : NO_VALUE, true);
    view.setFloat64(next + 8, expiresMs, true);
    target.set(key, next + HEADER_BYTES);
    next += HEADER_BYTES + key.length;
    if (value) target.set(value, next);
    next += value?.length ?? 0;
  }
}
