/**
 * Compares a count with its limit.
 *
 * @module
 */

import assert from "node:assert/strict";
import { LIMITS, type Limited } from "./limits.ts";

/** Fails if a figure is above its limit, or is no number. */
export function within(name: Limited, counted: number): void {
  const limit = LIMITS[name];
  assert.ok(counted <= limit, `${name} grew to ${counted}: ${limit} at most, see tests/guard/limits.ts`);
}
