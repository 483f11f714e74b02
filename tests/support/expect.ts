/**
 * Expectations of tests about errors and bytes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { StoreError, type StoreErrorCode } from "../../mod.ts";

const decoder = new TextDecoder();

/** A value as text. */
export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && decoder.decode(bytes);
}

/** Accepts a `StoreError` with this code if its message contains `part`. */
export function storeError(code: StoreErrorCode, part: string | RegExp = ""): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreError, `expected a StoreError ${code}, got ${String(error)}`);
    assert.equal(error.code, code, error.message);
    assertHas(error.message, part);
    return true;
  };
}

/** Accepts a bare error of this type if its message contains `part`. */
export function misuse(type: typeof TypeError | typeof RangeError, part: string | RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof type, `expected a ${type.name}, got ${String(error)}`);
    assertHas(error.message, part);
    return true;
  };
}

function assertHas(message: string, part: string | RegExp): void {
  const found = typeof part === "string" ? message.includes(part) : part.test(message);
  assert.ok(found, `expected ${part} in the message '${message}'`);
}
