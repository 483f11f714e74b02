/**
 * Error codes for the status of a failed call.
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

/** The error code of a failed call. A status that correct code never sees is a fault of the engine. */
export function codeOf(status: number): StoreErrorCode {
  return CODES[status] ?? "ENGINE_TRAP";
}

/** sled panics if its files are impossible. It may notice a foreign snapshot only during a read of the tree. */
const INDEX_PLACE = /\/sled-[\d.]+\/src\//;

/** Whether a panic's message says that a file of the index is damaged. */
export function isOfIndex(panic: string): boolean {
  return INDEX_PLACE.test(panic);
}
