/**
 * What can fail.
 *
 * @module
 */

/**
 * Every value that {@linkcode StoreError.code} can have. docs/guide/15-troubleshooting.md lists each with its meaning
 * and remedy.
 *
 * @example
 * ```ts
 * import { StoreError, type StoreErrorCode } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const mayBeTriedAgain: ReadonlySet<StoreErrorCode> = new Set(["TRANSACTION_CONFLICT", "OUT_OF_MEMORY"]);
 * const error = new StoreError("TRANSACTION_CONFLICT", "busy");
 * assert.ok(mayBeTriedAgain.has(error.code));
 * ```
 */
export type StoreErrorCode =
  | "STORE_CLOSED"
  | "STORE_FAILED"
  | "STORE_LOCKED"
  | "NOT_OWNER"
  | "OWNER_LOST"
  | "STORE_UNREACHABLE"
  | "OUTCOME_UNKNOWN"
  | "ACCESS_DENIED"
  | "PROTOCOL_UNSUPPORTED"
  | "ADDRESS_UNAVAILABLE"
  | "LOCK_LOST"
  | "STORE_READ_ONLY"
  | "VERSION_GONE"
  | "BACKUP_INVALID"
  | "BACKUP_MISMATCH"
  | "STORE_BUSY"
  | "STORE_RESTORING"
  | "TRANSACTION_CONFLICT"
  | "TRANSACTION_ENDED"
  | "STORE_CORRUPT"
  | "NOT_A_STORE"
  | "STORE_EXISTS"
  | "FORMAT_UNSUPPORTED"
  | "PATH_NOT_DIRECTORY"
  | "PATH_UNAVAILABLE"
  | "IO_ERROR"
  | "OUT_OF_MEMORY"
  | "ENGINE_UNAVAILABLE"
  | "ENGINE_INCOMPATIBLE"
  | "ENGINE_TRAP";
