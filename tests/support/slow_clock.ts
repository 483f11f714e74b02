/**
 * A clock that does not depend on the speed of the machine.
 *
 * @module
 */

import { clock } from "../../src/clock.ts";

/** A clock on which everything takes long. Until it is disposed, stores let the event loop turn wherever they can. */
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
