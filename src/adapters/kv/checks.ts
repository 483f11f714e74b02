/**
 * Checks of what callers pass. Messages and types of errors are Deno's.
 *
 * @module
 */

import { MAX_TTL_MS } from "../../limits.ts";
import type { KvEnqueueOptions, KvReadOptions } from "./types.ts";

/** The longest delay of a message. */
const MAX_DELAY_MS = 30 * 24 * 60 * 60 * 1000;
const MAX_RETRIES = 5;
const MAX_RETRY_MS = 60 * 60 * 1000;

/** Throws `TypeError` unless it is a number of milliseconds in which a value may expire. */
export function checkExpireIn(expireIn: number | undefined): void {
  if (expireIn === undefined) return;
  if (!Number.isInteger(expireIn) || expireIn < 0) {
    throw new TypeError(`expireIn must be a non-negative integer: received ${expireIn}`);
  }
  if (expireIn > MAX_TTL_MS) throw new TypeError(`Invalid mutation: expireIn is too large: ${expireIn}`);
}

/** Throws `TypeError` for wrong options of a message. */
export function checkEnqueue({ delay, backoffSchedule }: KvEnqueueOptions): void {
  if (delay !== undefined) {
    if (delay < 0) throw new TypeError(`Delay must be >= 0: received ${delay}`);
    if (delay > MAX_DELAY_MS) throw new TypeError(`Delay cannot be greater than 30 days: received ${delay}`);
    if (typeof delay !== "number" || Number.isNaN(delay)) throw new TypeError("Delay cannot be NaN");
  }
  if (backoffSchedule === undefined) return;
  if (!Array.isArray(backoffSchedule) || backoffSchedule.length > MAX_RETRIES) {
    throw new TypeError(`Invalid backoffSchedule, max ${MAX_RETRIES} intervals allowed`);
  }
  for (const [index, interval] of backoffSchedule.entries()) {
    if (typeof interval === "number" && interval >= 0 && interval <= MAX_RETRY_MS) continue;
    throw new TypeError(`Invalid backoffSchedule, interval at index ${index} is invalid`);
  }
}

/** Throws unless it is an integer above 0. Deno throws no `TypeError` here either. */
export function checkPositive(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value > 0)) return;
  throw new Error(`${name} must be a positive integer: received ${value}`);
}

/** Throws `TypeError` for a consistency that does not exist. */
export function checkConsistency(options: KvReadOptions | undefined): void {
  const consistency = options?.consistency ?? "strong";
  if (consistency === "strong" || consistency === "eventual") return;
  throw new TypeError(`Invalid consistency '${String(consistency)}': expected "strong" or "eventual"`);
}
