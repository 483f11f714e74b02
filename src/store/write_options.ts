/**
 * The options of writes: when values expire, and whether a promise waits until the write is durable.
 *
 * @module
 */

import type { CommitOptions, ExpiryOptions, PutOptions, WriteOptions } from "../api/writes.ts";
import { clock } from "../clock.ts";
import { MAX_TTL_MS } from "../limits.ts";
import { OptionNames, wrongType } from "../options.ts";

const EXPIRY_OPTIONS = new OptionNames<ExpiryOptions>({ ttl: true }, { example: "{ ttl: 60_000 }" });
const PUT_OPTIONS = new OptionNames<PutOptions>({ ttl: true, durable: true }, { example: "{ ttl: 60_000 }" });
const WRITE_OPTIONS = new OptionNames<WriteOptions>({ durable: true }, { example: "{ durable: false }" });
const COMMIT_OPTIONS = new OptionNames<CommitOptions>({ checks: true, durable: true }, { example: "{ checks }" });

/**
 * When a value that is put now expires, in milliseconds since 1970; 0 for never. Throws `TypeError` or `RangeError` for
 * wrong options.
 */
export function putExpiry(options: PutOptions | undefined): number {
  if (options === undefined) return 0;
  const { ttl, durable } = PUT_OPTIONS.read(options);
  checkDurable(durable);
  return expiryAfter(ttl);
}

/** When a value that a transaction puts now expires, in milliseconds since 1970; 0 for never. */
export function expiryOf(options: ExpiryOptions | undefined): number {
  return expiryAfter(EXPIRY_OPTIONS.read(options).ttl);
}

/** Throws `TypeError` for wrong options of a write. */
export function checkWriteOptions(options: WriteOptions | undefined): void {
  if (options !== undefined) checkDurable(WRITE_OPTIONS.read(options).durable);
}

/** The options of a commit. Throws `TypeError` for wrong ones. Does not look at the checks. */
export function readCommitOptions(options: CommitOptions | undefined): CommitOptions {
  const read = COMMIT_OPTIONS.read(options);
  checkDurable(read.durable);
  return read;
}

/** Throws `TypeError` unless the option is a boolean or `undefined`. */
export function checkDurable(durable: boolean | undefined): void {
  if (durable !== undefined && typeof durable !== "boolean") wrongType("durable", durable, "a boolean");
}

/**
 * When a value with this `ttl` in milliseconds expires, counted from now; 0, for never, without a `ttl` and for an
 * infinite one.
 */
export function expiryAfter(ttl: number | undefined): number {
  if (ttl === undefined || ttl === Number.POSITIVE_INFINITY) return 0;
  if (typeof ttl !== "number") wrongType("ttl", ttl, "a number");
  if (!(ttl > 0 && ttl <= MAX_TTL_MS)) {
    throw new RangeError(
      `Wrong option 'ttl': expected milliseconds above 0 and up to ${MAX_TTL_MS}, or Infinity, got ${ttl}`,
    );
  }
  return Math.ceil(clock.now() + ttl);
}
