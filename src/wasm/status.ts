/**
 * The error code of a call that failed.
 *
 * @module
 */

import type { StoreErrorCode } from "../api/errors.ts";
import { Status } from "./interface.ts";

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
