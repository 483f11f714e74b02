/**
 * What a panic of the engine means.
 *
 * @module
 */

/** Where sled stops at what it finds in its files, or at writing what it made of that. */
const INDEX_PLACE = /\/sled-[\d.]+\/src\/(?:pagecache\/|serialization\.rs)/;

/** Whether the message of a panic says that a file of the index is damaged. */
export function isOfIndex(panic: string): boolean {
  return INDEX_PLACE.test(panic);
}
