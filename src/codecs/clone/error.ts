/**
 * What is said of values that cannot be cloned.
 *
 * @module
 */

/**
 * A value cannot be cloned, as that of `structuredClone` with the same name.
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
  /** Where the value is, such as `value.user[0].greet`. */
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

// The package is written with short names.
Object.defineProperty(CloneError, "name", { value: "CloneError" });
Object.defineProperty(CloneError.prototype, "name", { value: "DataCloneError", configurable: true, writable: true });
