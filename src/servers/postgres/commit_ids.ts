/**
 * The ids of commits. They are in the order of their time, so that old ones are found without an index of their own.
 *
 * @module
 */

/** Bytes of the time in an id, and of all of it. */
const TIME_BYTES = 6;
const ID_BYTES = 16;

/** An id that nobody else has: the time, and random bytes. */
export function newId(nowMs: number): Uint8Array {
  const id = firstIdAt(nowMs);
  crypto.getRandomValues(id.subarray(TIME_BYTES));
  return id;
}

/** Is before all ids of a time, and after all earlier ones. */
export function firstIdAt(nowMs: number): Uint8Array<ArrayBuffer> {
  const id = new Uint8Array(ID_BYTES);
  let rest = Math.max(0, Math.floor(nowMs));
  for (let i = TIME_BYTES - 1; i >= 0; i--) {
    id[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return id;
}
