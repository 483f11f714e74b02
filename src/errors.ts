/**
 * The errors a store reports. Misuse (a wrong type, a key over the limit) is a bare `TypeError` or `RangeError`; what
 * can happen to correct code is a {@linkcode StoreError} with a stable `code`.
 *
 * @module
 */

import { isErrorLike } from "./realm.ts";

/** What all copies of this module in one process mark their errors with. */
const BRAND = Symbol.for("@luge/luge.StoreError");

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
  | "FORMAT_UNSUPPORTED"
  | "PATH_NOT_DIRECTORY"
  | "PATH_UNAVAILABLE"
  | "IO_ERROR"
  | "OUT_OF_MEMORY"
  | "ENGINE_UNAVAILABLE"
  | "ENGINE_INCOMPATIBLE"
  | "ENGINE_TRAP";

/**
 * An operational failure: the call was right, but the store, the disk or the engine could not do it.
 *
 * `instanceof StoreError` also accepts the errors of another copy of this module in the same process: of the CommonJS
 * form beside the ESM form, or of a copy that a bundler made.
 *
 * @example
 * ```ts
 * import { MemoryStore, StoreError } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.close();
 * await assert.rejects(store.get("key"), (error) => error instanceof StoreError && error.code === "STORE_CLOSED");
 * ```
 */
export class StoreError extends Error {
  /** Always `"StoreError"`. */
  override readonly name = "StoreError";
  /** The kind of failure, stable across releases: compare this, never the message. */
  readonly code: StoreErrorCode;
  /** With `VERSION_GONE` from a watch: the store has all changes after this version. */
  readonly version: number | undefined;

  static {
    Object.defineProperty(StoreError.prototype, BRAND, { value: true });
    Object.defineProperty(StoreError, Symbol.hasInstance, { value: isInstance });
  }

  /** `options.cause` is the error that caused this one. */
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions & { readonly version?: number }) {
    super(message, options);
    this.code = code;
    this.version = options?.version;
  }
}

/** The `IO_ERROR` of a call that was refused before it changed anything: the store is as it was. */
export class RefusedError extends StoreError {
  readonly isRefused = true;
}

/** What `instanceof` asks. A subclass, of a caller's, has only what it made itself. */
function isInstance(this: unknown, value: unknown): boolean {
  if (this !== StoreError) return Function.prototype[Symbol.hasInstance].call(this, value);
  return typeof value === "object" && value !== null && BRAND in value;
}

/** What went wrong, in words, whatever was thrown. */
export function messageOf(error: unknown): string {
  return isErrorLike(error) ? error.message : String(error);
}
