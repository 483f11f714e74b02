/**
 * The errors that a store reports. Misuse (a wrong type, a key over the limit) is a bare `TypeError` or `RangeError`. A
 * failure that can happen to correct code is a {@linkcode StoreError} with a stable `code`.
 *
 * @module
 */

import type { StoreErrorCode } from "./api/errors.ts";

/** All copies of this module in one process mark their errors with this symbol. */
const BRAND = Symbol.for("@luge/luge.StoreError");

/**
 * An operational failure: the call was correct, but the store, the disk or the engine could not do it.
 *
 * `instanceof StoreError` also accepts the errors of another copy of this module in the same process, such as the
 * CommonJS form beside the ESM form, or a copy that a bundler made.
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
  /** The kind of failure. It is stable across releases: compare this, never the message. */
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

/** The `IO_ERROR` of a call that was refused before it changed anything. The store is as it was before. */
export class RefusedError extends StoreError {}

/** The answer of `instanceof`. A subclass that a caller defines accepts only its own instances. */
function isInstance(this: unknown, value: unknown): boolean {
  if (this !== StoreError) return Function.prototype[Symbol.hasInstance].call(this, value);
  return typeof value === "object" && value !== null && BRAND in value;
}
