/**
 * When values expire.
 *
 * @module
 */

import type { PutOptions } from "../api/writes.ts";
import { clock } from "../clock.ts";
import { MAX_TTL_MS } from "../limits.ts";
import { OptionNames, wrongType } from "../options.ts";

const PUT_OPTIONS = new OptionNames<PutOptions>({ ttl: true }, { example: "{ ttl: 60_000 }" });

/** When a value that is put now expires, in milliseconds since 1970; 0 for never. */
export function expiryOf(options: PutOptions | undefined): number {
  return options === undefined ? 0 : expiryAfter(PUT_OPTIONS.read(options).ttl);
}

/** When a value with this `ttl` in milliseconds expires, counted from now; 0, for never, without a `ttl`. */
export function expiryAfter(ttl: number | undefined): number {
  if (ttl === undefined) return 0;
  if (typeof ttl !== "number") wrongType("ttl", ttl, "a number");
  if (!(ttl > 0 && ttl <= MAX_TTL_MS)) {
    throw new RangeError(`Wrong option 'ttl': expected milliseconds above 0 and up to ${MAX_TTL_MS}, got ${ttl}`);
  }
  return Math.ceil(clock.now() + ttl);
}
