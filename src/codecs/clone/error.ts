/**
 * The error for values that cannot be cloned.
 *
 * @module
 */

/**
 * A value cannot be cloned. Its `name` is `DataCloneError`, as for `structuredClone`.
 *
 * @example
 * ```ts
 * import { CloneError, cloneCodec } from "@luge/luge/codecs";
 * import assert from "node:assert/strict";
 *
 * const refuses = () => cloneCodec().encode({ user: [{ greet: () => "hello" }] });
 * assert.throws(refuses, (error) => error instanceof CloneError && error.path === "value.user[0].greet");
 * ```
 */
export class CloneError extends TypeError {
  /** The path to the value, such as `value.user[0].greet`. */
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

// The build of the package shortens class names.
Object.defineProperty(CloneError, "name", { value: "CloneError" });
Object.defineProperty(CloneError.prototype, "name", { value: "DataCloneError", configurable: true, writable: true });
