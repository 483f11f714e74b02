/**
 * Takes the place of `node:timers/promises` in a browser.
 *
 * @module
 */

import { setImmediate as soon } from "./timers.ts";

/** Settles in the next turn. */
export function setImmediate(): Promise<void> {
  return new Promise((resolve) => soon(resolve));
}
