/**
 * Writes the operations of a batch to the request buffer, in the format of an `EncodedBatch`.
 *
 * @module
 */

import type { StoredOperation } from "../backend.ts";
import { sizeOfAll } from "../bytes.ts";
import { HEADER_BYTES, writeHeader } from "../encoded_batch.ts";

/** How many bytes {@linkcode writeAll} takes. */
export function writtenBytes(operations: readonly StoredOperation[]): number {
  return sizeOfAll(operations) + operations.length * HEADER_BYTES;
}

/** Writes the operations to `target` at `at`. */
export function writeAll(operations: readonly StoredOperation[], target: Uint8Array, at: number): void {
  const view = new DataView(target.buffer, target.byteOffset);
  let next = at;
  for (const { key, value, expiresMs, merge } of operations) {
    writeHeader(view, next, key.length, value, expiresMs, merge);
    target.set(key, next + HEADER_BYTES);
    next += HEADER_BYTES + key.length;
    if (value) target.set(value, next);
    next += value?.length ?? 0;
  }
}
