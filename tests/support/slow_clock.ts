/**
 * Time that does not depend on how fast the machine is.
 *
 * @module
 */

import { clock } from "../../src/clock.ts";

/** A clock on which everything takes long: until it is disposed, stores let the event loop turn wherever they can. */
export function slowClock(): Disposable {
  const real = clock.monotonic;
  let nowMs = real();
  clock.monotonic = () => {
    nowMs += 1000;
    return nowMs;
  };
  return {
    [Symbol.dispose]: () => {
      // It never goes back.
      const aheadMs = nowMs - real();
      clock.monotonic = () => real() + aheadMs;
    },
  };
}
