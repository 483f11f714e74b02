/**
 * Compares what was counted with its limit.
 *
 * @module
 */

import assert from "node:assert/strict";
import { LIMITS, type Limited } from "./limits.ts";

/** Fails when a figure is above its limit, or is none. */
export function within(name: Limited, counted: number): void {
  const limit = LIMITS[name];
  assert.ok(counted <= limit, `${name} grew to ${counted}: ${limit} at most, see tests/guard/limits.ts`);
}
