/**
 * The errors of what only the owner can do, or of what ended with it.
 *
 * @module
 */

import { StoreError } from "../errors.ts";

/** The error of a call that cannot wait for another process. */
export function notOwner(what: string): StoreError {
  return new StoreError(
    "NOT_OWNER",
    `Cannot ${what}: another process owns the store; use the form that returns a promise`,
  );
}

/** The error of a call that cannot go on at another owner. */
export function ownerLost(what: string, why = "the owner of the store ended meanwhile; begin again"): StoreError {
  return new StoreError("OWNER_LOST", `Cannot ${what}: ${why}`);
}
