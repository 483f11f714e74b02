/**
 * Writes the operations of a batch to the request buffer, in the format of an `EncodedBatch`.
 *
 * @module
 */

import type { StoredOperation } from "../backend.ts";
import { sizeOfAll } from "../bytes.ts";
import { HEADER_BYTES, NO_VALUE } from "../encoded_batch.ts";

/** How many bytes {@linkcode writeAll} takes. */
export function writtenBytes(operations: readonly StoredOperation[]): number {
  return sizeOfAll(operations) + operations.length * HEADER_BYTES;
}

/** Writes the operations to `target` at `at`. */
export function writeAll(operations: readonly StoredOperation[], target: Uint8Array, at: number): void {
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
