/**
 * The status codes of the engine's exports, as `engine/src/status.rs` has them (a test compares the two).
 *
 * @module
 */

import type { StoreErrorCode } from "../api/errors.ts";

/** What became of a call. */
export const Status = {
  Ok: 0,
  NotFound: 1,
  More: 2,
  Streamed: 3,
  InvalidRequest: 16,
  NotOpen: 17,
  AlreadyOpen: 18,
  Reentrant: 19,
  Io: 32,
  Corrupt: 33,
  Unsupported: 34,
  OutOfMemory: 35,
} as const;

const CODES: Readonly<Record<number, StoreErrorCode>> = {
  [Status.Io]: "IO_ERROR",
  [Status.Corrupt]: "STORE_CORRUPT",
  [Status.Unsupported]: "FORMAT_UNSUPPORTED",
  [Status.OutOfMemory]: "OUT_OF_MEMORY",
};

/** The error code for a failed call; a status that correct code never sees is the engine's own fault. */
export function codeOf(status: number): StoreErrorCode {
  return CODES[status] ?? "ENGINE_TRAP";
}

/** sled stops where its files, or what it made of them, cannot be: a foreign snapshot shows as late as in a read of the tree. */
const INDEX_PLACE = /\/sled-[\d.]+\/src\//;

/** Whether the message of a panic says that a file of the index is damaged. */
export function isOfIndex(panic: string): boolean {
  return INDEX_PLACE.test(panic);
}
