/**
 * Time that does not depend on how fast the machine is.
 *
 * @module
 */

/** A clock on which everything takes long: until it is disposed, stores let the event loop turn wherever they can. */
export function slowClock(): Disposable {
  const real = performance.now;
  let nowMs = real.call(performance);
  performance.now = () => {
    nowMs += 1000;
    return nowMs;
  };
  return {
    [Symbol.dispose]: () => {
      performance.now = real;
    },
  };
}
