/**
 * Operations as the engine's `luge_batch` takes them: as an `EncodedBatch` has them. For `luge_restore` the version stands behind
 * the expiry, an f64, too.
 *
 * @module
 */

import type { StoredChange, StoredOperation } from "../backend.ts";
import { sizeOfAll } from "../bytes.ts";
import { HEADER_BYTES, NO_VALUE } from "../encoded_batch.ts";

/** Of an entry that is restored, which has a version, too. */
const RESTORED_HEADER_BYTES = 24;

/** What crosses: an operation of a batch, or an entry that is restored. */
type Written = StoredOperation & Partial<Pick<StoredChange, "version">>;

/** How many bytes {@linkcode writeAll} takes. */
export function writtenBytes(entries: readonly Written[]): number {
  return sizeOfAll(entries) + entries.length * headerBytes(entries);
}

/** Writes them to `target`, from `at` on. */
export function writeAll(entries: readonly Written[], target: Uint8Array, at: number): void {
  const view = new DataView(target.buffer, target.byteOffset);
  const header = headerBytes(entries);
  let next = at;
  for (const { key, value, expiresMs, version } of entries) {
    view.setUint32(next, key.length, true);
    view.setUint32(next + 4, value ? value.length : NO_VALUE, true);
    view.setFloat64(next + 8, expiresMs, true);
    if (version !== undefined) view.setFloat64(next + 16, version, true);
    target.set(key, next + header);
    next += header + key.length;
    if (value) target.set(value, next);
    next += value?.length ?? 0;
  }
}

/** All have a version, or none. */
function headerBytes([first]: readonly Written[]): number {
  return first?.version === undefined ? HEADER_BYTES : RESTORED_HEADER_BYTES;
}
