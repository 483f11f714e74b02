/**
 * A batch as the engine's `luge_batch` takes it: for each operation `[key length u32][value length u32, or NO_VALUE]
 * [expiry in ms f64][key][value]`, little endian.
 *
 * @module
 */

import type { StoredChange, StoredOperation } from "../backend.ts";

/** The length of a value that is not there. */
export const NO_VALUE = 0xffffffff;

/** The length of a value that does not come with a page. */
export const LARGE_VALUE = 0xfffffffe;

const HEADER_BYTES = 16;
const RESTORED_HEADER_BYTES = 24;

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

/** How many bytes {@linkcode writeRestored} takes. */
export function restoredBytes(entries: readonly StoredChange[]): number {
  let bytes = 0;
  for (const { key, value } of entries) bytes += RESTORED_HEADER_BYTES + key.length + (value?.length ?? 0);
  return bytes;
}

/** Writes entries as `luge_restore` takes them: as operations, with the version, an f64, behind the expiry. */
export function writeRestored(entries: readonly StoredChange[], target: Uint8Array, at: number): void {
  const view = new DataView(target.buffer, target.byteOffset);
  let next = at;
  for (const { key, value, version, expiresMs } of entries) {
    view.setUint32(next, key.length, true);
    view.setUint32(next + 4, value ? value.length : NO_VALUE, true);
    view.setFloat64(next + 8, expiresMs, true);
    view.setFloat64(next + 16, version, true);
    target.set(key, next + RESTORED_HEADER_BYTES);
    next += RESTORED_HEADER_BYTES + key.length;
    if (value) target.set(value, next);
    next += value?.length ?? 0;
  }
}
