/**
 * Errors of stores whose data another process or a server has.
 *
 * @module
 */

/** The error of an `update` whose function wrote. */
export function wroteInside(): TypeError {
  return new TypeError("Cannot update: the function wrote to the store; expected one that only returns a value");
}
